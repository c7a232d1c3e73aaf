"""Samples of rows that do not depend on how the rows are sorted. NumPy alone."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int, Shaped

SEED = 0
"""All draws are the same ones every time: what is compared is compared on the same rows."""


def draw_rows(count: int, limit: int) -> Int[np.ndarray, " r"]:
    """Returns at most `limit` of `count` row numbers, drawn with a fixed seed, in ascending order.

    Evenly spaced rows would not do: of rows whose classes take turns they may be one class.

    >>> draw_rows(3, 4).tolist()
    [0, 1, 2]
    """
    if count <= limit:
        return np.arange(count)
    return np.sort(np.random.default_rng(SEED).permutation(count)[:limit])


def draw_stratified(strata: Shaped[np.ndarray, " n"], limit: int) -> Int[np.ndarray, " r"]:
    """Returns at most `limit` row numbers, in ascending order, each stratum as frequent as in all.

    Args:
        strata: what each row belongs to, such as its class.
        limit: number of rows; the number from a stratum is its share of it, to within one row.

    >>> strata = np.repeat(["a", "b"], [90, 30])
    >>> strata[draw_stratified(strata, 4)].tolist()
    ['a', 'a', 'a', 'b']
    """
    count = len(strata)
    if count <= limit:
        return np.arange(count)
    drawn = np.random.default_rng(SEED).permutation(count)
    _, members, sizes = np.unique(strata[drawn], return_inverse=True, return_counts=True)
    grouped = np.argsort(members, kind="stable")
    ranks = np.empty(count)
    ranks[grouped] = np.concatenate([np.arange(size) for size in sizes])
    quantiles = (ranks + 0.5) / sizes[members]
    return np.sort(drawn[np.argsort(quantiles, kind="stable")[:limit]])
