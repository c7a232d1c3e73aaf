"""Ranks of methods over many tasks: mean ranks, Friedman's test, Nemenyi's critical difference.

The tests take tasks as independent. Transfer tasks that share a domain are not quite, so that a
p-value near the threshold should not carry a conclusion.

References:
    Demšar: Statistical Comparisons of Classifiers over Multiple Data Sets, Journal of Machine
    Learning Research 2006 (`demsar2006statistical`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import stats

from xferlab.core.errors import InputError

DECIMALS = 9
"""Scores that agree to this many decimals are ties: sums in another order are no difference."""


class RankTest(NamedTuple):
    """How far the mean ranks of methods tell them apart."""

    mean_ranks: Float[np.ndarray, " methods"]
    """1 is best, in the order of the methods given."""
    friedman_p: float | None
    """Of the hypothesis that all methods rank alike; None for two methods."""
    critical_difference: float
    groups: tuple[tuple[int, ...], ...]
    """Methods (row numbers, best first) that do not differ: the bars of the diagram."""


def compare_ranks(scores: Float[np.ndarray, "methods tasks"], *, alpha: float = 0.05) -> RankTest:
    """Ranks methods over tasks and groups those that do not differ.

    Friedman's test comes first: where it does not reject at `alpha`, all methods are one group, as
    the pairwise test is meant for after a rejection. Then Nemenyi's test forms the groups.

    Args:
        scores: score of every method on every task (a mean over seeds), higher is better.
        alpha: level of both tests in (0, 1).

    Returns:
        Mean ranks, Friedman's p-value, critical difference and groups.

    Raises:
        InputError: fewer than two methods or two tasks, a score that is not finite, or a level
            out of range.
    """
    ranks = average_ranks(scores)
    p_value = friedman_p_value(scores)
    difference = critical_difference(*np.shape(scores), alpha=alpha)
    rejected = p_value is None or p_value <= alpha
    groups = rank_groups(ranks, difference if rejected else np.inf)
    return RankTest(ranks, p_value, difference, groups)


def average_ranks(scores: Float[np.ndarray, "methods tasks"]) -> Float[np.ndarray, " methods"]:
    """Returns each method's rank averaged over tasks; 1 is best, ties share their mean rank.

    Raises:
        InputError: fewer than two methods or two tasks, or a score that is not finite.

    >>> average_ranks([[0.9, 0.8, 0.7], [0.5, 0.8, 0.6], [0.4, 0.2, 0.1]]).tolist()
    [1.1666666666666667, 1.8333333333333333, 3.0]
    """
    return stats.rankdata(-_rankable(scores), axis=0).mean(axis=1)


def friedman_p_value(scores: Float[np.ndarray, "methods tasks"]) -> float | None:
    """Returns the p-value of Friedman's test that all methods rank alike.

    It uses the chi-squared approximation, corrected for ties, which is conservative for few tasks.
    None for two methods, for which the test is not made; 1 where every task is a tie.

    Raises:
        InputError: fewer than two methods or two tasks, or a score that is not finite.

    References:
        Friedman: The Use of Ranks to Avoid the Assumption of Normality Implicit in the Analysis of
        Variance, Journal of the American Statistical Association 1937 (`friedman1937ranks`).
    """
    scores = _rankable(scores)
    if len(scores) == 2:
        return None
    if not np.ptp(scores, axis=0).any():
        return 1.0
    return float(stats.friedmanchisquare(*scores).pvalue)


def critical_difference(methods: int, tasks: int, *, alpha: float = 0.05) -> float:
    r"""Returns the difference of mean ranks from which on two methods differ (Nemenyi's test).

        CD = q_alpha sqrt(k (k + 1) / (6 N)),   k methods, N tasks,

    q_alpha the 1 - alpha quantile of the studentized range of k values, infinite degrees of
    freedom, over sqrt(2). The probability of any false difference is at most alpha.

    Raises:
        InputError: fewer than two methods, no task, or a level out of range.

    >>> round(critical_difference(4, 14), 2)
    1.25

    References:
        Nemenyi: Distribution-free Multiple Comparisons, PhD thesis, Princeton 1963
        (`nemenyi1963distribution`).
    """
    if methods < 2 or tasks < 1:
        raise InputError(
            f"a critical difference of {methods} methods over {tasks} tasks does not exist. Give "
            "at least 2 methods and 1 task."
        )
    if not 0 < alpha < 1:
        raise InputError(f"alpha {alpha} is out of range. Allowed: between 0 and 1.")
    quantile = stats.studentized_range.ppf(1 - alpha, methods, np.inf) / np.sqrt(2)
    return float(quantile * np.sqrt(methods * (methods + 1) / (6 * tasks)))


def rank_groups(
    mean_ranks: Sequence[float] | Float[np.ndarray, " methods"], difference: float
) -> tuple[tuple[int, ...], ...]:
    """Returns the maximal groups of methods whose mean ranks all differ by less than `difference`.

    Args:
        mean_ranks: one per method.
        difference: the critical difference.

    Returns:
        Groups of at least two methods, given by position, best first; they may overlap.

    >>> rank_groups([3.1, 2.0, 1.4], 1.25)
    ((2, 1), (1, 0))
    """
    ranks = np.asarray(mean_ranks, np.float64)
    order = np.argsort(ranks, kind="stable")
    ends = np.searchsorted(ranks[order], ranks[order] + difference)  # the first that differs
    groups, covered = [], 0
    for start, end in enumerate(ends):
        if end > covered and end - start > 1:
            groups.append(tuple(order[start:end].tolist()))
        covered = max(covered, end)
    return tuple(groups)


def _rankable(scores: Float[np.ndarray, "methods tasks"]) -> np.ndarray:
    """Returns scores as a finite float64 matrix of two methods and tasks or more, rounded."""
    scores = np.asarray(scores, np.float64)
    if scores.ndim != 2 or min(scores.shape) < 2:
        raise InputError(
            f"scores: expected [methods, tasks] with at least 2 of each, got {scores.shape}. There "
            "is nothing to rank otherwise."
        )
    broken = np.flatnonzero(~np.isfinite(scores).all(axis=1))
    if broken.size:
        raise InputError(
            f"scores: method {broken[0]} has no finite score on every task. Leave it out of the "
            "ranks and say so."
        )
    return scores.round(DECIMALS)
