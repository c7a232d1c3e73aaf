"""Metrics as values: a name, a unit, a direction, and the kind of head that they score.

The metrics of the first head have plain names ('accuracy'); those of a head beside it have its name
before them ('slant/rmse').
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from xferlab.core.errors import InputError, unknown_name
from xferlab.core.heads import Head, Kind, Labels
from xferlab.core.names import NameTable
from xferlab.core.outputs import HostOutput, predicted_classes
from xferlab.evaluation.further_metrics import (
    label_accuracy,
    mae,
    mean_average_precision,
    r2,
    rmse,
)
from xferlab.evaluation.metrics import accuracy, class_mean_accuracy, macro_f1
from xferlab.evaluation.open_set_metrics import h_score, known_class_accuracy, unknown_accuracy
from xferlab.evaluation.probes import KnnProbe, LinearProbe, Probe
from xferlab.evaluation.validators.oracle import OracleAccuracy
from xferlab.evaluation.validators.table import VALIDATORS

Unit = Literal["percent", ""]


@dataclasses.dataclass(frozen=True)
class Metric:
    """A number that says how good predictions are.

    Attributes:
        name: what flags and tables call it.
        kind: the kind of head that it scores; 'scores' for those of a validator.
        function: takes true values, predictions, and the size of the head. Predictions are classes
            [n], or the outputs [n, size] of other kinds. Returns a fraction, or a number in the
            unit of the values.
        unit: 'percent' for fractions, '' for a number that is shown as it is.
        higher_is_better: its direction.
        bounds: the least and the largest value, as shown.
        spelled: the name in words; '' for the name itself, without underscores.
        probe: what is fitted on features and gives the predictions; None for the head's own.
        of_unknown: whether it needs examples of classes that the source lacks, which are one class
            behind the head's; on others it is not defined.
    """

    name: str
    kind: Kind | Literal["scores"]
    function: Callable[[Any, Any, int], float]
    unit: Unit = "percent"
    higher_is_better: bool = True
    bounds: tuple[float, float] = (0.0, 100.0)
    spelled: str = ""
    probe: Probe | None = None
    of_unknown: bool = False

    def __call__(self, truth: np.ndarray, predictions: np.ndarray, size: int) -> float:
        """Returns the metric's value, unscaled."""
        return self.function(truth, predictions, size)

    @property
    def scale(self) -> float:
        """What a value is multiplied by to be shown."""
        return 100.0 if self.unit == "percent" else 1.0

    @property
    def digits(self) -> int:
        """How many decimals are shown."""
        return 1 if self.unit == "percent" else 3

    @property
    def sign(self) -> int:
        """1 where higher is better, -1 where lower is."""
        return 1 if self.higher_is_better else -1

    @property
    def words(self) -> str:
        """The metric in words, with its unit and its direction where it is not the usual one."""
        unit = " in percent" if self.unit else ""
        direction = "" if self.higher_is_better else ", lower is better"
        head = self.name.rpartition("/")[0]
        spelled = self.spelled or self.name.rpartition("/")[2].replace("_", " ")
        return f"{head}{': ' if head else ''}{spelled}{unit}{direction}"

    def of_head(self, name: str) -> Metric:
        """Returns the metric under the name that it has for a head beside the first one."""
        return dataclasses.replace(self, name=f"{name}/{self.name}")


_ERROR: dict[str, Any] = {"unit": "", "higher_is_better": False, "bounds": (0.0, math.inf)}
METRICS: NameTable[Metric] = NameTable(
    "metric",
    {
        metric.name: metric
        for metric in (
            Metric("accuracy", "classes", accuracy),
            Metric("class_mean_accuracy", "classes", class_mean_accuracy),
            Metric("macro_f1", "classes", macro_f1),
            Metric("hos", "classes", h_score, spelled="HOS", of_unknown=True),
            Metric("os_star", "classes", known_class_accuracy, spelled="OS*", of_unknown=True),
            Metric("unk", "classes", unknown_accuracy, spelled="UNK", of_unknown=True),
            Metric("mean_average_precision", "labels", mean_average_precision),
            Metric("label_accuracy", "labels", label_accuracy),
            Metric("r2", "numbers", r2, bounds=(-math.inf, 100.0), spelled="R²"),
            Metric("rmse", "numbers", rmse, **_ERROR, spelled="root mean squared error"),
            Metric("mae", "numbers", mae, **_ERROR, spelled="mean absolute error"),
            Metric("knn_probe", "classes", accuracy, probe=KnnProbe()),
            Metric("linear_probe", "classes", accuracy, probe=LinearProbe()),
        )
    },
)
"""The metrics by name."""


def metric_named(name: str) -> Metric:
    """Returns a metric by its name, or by that of a head beside the first one and its name.

    A number of neighbours may stand behind that of the k-NN probe.

    Raises:
        InputError: there is none of that name.

    Validators that see no target label are metrics too, by their names.

    >>> metric_named("slant/rmse").words
    'slant: root mean squared error, lower is better'
    >>> metric_named("knn_probe@20").probe
    KnnProbe(k=20)
    """
    if name in LABEL_FREE:
        return _of_validator(name)
    head, _, plain = name.rpartition("/")
    base, number = plain, ""
    if plain not in METRICS:
        base, _, number = plain.partition("@")
    metric = METRICS[base] if base in METRICS else METRICS[plain]
    metric = _with_neighbours(metric, number) if base != plain else metric
    return metric.of_head(head) if head else metric


LABEL_FREE = tuple(
    name for name, each in VALIDATORS.items() if not isinstance(each, OracleAccuracy)
)
"""Validators, whose scores a table can show in the place of a metric: no target label is needed."""


def _of_validator(name: str) -> Metric:
    """Returns the scores of a validator as what a table shows."""
    words = f"{name.replace('_', ' ')}, a score without target labels"
    return Metric(name, "scores", _reads_no_labels, "", bounds=(-math.inf, math.inf), spelled=words)


def _reads_no_labels(truth: Any, predictions: Any, size: int) -> float:
    raise InputError("a validator's scores come from a run's outputs, not from labels")


def _with_neighbours(metric: Metric, number: str) -> Metric:
    """Returns the k-NN probe with another number of neighbours."""
    name = f"{metric.name}@{number}"
    if not isinstance(metric.probe, KnnProbe) or not re.fullmatch("[1-9][0-9]{0,5}", number):
        raise InputError(
            f"metric {name!r} is none. A number, of neighbours, stands behind knn_probe alone, from"
            " 1 on: knn_probe@10"
        )
    return dataclasses.replace(metric, name=name, probe=KnnProbe(int(number)))


def metrics_of(heads: Sequence[Head]) -> dict[str, Metric]:
    """Returns every metric of heads by the name that it has for them."""
    each = [metric for place, head in enumerate(heads) for metric in _metrics_at(place, head)]
    return {metric.name: metric for metric in each}


def metric_of(heads: Sequence[Head], name: str) -> tuple[int, Metric]:
    """Returns the place of the head that a metric scores, and the metric.

    Raises:
        InputError: none of the heads has a metric of that name.
    """
    own, _, plain = name.rpartition("/")
    places = {head.name if place else "": place for place, head in enumerate(heads)}
    if own not in places or plain.partition("@")[0] not in METRICS:
        raise unknown_name("metric", name, metrics_of(heads))
    metric = metric_named(name)
    if metric.kind != heads[places[own]].kind:
        raise unknown_name("metric", name, metrics_of(heads))
    return places[own], metric


def _metrics_at(place: int, head: Head) -> list[Metric]:
    """Returns the metrics of the head at a place, under the names that they have there."""
    own = [metric for metric in METRICS.values() if metric.kind == head.kind]
    return [metric.of_head(head.name) for metric in own] if place else own


def usual_metric(head: Head) -> str:
    """Returns the name of the metric by which a head beside the first one is usually judged."""
    usual = {"classes": "accuracy", "labels": "mean_average_precision", "numbers": "rmse"}
    return f"{head.name}/{usual[head.kind]}"


def read_off(heads: Sequence[Head], outputs: HostOutput) -> tuple[np.ndarray, ...]:
    """Returns what metrics read of each head: predicted classes [n], or the outputs [n, size].

    Args:
        heads: of the task, in order.
        outputs: of each head, and perhaps which examples are of an unknown class, size.
    """
    return tuple(
        predicted_classes(output, None if place else outputs.unknown)
        if head.kind == "classes"
        else output
        for place, (head, output) in enumerate(zip(heads, outputs.heads, strict=True))
    )


def score_head(
    measure: Metric, head: Head, predictions: np.ndarray, labels: Labels
) -> float | None:
    """Returns a metric over the examples whose label is known, unscaled.

    Args:
        measure: the metric.
        head: what was predicted.
        predictions: as `read_off` gives them.
        labels: under that head.

    Returns:
        None where no label is known, or the metric is not defined on those that are.
    """
    values, known = labels
    truth = np.asarray(values)
    if known is not None:
        truth, predictions = truth[known], predictions[known]
    if not len(truth):
        return None
    size = head.size
    if measure.of_unknown and not 0 < int((truth == size).sum()) < len(truth):
        return None
    if head.kind == "classes":  # The unknown class is one more.
        size = max(size, int(truth.max()) + 1, int(predictions.max()) + 1)
    value = measure(truth, predictions, size)
    return None if math.isnan(value) else value


def head_scores(
    heads: Sequence[Head], predictions: Sequence[np.ndarray], labels: Sequence[Labels]
) -> dict[str, float]:
    """Returns every metric of every head, but probes, over the examples whose label is known.

    Args:
        heads: of the task, in order.
        predictions: of each head, as `read_off` gives them.
        labels: under each head.

    Returns:
        Values by name, unscaled. A head without a known label has none, nor has a metric that is
        not defined on these labels.
    """
    scores = {
        measure.name: score_head(measure, head, predicted, true)
        for place, (head, predicted, true) in enumerate(
            zip(heads, predictions, labels, strict=True)
        )
        for measure in _metrics_at(place, head)
        if measure.probe is None
    }
    return {name: value for name, value in scores.items() if value is not None}
