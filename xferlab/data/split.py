"""One split of a domain: the arrays, the checks that they pass, the stratified cut in two.

Inputs are kept in one of two forms. 8-bit images stay uint8 [n, h, w, c] with c 1 or 3; the
training step scales them to [-1, 1] (`feeds.scaling`). Everything else, of any rank of two or more,
is float32: other numbers (float64, integers that are not uint8, booleans) are converted.
Sparse matrices become `SparseRows`, which are dense only within a batch.
Classes are int32 [n]; other labels are in `xferlab.data.labels`. Arrays become read-only, because a
domain's fingerprint is computed once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import numpy as np
import scipy.sparse

from xferlab.core.checks import whole_number
from xferlab.core.errors import InputError
from xferlab.core.heads import Head, Labels, describe_heads
from xferlab.core.inputs import Inputs, Modalities
from xferlab.core.optional import require
from xferlab.core.sparse import SparseRows
from xferlab.core.stored import StoredRows
from xferlab.data.entrance import as_array, fraction
from xferlab.data.labels import clean_classes, clean_values, missing_marked, part_masked
from xferlab.data.precision import WHOLE, check_float32

IMAGE_CHANNELS = (1, 3)


@dataclasses.dataclass(frozen=True, eq=False)
class Split:
    """Examples and their labels.

    It unpacks into inputs and classes: most domains have no more.

    Attributes:
        inputs: uint8 images [n, h, w, c], float32 [n, ...], sparse rows [n, d], or `Modalities` of
            these.
        labels: int32 [n], each in [0, k): the classes, of the first head; -1 where one is missing.
        known: whose class is known, bool [n]; None: everybody's.
        others: the labels of the heads behind the first one.
    """

    inputs: Inputs
    labels: np.ndarray
    known: np.ndarray | None = None
    others: tuple[Labels, ...] = ()

    def __iter__(self) -> Iterator[Any]:
        """Yields inputs and classes."""
        yield self.inputs
        yield self.labels

    @property
    def by_head(self) -> tuple[Labels, ...]:
        """The labels under every head."""
        return (Labels(self.labels, self.known), *self.others)

    def take(self, rows: np.ndarray) -> Split:
        """Returns some of the examples."""
        return jax.tree.map(lambda array: array[rows], self)


jax.tree_util.register_dataclass(Split, ["inputs", "labels", "known", "others"], [])


def clean_split(split: Split, where: str, others: Sequence[Head] = ()) -> Split:
    """Returns the split in the forms above, after every check that needs no class names.

    Args:
        split: arrays (or nested sequences, or sparse matrices) as the user gave them: a pair of
            inputs and classes, or a `Split`.
        where: the beginning of an error message, such as "domain 'usps', split 'train'".
        others: the heads behind the first one.

    Raises:
        InputError: empty, unequal lengths, a dtype or shape that is not allowed, NaN or infinity
            in the inputs, values that float32 cannot tell apart, labels that are not integers,
            fewer than two classes; see `xferlab.data.labels.clean_values` for other heads.
    """
    inputs, given, beside = _parts(split, where)
    inputs = _clean_inputs(inputs, where)
    values, known = part_masked(given)
    labels = clean_classes(values, where)
    if len(inputs) != len(labels):
        raise InputError(
            f"{where}: {len(inputs)} inputs but {len(labels)} labels. Each input needs exactly "
            "one label; check that both arrays come from the same examples in the same order."
        )
    labels, known = missing_marked(Labels(labels, known))
    present = labels if known is None else labels[known]
    if not len(present):
        raise InputError(f"{where}: not a single class is known. Give some, of two classes or more")
    if (present == present[0]).all():
        raise InputError(
            f"{where}: all {len(present)} labels are {present[0]}. At least two classes must be "
            "present; a classifier of one class is always right and always useless."
        )
    if len(beside) != len(others):
        raise InputError(
            f"{where}: labels for {len(beside)} heads beside the classes, where there are"
            f" {len(others)}: {describe_heads(others) or 'none'}. Give Split(inputs, classes,"
            " others=(...)) with one array for each, in their order"
        )
    pairs = zip(beside, others, strict=True)
    cleaned = tuple(clean_values(each, head, len(inputs), where) for each, head in pairs)
    return _read_only(Split(inputs, labels, known, cleaned))


def _parts(split: Any, where: str) -> tuple[Any, Any, Sequence[Any]]:
    """Returns inputs, classes and the labels of other heads as they were given.

    Raises:
        InputError: it is neither a `Split` nor a pair.
    """
    if isinstance(split, Split):
        labels = split.labels if split.known is None else Labels(split.labels, split.known)
        return split.inputs, labels, split.others
    if not isinstance(split, tuple | list) or len(split) != 2:
        size = f" of {len(split)}" if isinstance(split, tuple | list) else ""
        raise InputError(
            f"{where}: {type(split).__qualname__}{size} in the place of inputs and labels. Allowed:"
            " a pair (inputs, labels)"
        )
    return split[0], split[1], ()


def is_sparse(inputs: Any) -> bool:
    """Tells whether inputs are sparse: SciPy's, or rows of ours."""
    return isinstance(inputs, SparseRows) or scipy.sparse.issparse(inputs)


def _clean_inputs(inputs: Inputs, where: str) -> Inputs:
    """Checks dtype, shape and values; returns uint8 images unchanged and the rest as float32."""
    if isinstance(inputs, Modalities):
        return _clean_modalities(inputs, where)
    if is_sparse(inputs):
        return _clean_sparse(inputs, where)
    if isinstance(inputs, StoredRows):
        return _check_stored(inputs, where)
    inputs = as_array(inputs, f"{where}: inputs")
    if inputs.dtype.kind not in "buif":
        raise InputError(
            f"{where}: inputs have dtype {inputs.dtype}. Allowed: uint8 images, or real numbers "
            "(stored as float32); encode text and categories as numbers first."
        )
    if len(inputs) == 0:
        raise InputError(
            f"{where}: no examples (inputs have shape {inputs.shape}). At least two are needed; "
            "check the file, the folder or the selection that they come from."
        )
    if inputs.dtype == np.uint8:
        return _check_image_shape(inputs, where)
    if inputs.ndim < 2 or 0 in inputs.shape:
        raise InputError(
            f"{where}: inputs have shape {inputs.shape}. Allowed: [n, d] or any [n, ...] without "
            "an empty axis; give single features as inputs[:, None]."
        )
    with np.errstate(over="ignore"):
        kept = _check_finite(np.asarray(inputs, np.float32), where)
    check_float32(inputs, where)
    return kept


def _clean_modalities(inputs: Modalities, where: str) -> Modalities:
    """Returns every part as it would be alone. Raises InputError for none, nested, unequal ones."""
    if not inputs.parts or any(isinstance(part, Modalities) for part in inputs.parts):
        what = "within Modalities" if inputs.parts else "of no part"
        raise InputError(f"{where}: Modalities {what}. Give one array for each kind of input")
    numbered = enumerate(inputs.parts, start=1)
    parts = [_clean_inputs(part, f"{where}, modality {place}") for place, part in numbered]
    lengths = [len(part) for part in parts]
    if len(set(lengths)) > 1:
        raise InputError(
            f"{where}: modalities of {', '.join(map(str, lengths))} examples. Each example needs"
            " an input of every kind, in the same order"
        )
    return Modalities(*parts)


def _clean_sparse(inputs: Inputs, where: str) -> SparseRows:
    """Returns a sparse matrix or sparse rows with float32 values and int32 columns."""
    if inputs.dtype.kind not in "buif" or 0 in inputs.shape or inputs.ndim != 2:
        raise InputError(
            f"{where}: sparse inputs of shape {inputs.shape} and dtype {inputs.dtype}. Allowed:"
            " real numbers [n, d], with at least one row and one column"
        )
    matrix = None
    if not isinstance(inputs, SparseRows):
        matrix = scipy.sparse.csr_array(inputs)
        with np.errstate(over="ignore"):
            inputs = SparseRows.from_scipy(matrix)
    indices = np.asarray(inputs.indices)
    if indices.size and not 0 <= indices.min() <= indices.max() < inputs.width:
        raise InputError(
            f"{where}: sparse rows name columns from {indices.min()} to {indices.max()}. Allowed: 0"
            f" to {inputs.width - 1}, by their width"
        )
    with np.errstate(over="ignore"):
        values = _check_finite(np.asarray(inputs.values, np.float32), where)
    if matrix is not None:
        _check_sparse_precision(matrix, where)
    return SparseRows(indices.astype(np.int32), values, inputs.width)


def _check_sparse_precision(matrix: Any, where: str) -> None:
    """Raises InputError if float32 merges values of a column (see `check_float32`)."""
    entries = matrix.tocoo()
    with np.errstate(over="ignore"):
        inexact = entries.data.astype(np.float32) != entries.data
    suspect = np.unique(entries.col[inexact & (abs(entries.data) > WHOLE / 2**14)])
    for column in suspect:
        check_float32(matrix[:, [column]].toarray(), f"{where}, column {column}")


def _check_stored(inputs: StoredRows, where: str) -> StoredRows:
    """Returns rows on disk whose form is that of images or of numbers; no value is looked at."""
    if inputs.dtype not in (np.uint8, np.float32) or 0 in inputs.shape or inputs.ndim < 2:
        raise InputError(
            f"{where}: rows on disk make {inputs.dtype} {inputs.shape}. Allowed: uint8 images"
            " [n, h, w, c] or float32 [n, ...] without an empty axis"
        )
    return _check_image_shape(inputs, where) if inputs.dtype == np.uint8 else inputs


def _check_image_shape(images: Any, where: str) -> Any:
    """Returns uint8 inputs if they are [n, h, w, c] with 1 or 3 channels."""
    if images.ndim != 4 or images.shape[-1] not in IMAGE_CHANNELS or 0 in images.shape:
        raise InputError(
            f"{where}: uint8 inputs have shape {images.shape}. Allowed: images [n, h, w, c] with "
            "c 1 or 3; add the channel axis by images[..., None], move it to the end, or convert "
            "what is no image to float32."
        )
    return images


def _check_finite(inputs: np.ndarray, where: str) -> np.ndarray:
    """Returns float inputs if none of their values is NaN or infinite."""
    finite = np.isfinite(inputs).reshape(len(inputs), -1).all(axis=1)
    if not finite.all():
        first = int(np.argmin(finite))
        values = inputs[first].ravel()
        raise InputError(
            f"{where}: the input at index {first} contains {values[~np.isfinite(values)][0]}; "
            f"{int((~finite).sum())} of {len(inputs)} inputs do. Allowed: finite values within "
            "the range of float32; remove these examples or fill in their values."
        )
    return inputs


def split_train_test(
    inputs: Inputs, labels: np.ndarray, *, test_fraction: float, seed: int
) -> dict[str, Split]:
    """Returns a random train and test split in which the classes keep their shares.

    A class that is so rare that the draw would leave it without an example on a side has one there.

    Args:
        inputs: [n, ...].
        labels: integers [n].
        test_fraction: the share of examples that is held out, in (0, 1).
        seed: of the random draw; the same seed gives the same split.

    Raises:
        InputError: the fraction is not in (0, 1), a seed that is none, a class with one example, or
            too few examples for one of each class on both sides.
    """
    selection = require("sklearn.model_selection", "scikit-learn")
    fraction(test_fraction, "test_fraction")
    seed = whole_number("seed", seed, least=0, most=2**32 - 1)
    try:
        train, test = selection.train_test_split(
            np.arange(len(labels)), test_size=test_fraction, stratify=labels, random_state=seed
        )
    except ValueError as error:
        raise InputError(
            f"cannot hold out {test_fraction} of {len(labels)} examples with every class on both "
            f"sides: {error} Give more examples, another test_fraction, or the test examples "
            "themselves."
        ) from error
    train, test = _with_one_of_each(train, test, labels), _with_one_of_each(test, train, labels)
    return {"train": Split(inputs[train], labels[train]), "test": Split(inputs[test], labels[test])}


def _with_one_of_each(side: np.ndarray, other: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Returns one side of a draw after the exchange that puts every class on both sides.

    Of a class that one side lacks, the first example of the other side (they are shuffled) moves.
    """

    def lacking(here: np.ndarray, there: np.ndarray) -> np.ndarray:
        classes, first = np.unique(labels[there], return_index=True)
        return there[first[~np.isin(classes, labels[here])]]

    given = lacking(other, side)
    return np.concatenate([side[~np.isin(side, given)], lacking(side, other)])


def _read_only(split: Split) -> Split:
    """Returns views that cannot be written through; the caller's own arrays stay writable."""

    def lock(array: Any) -> Any:
        if isinstance(array, StoredRows):
            return array
        view = array.view()
        view.flags.writeable = False
        return view

    return jax.tree.map(lock, split)
