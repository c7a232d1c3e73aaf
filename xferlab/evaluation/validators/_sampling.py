"""The subsample that keeps a validator quick on large domains."""

from __future__ import annotations

import numpy as np


def evenly_spaced(array: np.ndarray, limit: int) -> np.ndarray:
    """Returns at most `limit` rows, evenly spaced: no randomness, all rows where they fit.

    >>> evenly_spaced(np.arange(10), 4).tolist()
    [0, 2, 5, 7]
    """
    if len(array) <= limit:
        return array
    return array[np.arange(limit) * len(array) // limit]
