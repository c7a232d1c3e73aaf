"""Two methods that draw nothing, compared over the examples of a test split.

A method without randomness has one score and no variation over seeds. What can be asked is whether
the difference to another such method would show on other examples of the same kind.

References:
    McNemar: Note on the sampling error of the difference between correlated proportions or
    percentages. Psychometrika 12, 1947.
    Dietterich: Approximate Statistical Tests for Comparing Supervised Classification Learning
    Algorithms. Neural Computation 10, 1998.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy import stats

from xferlab.core.names import NameTable
from xferlab.evaluation._checks import check_class_ids, check_same_length
from xferlab.evaluation.statistics import PairedTest

RESAMPLES = 1999


class _Counts(NamedTuple):
    """Examples by class in each of r samples: recognised, labelled so, predicted so."""

    hits: Float[np.ndarray, "r k"]
    labels: Float[np.ndarray, "r k"]
    predictions: Float[np.ndarray, "r k"]


def _accuracy(counts: _Counts) -> Float[np.ndarray, " r"]:
    return counts.hits.sum(axis=1) / counts.labels.sum(axis=1)


def _class_mean_accuracy(counts: _Counts) -> Float[np.ndarray, " r"]:
    return _mean_of_present(counts.hits / np.maximum(counts.labels, 1), counts)


def _macro_f1(counts: _Counts) -> Float[np.ndarray, " r"]:
    sums = np.maximum(counts.labels + counts.predictions, 1)
    return _mean_of_present(2 * counts.hits / sums, counts)


def _mean_of_present(values: np.ndarray, counts: _Counts) -> np.ndarray:
    """Returns the mean over the classes that a sample has labels of."""
    present = counts.labels > 0
    return np.where(present, values, 0).sum(axis=1) / present.sum(axis=1)


METRICS: NameTable[Callable[[_Counts], np.ndarray]] = NameTable(
    "metric",
    {
        "accuracy": _accuracy,
        "class_mean_accuracy": _class_mean_accuracy,
        "macro_f1": _macro_f1,
    },
)
"""The metrics of `xferlab.evaluation.metrics`, of many samples at once."""


def compare_predictions(
    labels: Int[np.ndarray, " n"],
    ours: Int[np.ndarray, " n"],
    baseline: Int[np.ndarray, " n"],
    *,
    num_classes: int,
    metric: str = "accuracy",
    seed: int = 0,
) -> PairedTest:
    """Difference of a metric between two sets of predictions of the same examples.

    The p-value is two-sided, of the hypothesis that who predicted what is a coin flip for every
    example: for accuracy McNemar's exact test, for other metrics by `RESAMPLES` random swaps. The
    95 % interval is the percentile bootstrap over examples.

    Args:
        labels: true classes, [n].
        ours: predicted classes, [n].
        baseline: the other method's, [n].
        num_classes: the number of classes, k.
        metric: a name in `METRICS`.
        seed: of the bootstrap and of the swaps.

    Returns:
        Difference, interval (fractions), p-value, and n, the number of examples.

    Raises:
        InputError: no example, different lengths, a class out of range or an unknown metric.

    >>> compare_predictions([0] * 8, [0] * 8, [0] * 2 + [1] * 6, num_classes=2).p_value
    0.03125
    """
    names = ("labels", "ours", "baseline")
    given = zip(names, (labels, ours, baseline), strict=True)
    arrays = {name: check_class_ids(name, array, num_classes) for name, array in given}
    check_same_length(**arrays)
    rows = np.stack(list(arrays.values()), axis=1)
    if metric == "accuracy":  # Only who is right counts: four kinds of examples in place of many.
        rows, num_classes = (rows != rows[:, :1]).astype(int), 2
    kinds, counts = np.unique(rows, axis=0, return_counts=True)
    measure = _Difference(kinds, num_classes, METRICS[metric])
    generator = np.random.default_rng(seed)
    n = len(rows)
    difference = float(measure(counts[None].astype(float))[0])
    drawn = generator.multinomial(n, counts / n, size=RESAMPLES).astype(float)
    low, high = np.quantile(measure(drawn), [0.025, 0.975])
    if metric == "accuracy":
        p_value = _mcnemar(kinds, counts)
    else:
        swapped = generator.binomial(counts, 0.5, size=(RESAMPLES, len(counts))).astype(float)
        extreme = np.abs(measure(counts - swapped, swapped)) >= abs(difference) - 1e-12
        p_value = float((extreme.sum() + 1) / (RESAMPLES + 1))
    return PairedTest(difference, float(low), float(high), p_value, n)


class _Difference:
    """The difference of a metric, from the number of examples of each (label, ours, baseline)."""

    def __init__(self, kinds: np.ndarray, num_classes: int, metric: Callable):
        eye = np.eye(num_classes)
        self._labels, self._ours, self._baseline = (eye[column] for column in kinds.T)
        self._metric = metric

    def __call__(self, kept: np.ndarray, swapped: np.ndarray | None = None) -> np.ndarray:
        """Returns the differences [r] of samples of counts [r, kinds], some of them swapped."""
        other = np.zeros_like(kept) if swapped is None else swapped
        ours = self._counts(kept, self._ours, other, self._baseline)
        baseline = self._counts(kept, self._baseline, other, self._ours)
        return self._metric(ours) - self._metric(baseline)

    def _counts(
        self, first: np.ndarray, predicted: np.ndarray, second: np.ndarray, instead: np.ndarray
    ) -> _Counts:
        """Returns the counts where `first` examples have one prediction, `second` the other."""
        hits = first @ (self._labels * predicted) + second @ (self._labels * instead)
        return _Counts(hits, (first + second) @ self._labels, first @ predicted + second @ instead)


def _mcnemar(kinds: np.ndarray, counts: np.ndarray) -> float:
    """Returns the exact p-value of those examples that only one of the two recognises."""
    label, ours, baseline = kinds.T
    wins = int(counts[(ours == label) & (baseline != label)].sum())
    losses = int(counts[(ours != label) & (baseline == label)].sum())
    if wins + losses == 0:
        return 1.0
    return float(stats.binomtest(wins, wins + losses).pvalue)
