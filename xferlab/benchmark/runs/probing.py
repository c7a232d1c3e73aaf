"""Probes of a task's features: what they are fitted on, and what they score.

The one reader of `TransferTask.probe_arrays`. Nothing of it goes back to a training.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from xferlab.core.batch import Labelled, draw_sample
from xferlab.core.errors import InputError
from xferlab.core.heads import Labels
from xferlab.core.outputs import HostOutput
from xferlab.data.task import TransferTask
from xferlab.evaluation.metric_table import Metric, metric_named, metric_of, score_head
from xferlab.evaluation.probes import PROBE_LIMIT, Probe


def probes_among(metrics: Sequence[str]) -> tuple[str, ...]:
    """Returns those of some metrics that are the scores of probes."""
    return tuple(name for name in metrics if metric_named(name).probe is not None)


class Probing:
    """Fits the probes of a task's runs and scores them on the target's test split."""

    def __init__(self, task: TransferTask, names: Sequence[str]):
        """Draws the examples that probes are fitted on.

        Args:
            task: whose target's training labels are read.
            names: of metrics with a probe; () for none, and nothing is read.

        Raises:
            InputError: a transductive target; a head without a metric of that name; fewer labelled
                examples than a probe needs, or such of one class.
        """
        self._heads = task.heads
        self.splits: tuple[Labelled, ...] = ()
        if names:
            self.splits = (draw_sample(task.probe_arrays(), PROBE_LIMIT),)
        self._names = tuple(names)
        for name, place, _, probe in self._each():
            _check_enough(task, name, probe, self._fitted_on(place)[1])

    def scores(
        self, fitted: HostOutput, test: HostOutput, labels: Sequence[Labels]
    ) -> dict[str, float]:
        """Returns the value of each metric that is defined on the test split's labels.

        Args:
            fitted: outputs on the examples that probes are fitted on.
            test: outputs on the target's test split.
            labels: the true ones of the test split, under every head.

        Raises:
            InputError: features that say nothing.
        """
        values = {}
        for name, place, metric, probe in self._each():
            rows, classes = self._fitted_on(place)
            predicted = probe.predict(fitted.features[rows], classes, test.features)
            values[name] = score_head(metric, self._heads[place], predicted, labels[place])
        return {name: value for name, value in values.items() if value is not None}

    def _each(self) -> Iterator[tuple[str, int, Metric, Probe]]:
        """Yields each metric's name, the place of its head, the metric and its probe."""
        for name in self._names:
            place, metric = metric_of(self._heads, name)
            if metric.probe is not None:
                yield name, place, metric, metric.probe

    def _fitted_on(self, place: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns which of the drawn examples have a class under a head, and these classes."""
        values, known = self.splits[0].by_head[place]
        classes = np.asarray(values)
        rows = np.arange(len(classes)) if known is None else np.flatnonzero(known)
        return rows, classes[rows]


def _check_enough(task: TransferTask, name: str, probe: Probe, classes: np.ndarray) -> None:
    if len(classes) >= probe.least and len(np.unique(classes)) > 1:
        return
    raise InputError(
        f"metric {name!r}: task {task.name!r} has {len(classes)} labelled examples of"
        f" {len(np.unique(classes))} classes in its target's training split (of at most"
        f" {PROBE_LIMIT} drawn). A probe is fitted on at least {probe.least}, of two classes or"
        " more. Give the target training labels, which no method sees, or choose another --metric"
    )
