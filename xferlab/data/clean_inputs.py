"""The inputs of a split: their forms, and the checks that each of them passes.

8-bit images stay uint8 [n, h, w, c] with c 1 or 3; the training step scales them to [-1, 1]
(`feeds.scaling`). Everything else, of any rank of two or more, is float32: other numbers (float64,
integers that are not uint8, booleans) are converted. Sparse matrices become `SparseRows`, which are
dense only within a batch. `StoredRows` stay on disk.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse

from xferlab.core.errors import InputError
from xferlab.core.inputs import Inputs, Modalities, StoredRows
from xferlab.core.sparse import SparseRows
from xferlab.data.entrance import as_array
from xferlab.data.precision import WHOLE, check_float32

IMAGE_CHANNELS = (1, 3)


def is_sparse(inputs: Any) -> bool:
    """Tells whether inputs are sparse: SciPy's, or rows of ours."""
    return isinstance(inputs, SparseRows) or scipy.sparse.issparse(inputs)


def clean_inputs(inputs: Inputs, where: str) -> Inputs:
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
    parts = [clean_inputs(part, f"{where}, modality {place}") for place, part in numbered]
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
