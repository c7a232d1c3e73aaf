"""What predictors that look at no input score: what a method must be above to have learnt anything.

The majority class is that of the target's test split: the best that one class for all examples can
be. Chance draws each of the k classes with equal probability, whatever the input.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from xferlab.benchmark.store.records import RunRecord
from xferlab.benchmark.tables.published_rows import AVERAGE
from xferlab.evaluation.metric_table import metric_named

MAJORITY = "majority class"
CHANCE = "chance"
UNIFORM = ("accuracy", "class_mean_accuracy")
"""The metrics of which a uniform guess scores 1/k on average, whatever the labels; also probes."""
APART = 0.5
"""Points from which on chance and the majority class differ enough to name both."""


def trivial_scores(records: Sequence[RunRecord], metric: str, tasks: Sequence[str]) -> pd.DataFrame:
    """Returns the rows of trivial predictors.

    Args:
        records: Finished runs; their labels are the target test split's.
        metric: Name of the metric.
        tasks: The tasks of the table, in order.

    Returns:
        Columns task, method and mean: a row for the majority class of every task whose
        labels are known, one for chance where that is another number on some task, and averages
        over several tasks where all have one. The rows of a task stand together.
    """
    measure, rows = metric_named(metric), []
    tasks = tasks if "/" not in metric and measure.kind == "classes" else ()
    for task in tasks:
        run = next((r for r in records if r.task == task and r.labels is not None), None)
        if run is None or run.labels is None or not len(run.labels):
            continue
        counts = np.bincount(run.labels, minlength=run.num_classes)
        constant = np.full(len(run.labels), counts.argmax())
        majority = measure.scale * measure(run.labels, constant, len(counts))
        rows.append((task, majority, 100 / run.num_classes))
    if len(tasks) > 1 and len(rows) == len(tasks):
        _, *columns = zip(*rows, strict=True)
        rows.append((AVERAGE, *(sum(column) / len(rows) for column in columns)))
    names = {MAJORITY: 1}
    if (metric in UNIFORM or measure.probe) and any(abs(row[1] - row[2]) >= APART for row in rows):
        names[CHANCE] = 2
    cells = [(row[0], name, row[place]) for row in rows for name, place in names.items()]
    return pd.DataFrame(cells, columns=["task", "method", "mean"])
