"""What methods that are trained by episodes share: a batch as an episode."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int

from xferlab.core.errors import InputError


class EpisodePlaces(NamedTuple):
    """Where the support and the queries of an episode stand in a batch (`Episodes`)."""

    support: Int[Any, " n"]
    support_labels: Int[Any, " n"]
    """In [0, ways): the class that stands first in the batch is 0."""
    queries: Int[Any, " q"]
    query_labels: Int[Any, " q"]


def places_of(examples: int, *, ways: int, shots: int) -> EpisodePlaces:
    """Returns the episode that a batch is: of each class the first examples are its support.

    Args:
        examples: of the batch, class after class.
        ways: classes.
        shots: examples of the support of each class.

    Raises:
        InputError: no example of a class is left for a query.
    """
    each = examples // ways
    if shots >= each:
        raise InputError(
            f"an episode of {ways} ways in a batch of {examples} has {each} examples of a class, of"
            f" which {shots} are its support: none is left for queries. Give a batch of at least"
            f" {ways * (shots + 1)}, or fewer shots"
        )
    places = np.arange(ways * each).reshape(ways, each)
    labels = np.repeat(np.arange(ways, dtype=np.int32)[:, None], each, axis=1)
    cut = (slice(None), slice(None, shots)), (slice(None), slice(shots, None))
    return EpisodePlaces(*(a[rows].ravel() for rows in cut for a in (places, labels)))
