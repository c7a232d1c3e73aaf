"""What a table shows."""

from __future__ import annotations

from dataclasses import dataclass

from xferlab.benchmark.store.records import ORACLE, MissingRun
from xferlab.benchmark.tables.published import Published
from xferlab.benchmark.tables.selection import LAST
from xferlab.evaluation.metric_table import Metric, metric_named
from xferlab.evaluation.statistics import IntervalMethod


@dataclass(frozen=True)
class TableSpec:
    """What a table shows.

    Attributes:
        title: Heading, usually the suite's.
        rules: Selection rules, side by side in this order.
        metric: The name of the metric of the evaluations, see `xferlab.evaluation.metric_table`.
        baseline: The method that all others are tested against.
        published: Published numbers; those of another metric are not shown.
        protocol: Lines that say how the numbers were made (network, steps, data, selection).
        interval: How intervals and p-values are made, see `xferlab.evaluation.statistics`.
        tasks: The tasks of the suite, also those without a finished run; () for those that have.
        missing: Runs of the suite that are not among the records.
    """

    title: str
    rules: tuple[str, ...] = (LAST, "information_maximisation", ORACLE)
    metric: str = "accuracy"
    baseline: str = "source_only"
    published: tuple[Published, ...] = ()
    protocol: tuple[str, ...] = ()
    interval: IntervalMethod = "resampling"
    tasks: tuple[str, ...] = ()
    missing: tuple[MissingRun, ...] = ()

    @property
    def measure(self) -> Metric:
        """The metric itself: its unit and its direction."""
        return metric_named(self.metric)
