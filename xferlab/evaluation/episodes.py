"""Accuracies of the episodes of one run, and the interval of their mean.

The interval is over episodes: it says how far the accuracy of this run would move on other episodes
of the same test examples. Intervals of tables are over seeds of training.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from xferlab.core.checks import whole_number
from xferlab.core.errors import InputError
from xferlab.evaluation.statistics import Interval, mean_interval


def episode_accuracies(
    labels: Int[np.ndarray, " n"], predictions: Int[np.ndarray, " n"], *, episodes: int
) -> Float[np.ndarray, " e"]:
    """Fraction of the queries of each episode that are told right.

    Args:
        labels: of the queries of all episodes, one episode after the other, equally many of each.
        predictions: of the same queries; -1 where an episode was not looked at, which is left out.
        episodes: how many there are.

    Returns:
        The accuracies of the episodes that were looked at, in [0, 1].

    Raises:
        InputError: unequal lengths, or no multiple of the number of episodes.

    >>> episode_accuracies([0, 1, 0, 1], [0, 1, 1, 1], episodes=2).tolist()
    [1.0, 0.5]
    """
    episodes = whole_number("episodes", episodes, least=1)
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    if labels.shape != predictions.shape or labels.ndim != 1 or len(labels) % episodes:
        raise InputError(
            f"labels {labels.shape} and predictions {predictions.shape} of {episodes} episodes."
            " Give one of each for every query, equally many in each episode"
        )
    seen = predictions.reshape(episodes, -1)
    right = (seen == labels.reshape(episodes, -1)).mean(axis=1)
    return right[(seen >= 0).all(axis=1)]


def episode_interval(
    labels: Int[np.ndarray, " n"],
    predictions: Int[np.ndarray, " n"],
    *,
    episodes: int,
    confidence: float = 0.95,
) -> Interval:
    """Mean accuracy over the episodes of a run, with Student's interval.

        mean ± t_{e-1} s / sqrt(e)

    Args:
        labels: see `episode_accuracies`.
        predictions: of the same queries.
        episodes: how many there are, e.
        confidence: nominal coverage in (0, 1).

    Returns:
        Mean, interval and the number of episodes, as fractions, cut at 0 and 1.

    Raises:
        InputError: as `episode_accuracies`.

    >>> [round(x, 3) for x in episode_interval([0, 1] * 2, [0, 1, 1, 1], episodes=2)[:3]]
    [0.75, 0.0, 1.0]
    """
    values = episode_accuracies(labels, predictions, episodes=episodes)
    return mean_interval(values, method="t", confidence=confidence, bounds=(0.0, 1.0))
