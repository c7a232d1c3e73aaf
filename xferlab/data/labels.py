"""Labels of every kind in the form in which they are kept, and which of them are missing.

A missing label is masked (`np.ma.masked_array`), or NaN among numbers and labels; `Labels` with
`known` says the same of arrays that are cleaned already.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from xferlab.core.errors import InputError
from xferlab.core.heads import Head, Labels
from xferlab.data.entrance import as_array

MISSING = -1
"""Stands where a class is missing, so that it is taken for no class by mistake."""


def part_masked(labels: Any) -> tuple[Any, np.ndarray | None]:
    """Returns labels without their mask, and which are known: None for all.

    An example of several values is known where all of them are.
    """
    if isinstance(labels, Labels):
        return labels
    if not isinstance(labels, np.ma.MaskedArray) or not np.ma.is_masked(labels):
        return labels, None
    mask = np.ma.getmaskarray(labels)
    return np.ma.getdata(labels), np.asarray(~mask.reshape(len(mask), -1).any(axis=1))


def all_missing(count: int) -> np.ma.MaskedArray:
    """Returns the classes of as many examples, all of them missing."""
    return np.ma.masked_array(np.full(count, MISSING, np.int32), True)


def is_all_missing(labels: object) -> bool:
    """Tells whether each of some labels says that it is missing: None, all masked, or all -1."""
    if labels is None:
        return True
    if isinstance(labels, np.ma.MaskedArray):
        return labels.size > 0 and bool(np.ma.getmaskarray(labels).all())
    values = np.asarray(labels) if isinstance(labels, list | tuple | np.ndarray) else None
    whole = values is not None and values.size and values.dtype.kind == "i"
    return bool(whole and (values == MISSING).all())


def integer_labels(labels: Any, where: str) -> np.ndarray:
    """Returns labels [n] as they are. Raises InputError unless they are integers in one axis."""
    labels = as_array(labels, f"{where}: labels")
    if labels.dtype.kind not in "ui" or labels.ndim != 1:
        raise InputError(
            f"{where}: labels have dtype {labels.dtype} and shape {labels.shape}. Allowed: "
            "integers from 0, of shape [n]; turn names into integers by "
            "np.unique(labels, return_inverse=True), one-hot rows by labels.argmax(axis=1), a "
            "column by labels.ravel(), truth values and whole floats by labels.astype(int)."
        )
    return labels


def clean_classes(labels: Any, where: str) -> np.ndarray:
    """Returns int32 labels [n] if they are integers in one axis."""
    labels = integer_labels(labels, where)
    limit = np.iinfo(np.int32)  # Clipped, not wrapped: a huge label must stay out of range.
    return labels.clip(limit.min, limit.max).astype(np.int32) if labels.size else labels


def check_labels_in_range(
    labels: np.ndarray, num_classes: int, where: str, known: np.ndarray | None = None
) -> None:
    """Raises InputError for the first known label that is negative or not below `num_classes`."""
    out_of_range = (labels < 0) | (labels >= num_classes)
    bad = np.flatnonzero(out_of_range if known is None else out_of_range & known)
    if bad.size and not num_classes:
        raise InputError(
            f"{where}: there are labels, and class_names is empty. Give a name for each class, in"
            " the order of the labels; () is for examples of which no label is known"
        )
    if bad.size:
        raise InputError(
            f"{where}: label {labels[bad[0]]} at index {bad[0]} is out of range ({bad.size} such "
            f"labels). Allowed: 0 to {num_classes - 1}, one for each of {num_classes} class "
            "names; correct the labels or name every class."
        )


def clean_values(labels: Any, head: Head, count: int, where: str) -> Labels:
    """Returns the labels of a head beside the first one, checked and in their stored form.

    Args:
        labels: an array [n] or [n, size], perhaps masked, or `Labels`.
        head: what they are labels of.
        count: n.
        where: the beginning of an error message, such as "domain 'usps', split 'train'".

    Raises:
        InputError: another shape, values that are no numbers, classes out of range, labels other
            than 0 and 1, or infinite numbers.
    """
    where = f"{where}, head {head.name!r}"
    values, known = part_masked(labels)
    if head.kind == "classes":
        cleaned = clean_classes(values, where)
        _check_length(cleaned, count, where)
        check_labels_in_range(cleaned, head.size, where, known)
        return missing_marked(Labels(cleaned, known))
    array = as_array(values, f"{where}: labels")
    if array.dtype.kind not in "buif":
        raise InputError(f"{where}: labels have dtype {array.dtype}. Allowed: real numbers")
    with np.errstate(over="ignore"):
        array = np.asarray(array[:, None] if array.ndim == 1 else array, np.float32)
    _check_length(array, count, where)
    if array.shape[1:] != (head.size,):
        raise InputError(f"{where}: labels have shape {array.shape}. Allowed: [n, {head.size}]")
    present = ~np.isnan(array).any(axis=1)
    if known is not None:
        present &= known
    _check_numbers(array[present], head, where)
    known = None if present.all() else present
    return missing_marked(Labels(array, known))


def _check_length(labels: np.ndarray, count: int, where: str) -> None:
    if len(labels) != count:
        raise InputError(
            f"{where}: {len(labels)} labels for {count} inputs. Give a label for each input, masked"
            " where it is missing"
        )


def _check_numbers(values: np.ndarray, head: Head, where: str) -> None:
    """Raises InputError for infinite numbers, and for labels that are neither 0 nor 1."""
    if not np.isfinite(values).all():
        raise InputError(
            f"{where}: a label is {values[~np.isfinite(values)][0]}. Allowed: numbers within the"
            " range of float32, and NaN where one is missing"
        )
    if head.kind == "labels" and not np.isin(values, (0, 1)).all():
        wrong = values[~np.isin(values, (0, 1))][0]
        raise InputError(f"{where}: a label is {wrong}. Allowed: 1 where it is there, 0 where not")


def missing_marked(labels: Labels) -> Labels:
    """Returns labels with one value wherever they are missing: what stood there means nothing."""
    values, known = labels
    if known is None or known.all():
        return Labels(values)
    filler = MISSING if values.dtype.kind == "i" else 0.0
    shaped = known.reshape(-1, *[1] * (values.ndim - 1))
    return Labels(np.where(shaped, values, values.dtype.type(filler)), known)
