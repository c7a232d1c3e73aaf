"""The scores of a method on a task, and what its difference to another's is tested on.

Where one of two methods draws something, seeds are what varies: the test is over seeds, against
the one value of a method that draws nothing. Where neither does, there is no variation over seeds
to test with: on a task the test is over its test examples, of an average it is over the tasks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from xferlab.benchmark.store.records import RunRecord
from xferlab.evaluation.examples import METRICS as TESTED
from xferlab.evaluation.examples import compare_predictions
from xferlab.evaluation.metric_table import Metric
from xferlab.evaluation.statistics import IntervalMethod, PairedTest, mean_interval, paired_test

TestedOver = Literal["seeds", "examples", "tasks", ""]
"""What a test is over; '' where there is none."""


@dataclass(frozen=True, eq=False)
class Scores:
    """What a method scored on a task, or on average over tasks, under one selection rule.

    Attributes:
        values: The metric as shown, indexed by seed; NaN for a diverged run.
        fixed: Whether the method draws nothing, so that all seeds have one value.
        by_task: For an average of a fixed method, its value on every task.
        run: For a fixed method on a task, its run.
        step: The checkpoint that the rule chose there.
    """

    values: pd.Series
    fixed: bool = False
    by_task: np.ndarray | None = None
    run: RunRecord | None = None
    step: int = 0

    @property
    def diverged(self) -> int:
        """The number of runs without a score."""
        return int(self.values.isna().sum())

    def interval(
        self, method: IntervalMethod, bounds: tuple[float, float]
    ) -> tuple[float, float, float]:
        """Returns mean and interval over seeds; NaN where there is none.

        No interval of a mean passes the bounds of its metric.
        """
        values = self.values.dropna().to_numpy()
        if not len(values):
            return np.nan, np.nan, np.nan
        mean, low, high, _ = mean_interval(values, method=method, bounds=bounds)
        if self.fixed or low is None or high is None:
            return mean, np.nan, np.nan
        return mean, low, high


@dataclass(frozen=True)
class Difference:
    """A method's score minus the baseline's, in the unit shown; NaN where there is none."""

    points: float = np.nan
    low: float = np.nan
    high: float = np.nan
    p_value: float = np.nan
    unit: TestedOver = ""
    pairs: int = 0
    """The number of what the test is over."""


def compare(ours: Scores, baseline: Scores, metric: Metric, method: IntervalMethod) -> Difference:
    """Returns the difference of two methods on the same task, or of their averages."""
    if ours.fixed and baseline.fixed:
        return _compare_fixed(ours, baseline, metric, method)
    pairs = _pairs(ours, baseline)
    if not len(pairs):
        return Difference()
    return _difference(paired_test(pairs[:, 0], pairs[:, 1], method=method), "seeds")


def _pairs(ours: Scores, baseline: Scores) -> np.ndarray:
    """Returns the scores [n, 2] of the seeds that both finished."""
    columns = [ours.values, baseline.values]
    for index, scores in enumerate((ours, baseline)):
        if scores.fixed:
            other = columns[1 - index]
            columns[index] = pd.Series(scores.values.iloc[0], index=other.index)
    return pd.concat(columns, axis=1, join="inner").dropna().to_numpy()


def _compare_fixed(
    ours: Scores, baseline: Scores, metric: Metric, method: IntervalMethod
) -> Difference:
    """Returns the difference of two methods that draw nothing."""
    points = float(ours.values.iloc[0] - baseline.values.iloc[0])
    if ours.by_task is not None and baseline.by_task is not None:
        return _difference(paired_test(ours.by_task, baseline.by_task, method=method), "tasks")
    if metric.name not in TESTED:
        return Difference(points)
    predicted = _predictions(ours), _predictions(baseline)
    first = ours.run
    if first is None or first.labels is None or predicted[0] is None or predicted[1] is None:
        return Difference(points)
    test = compare_predictions(
        first.labels,
        predicted[0],
        predicted[1],
        num_classes=first.num_classes,
        metric=metric.name,
    )
    low, high = (None if end is None else metric.scale * end for end in (test.low, test.high))
    return _difference(PairedTest(points, low, high, test.p_value, test.n), "examples")


def _predictions(scores: Scores) -> np.ndarray | None:
    """Returns the predicted classes at the checkpoint that the rule chose."""
    if scores.run is None or scores.run.predictions is None:
        return None
    steps = [evaluation.step for evaluation in scores.run.evaluations]
    predictions = scores.run.predictions[steps.index(scores.step)]
    return predictions if (predictions >= 0).all() else None  # None: not of every example.


def _difference(test: PairedTest, unit: TestedOver) -> Difference:
    """Returns a test as a difference; one of a single pair is none."""
    if test.low is None or test.high is None:
        return Difference(test.difference, pairs=test.n)
    return Difference(test.difference, test.low, test.high, test.p_value, unit, test.n)
