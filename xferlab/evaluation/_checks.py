"""How evaluation takes arrays in: what cannot be scored is refused with a message."""

from __future__ import annotations

from typing import Any

import numpy as np

from xferlab.core.errors import InputError


def check_matrix(name: str, array: np.ndarray) -> None:
    """Checks that an array is a finite floating-point matrix with at least one row and column.

    Args:
        name: what the message calls the array.
        array: the array, [n, ...].

    Raises:
        InputError: it is not.
    """
    if array.ndim != 2 or 0 in array.shape or array.dtype.kind != "f":
        raise InputError(
            f"{name}: expected a floating-point matrix with at least one row and one column, got "
            f"{array.dtype} {array.shape}."
        )
    bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
    if bad.size:
        raise InputError(
            f"{name}: {bad.size} of {len(array)} rows are not finite, first row {bad[0]}. Only "
            "finite values can be scored; a run that diverged has no score."
        )


def check_class_ids(name: str, ids: Any, num_classes: int) -> np.ndarray:
    """Returns class ids as an array, checked to be integers in [0, num_classes).

    Args:
        name: what the message calls them.
        ids: one class id per example, [n].
        num_classes: the number of classes, k.

    Raises:
        InputError: they are not, or there is none.
    """
    ids = np.asarray(ids)
    if ids.ndim != 1 or ids.size == 0 or ids.dtype.kind not in "iu":
        raise InputError(f"{name}: expected integers [n] with n > 0, got {ids.dtype} {ids.shape}.")
    outside = ids[(ids < 0) | (ids >= num_classes)]
    if outside.size:
        raise InputError(
            f"{name}: class {outside[0]} is out of range. Allowed: 0 to {num_classes - 1}; give "
            "the number of classes that the network predicts."
        )
    return ids


def check_same_length(**arrays: np.ndarray) -> None:
    """Checks that arrays, given by name, have one length.

    Raises:
        InputError: they differ.
    """
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise InputError(f"expected one entry per example in each, got lengths {lengths}.")
