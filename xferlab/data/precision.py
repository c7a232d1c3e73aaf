"""Whether float32, in which inputs are kept, can tell the values apart that the user's type can."""

from __future__ import annotations

import numpy as np

from xferlab.core.errors import InputError

LEVELS = 2.0**18
"""With more float32 numbers than that between a column's least and largest value, rounding is no
more than the error of a measurement, and is not looked at."""
WHOLE = 2.0**24
"""Up to here float32 holds every whole number."""
NOISE = 2.0**-44
"""A column that varies by less than this share of its values is constant but for rounding."""


def check_float32(values: np.ndarray, where: str) -> None:
    """Raises InputError if different values of a column become equal in float32.

    Looked at are columns of whole numbers beyond 2^24 (time stamps, identifiers), and columns whose
    values lie close together far from zero (fewer than `LEVELS` float32 numbers between the least
    and the largest). The error names the column and says what to do; an array that is float32
    already has nothing to lose.

    Args:
        values: finite numbers [n, ..., c] in the user's own type; a column is an entry of the last
            axis.
        where: the beginning of the error message.
    """
    exact = values.dtype.itemsize <= 2 or values.dtype.str[1:] == "f4"
    if exact or values.dtype.kind not in "uif" or not values.size:
        return
    columns = values.reshape(-1, values.shape[-1])
    least, most = columns.min(axis=0), columns.max(axis=0)
    low, high = least.astype(np.float64), most.astype(np.float64)
    magnitude, spread = np.maximum(abs(low), abs(high)), high - low
    coarse = np.spacing(magnitude.astype(np.float32)) * LEVELS > spread
    varies = least != most if values.dtype.kind in "ui" else spread > magnitude * NOISE
    for column in np.flatnonzero(varies & (coarse | (magnitude > WHOLE))):
        _check_column(columns[:, column], int(column), bool(coarse[column]), where)


def _check_column(values: np.ndarray, column: int, coarse: bool, where: str) -> None:
    if not coarse and (values != np.rint(values)).any():
        return
    before, after = (len(np.unique(each)) for each in (values, values.astype(np.float32)))
    if after < before:
        raise InputError(
            f"{where}: float32, in which inputs are kept, cannot tell the values of column {column}"
            f" apart: {before} different ones, from {values.min()} to {values.max()}, become"
            f" {after}. Subtract a number that both domains share, such as the source's smallest,"
            " or leave the column out; .astype(np.float32) accepts the rounding"
        )
