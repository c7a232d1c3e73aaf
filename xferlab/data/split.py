"""One split of a domain: the arrays, the checks that they pass, the stratified cut in two.

Inputs are kept in the forms of `xferlab.data.clean_inputs`. Classes are int32 [n]; other labels are
in `xferlab.data.labels`. Arrays become read-only, because a domain's fingerprint is computed once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import numpy as np

from xferlab.core.checks import whole_number
from xferlab.core.errors import InputError
from xferlab.core.heads import Head, Labels, describe_heads
from xferlab.core.inputs import Inputs, StoredRows
from xferlab.core.optional import require
from xferlab.data.clean_inputs import clean_inputs
from xferlab.data.entrance import fraction
from xferlab.data.labels import (
    all_missing,
    clean_classes,
    clean_values,
    missing_marked,
    part_masked,
)


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
        origin: what predictions call each example, [n]: its number among the rows that the user
            gave, or the name of its file; None: its number here.
    """

    inputs: Inputs
    labels: np.ndarray
    known: np.ndarray | None = None
    others: tuple[Labels, ...] = ()
    origin: np.ndarray | None = None

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
        taken = jax.tree.map(lambda array: array[rows], self)
        return dataclasses.replace(taken, origin=self.row_names[rows])

    @property
    def row_names(self) -> np.ndarray:
        """What predictions call the examples, [n]."""
        return np.arange(len(self.labels)) if self.origin is None else self.origin

    @property
    def unlabelled(self) -> bool:
        """Whether no example has a known class."""
        return self.known is not None and not self.known.any()


jax.tree_util.register_dataclass(Split, ["inputs", "labels", "known", "others"], ["origin"])


def clean_split(split: Split, where: str, others: Sequence[Head] = ()) -> Split:
    """Returns the split in the forms above, after every check that needs no class names.

    Args:
        split: arrays (or nested sequences, or sparse matrices) as the user gave them: a pair of
            inputs and classes, or a `Split`. Classes of None are all missing.
        where: the beginning of an error message, such as "domain 'usps', split 'train'".
        others: the heads behind the first one.

    Raises:
        InputError: empty, unequal lengths, a dtype or shape that is not allowed, NaN or infinity
            in the inputs, values that float32 cannot tell apart, labels that are not integers; see
            `xferlab.data.labels.clean_values` for other heads.
    """
    inputs, given, beside = _parts(split, where)
    inputs = clean_inputs(inputs, where)
    values, known = part_masked(all_missing(len(inputs)) if given is None else given)
    labels = clean_classes(values, where)
    if len(inputs) != len(labels):
        raise InputError(
            f"{where}: {len(inputs)} inputs but {len(labels)} labels. Each input needs exactly "
            "one label; check that both arrays come from the same examples in the same order."
        )
    labels, known = missing_marked(Labels(labels, known))
    if len(beside) != len(others):
        raise InputError(
            f"{where}: labels for {len(beside)} heads beside the classes, where there are"
            f" {len(others)}: {describe_heads(others) or 'none'}. Give Split(inputs, classes,"
            " others=(...)) with one array for each, in their order"
        )
    pairs = zip(beside, others, strict=True)
    cleaned = tuple(clean_values(each, head, len(inputs), where) for each, head in pairs)
    origin = split.origin if isinstance(split, Split) else None
    return _read_only(Split(inputs, labels, known, cleaned, origin))


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
