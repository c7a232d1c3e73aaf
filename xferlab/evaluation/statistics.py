"""Statistics over seeds: intervals of a mean, paired comparisons, correction for many tasks.

Two methods are offered wherever there is an interval or a p-value:

- 'resampling' (default): percentile bootstrap and sign flips. No assumption on the distribution of
  the scores, but few seeds carry little: on normal scores, intervals of nominally 95 % cover the
  mean in about 83 % of experiments with 5 seeds, 91 % with 10 and 92 % with 20 (BCa intervals: the
  same); and with 5 seeds there are 2^5 sign patterns, so that the smallest two-sided p-value is
  2/32 = 0.0625, whatever the scores. A table of five seeds can show intervals, not p < 0.05.
- 't': Student's t. It assumes that scores (or differences) are normal, and then covers 95 % with
  any number of seeds; intervals are 1.6 times as wide with 5 seeds.

The default claims less about the scores; report which one a table uses.

References:
    Agarwal, Schwarzer, Castro, Courville, Bellemare: Deep Reinforcement Learning at the Edge of
    the Statistical Precipice, NeurIPS 2021, arXiv:2108.13264 (`agarwal2021rliable`): intervals
    instead of point estimates from few runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import stats

from xferlab.core.errors import InputError, unknown_name

IntervalMethod = Literal["resampling", "t"]

RESAMPLES = 9999
TIE = 1e-9
"""Sums of signed differences within this fraction of the largest possible one are equal."""


class Interval(NamedTuple):
    """A mean over seeds with its confidence interval."""

    mean: float
    low: float | None
    """None for one seed, from which no interval follows."""
    high: float | None
    n: int


class PairedTest(NamedTuple):
    """The mean difference between two methods on the same seeds, its interval and p-value."""

    difference: float
    low: float | None
    """None for one seed, from which no interval follows."""
    high: float | None
    p_value: float
    """Two-sided, of the hypothesis that the sign of every difference is a coin flip
    ('resampling'), or that the mean difference is zero ('t'). 1 for one seed."""
    n: int


def mean_interval(
    values: Float[np.ndarray, " n"],
    *,
    method: IntervalMethod = "resampling",
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
    bounds: tuple[float, float] | None = None,
) -> Interval:
    """Mean over seeds with a confidence interval.

    'resampling' takes the (1 ± confidence)/2 quantiles of the means of bootstrap samples; 't' is
    mean ± t_{n-1} s / sqrt(n). Where all values are equal, the interval is that value.

    Args:
        values: one score per seed, [n], in any order.
        method: 'resampling' or 't'; the module's docstring compares them.
        confidence: nominal coverage in (0, 1).
        resamples: number of bootstrap samples.
        seed: seed of the bootstrap.
        bounds: the range of the scores, at which the interval is cut; None for no range.

    Returns:
        Mean, interval and n; the interval's ends are None for one seed.

    Raises:
        InputError: no value, one that is not finite, or an unknown method.

    >>> [round(x, 3) for x in mean_interval([0.5, 0.7, 0.9], method="t", confidence=0.5)[:3]]
    [0.7, 0.606, 0.794]
    """
    _check_options(method, confidence)
    values = np.sort(_scores("values", values))  # the bootstrap depends on the order
    mean, n = float(values.mean()), len(values)
    if n == 1:
        return Interval(mean, None, None, n)
    if _constant(values):
        return Interval(mean, mean, mean, n)
    if method == "t":
        interval = stats.ttest_1samp(values, 0.0).confidence_interval(confidence)
    else:
        interval = stats.bootstrap(
            (values,),
            np.mean,
            confidence_level=confidence,
            n_resamples=resamples,
            method="percentile",
            rng=np.random.default_rng(seed),
        ).confidence_interval
    least, most = bounds or (-np.inf, np.inf)
    return Interval(mean, float(max(interval.low, least)), float(min(interval.high, most)), n)


def paired_test(
    ours: Float[np.ndarray, " n"],
    baseline: Float[np.ndarray, " n"],
    *,
    method: IntervalMethod = "resampling",
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> PairedTest:
    """Mean of ours minus baseline over the same seeds, with interval and two-sided p-value.

    'resampling': bootstrap interval of the differences, and the sign-flip (paired permutation)
    test, exact up to 13 seeds and by `resamples` random flips from there. 't': Student's paired t.

    Args:
        ours: one score per seed, [n].
        baseline: the baseline's scores on the same seeds in the same order, [n].
        method: 'resampling' or 't'; the module's docstring compares them.
        confidence: nominal coverage of the interval in (0, 1).
        resamples: number of bootstrap samples, and of sign flips where there are more patterns.
        seed: seed of both.

    Returns:
        Difference, interval, p-value in [0, 1] and n.

    Raises:
        InputError: different lengths, no value, one that is not finite, or an unknown method.

    >>> paired_test([0.9, 0.8, 0.9, 0.7, 0.8], [0.5, 0.6, 0.6, 0.5, 0.7]).p_value
    0.0625
    """
    ours, baseline = _scores("ours", ours), _scores("baseline", baseline)
    if len(ours) != len(baseline):
        raise InputError(
            f"ours has {len(ours)} seeds and baseline {len(baseline)}. A paired test needs the "
            "same seeds in the same order; leave out the seeds that one of them lacks."
        )
    differences = np.sort(ours - baseline)
    interval = mean_interval(
        differences, method=method, confidence=confidence, resamples=resamples, seed=seed
    )
    p_value = (
        _t_p_value(differences)
        if method == "t"
        else _sign_flip_p_value(differences, resamples, seed)
    )
    return PairedTest(interval.mean, interval.low, interval.high, p_value, interval.n)


def intervals_separated(first: Interval, second: Interval) -> bool:
    """Tells whether two intervals have no point in common. One of a single seed never has.

    >>> intervals_separated(Interval(0.5, 0.4, 0.6, 5), Interval(0.8, 0.7, 0.9, 5))
    True
    """
    if first.low is None or first.high is None or second.low is None or second.high is None:
        return False
    return first.high < second.low or second.high < first.low


def holm(p_values: Sequence[float]) -> Float[np.ndarray, " m"]:
    r"""P-values corrected for the number of hypotheses (such as tasks) tested together.

        adjusted_(i) = max_{j <= i} min(1, (m - j + 1) p_(j)),   p_(1) <= ... <= p_(m)

    Rejecting where adjusted <= alpha keeps the probability of any false rejection at alpha or
    below, whatever the dependence between the tests.

    Args:
        p_values: one per hypothesis, [m], in [0, 1].

    Returns:
        Adjusted p-values in the order given, [m], in [0, 1].

    Raises:
        InputError: none given, or one outside [0, 1].

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]

    References:
        Holm: A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of
        Statistics 1979 (`holm1979simple`).
    """
    p = _scores("p_values", p_values)
    if ((p < 0) | (p > 1)).any():
        raise InputError(f"p_values: {p[(p < 0) | (p > 1)][0]} is out of range. Allowed: [0, 1].")
    order = np.argsort(p)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(np.arange(len(p), 0, -1) * p[order]), 1)
    return adjusted


def _sign_flip_p_value(differences: np.ndarray, resamples: int, seed: int) -> float:
    """Returns the p-value of the mean under random signs: all 2^n, or `resamples` of them.

    Scores are k of n examples, so many sums are equal in truth and differ in their last bits; they
    count as equal within `TIE`. (SciPy's permutation_test allows 1e-14: too little.)
    """
    n = len(differences)
    if n == 1:
        return 1.0
    exact = 2**n <= resamples
    if exact:
        signs = 1 - 2 * (np.arange(2**n)[:, None] >> np.arange(n) & 1)
    else:
        signs = np.random.default_rng(seed).choice((-1, 1), size=(resamples, n))
    least = abs(differences.sum()) - TIE * np.abs(differences).sum()
    extreme = int((np.abs(signs @ differences) >= least).sum())
    return extreme / len(signs) if exact else (extreme + 1) / (resamples + 1)


def _t_p_value(differences: np.ndarray) -> float:
    """Returns the p-value of Student's t; in the limit, where all differences are equal."""
    if len(differences) == 1:
        return 1.0
    if _constant(differences):
        return 1.0 if _constant(np.append(differences, 0)) else 0.0
    result = stats.ttest_1samp(differences, 0.0)
    return float(result.pvalue)  # pyright: ignore[reportAttributeAccessIssue]  # made at run time


def _constant(values: np.ndarray) -> bool:
    """Tells whether all values are equal up to rounding."""
    return np.allclose(values, values[0], rtol=1e-9, atol=1e-12)


def _scores(name: str, values: Sequence[float] | np.ndarray) -> np.ndarray:
    """Returns scores as a float64 vector, not empty and finite."""
    scores = np.asarray(values, np.float64)
    if scores.ndim != 1 or scores.size == 0 or not np.isfinite(scores).all():
        raise InputError(
            f"{name}: expected at least one finite number, got {values!r}. Leave out failed runs "
            "and say so in the table."
        )
    return scores


def _check_options(method: str, confidence: float) -> None:
    """Checks what mean_interval and paired_test have in common."""
    if method not in ("resampling", "t"):
        raise unknown_name("interval method", method, ("resampling", "t"))
    if not 0 < confidence < 1:
        raise InputError(f"confidence {confidence} is out of range. Allowed: between 0 and 1.")
