"""What a user may ask of the run and the presentation of a suite."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

from xferlab.benchmark.store.records import ORACLE, REVERSE_VALIDATION
from xferlab.benchmark.suites.header import SuiteHeader
from xferlab.core.checks import whole_number
from xferlab.core.errors import InputError, unknown_name
from xferlab.core.names import NameTable
from xferlab.evaluation.metric_table import metric_named
from xferlab.evaluation.statistics import IntervalMethod
from xferlab.evaluation.validators.table import VALIDATORS

INTERVALS: NameTable[IntervalMethod] = NameTable("interval", {"t": "t", "bootstrap": "resampling"})


MOST_SEEDS = 10_000
MOST_JOBS = 1024


@dataclasses.dataclass(frozen=True, kw_only=True)
class BenchOptions:
    """How a suite is run and presented.

    Attributes:
        out: folder of runs and results.
        seeds: number of seeds; 0 for the suite's own.
        width: runs that train in one program; 0 chooses by device.
        jobs: packs that train at the same time; 0 chooses by device.
        checkpoint_seconds: least time between two checkpoints of a pack.
        metric: the metric of the table, or several with ',' between them, each with a table; '' for
            the suite's own.
        validator: label-free selection of the table; '' for the suite's own.
        debug: whether every step checks what it reads and makes; see `for_debugging`.
        interval: 't' (Student's) or 'bootstrap', for the 95 % intervals over seeds.
    """

    out: Path
    seeds: int = 0
    width: int = 0
    jobs: int = 0
    checkpoint_seconds: float = 60.0
    metric: str = ""
    validator: str = ""
    interval: str = "t"
    debug: bool = False

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of the metrics that are asked for; () for the suite's own."""
        return tuple(part.strip() for part in self.metric.split(",")) if self.metric else ()

    def metrics_of(self, header: SuiteHeader) -> tuple[str, ...]:
        """Returns the metrics that are shown of a suite: one table for each."""
        return self.metrics or (header.metric, *header.further_metrics)


def for_debugging(options: BenchOptions) -> BenchOptions:
    """Returns options for runs one by one, in a folder of their own: checks may move last bits."""
    return dataclasses.replace(options, out=options.out / "debug", width=1, debug=True)


def check_presentation(options: BenchOptions) -> None:
    """Raises InputError for a name that does not exist, or a number outside its range."""
    INTERVALS[options.interval]
    for name, value in (("width", options.width), ("jobs", options.jobs)):
        whole_number(name, value, least=0)
    if not 0 <= options.checkpoint_seconds < math.inf:
        raise InputError(
            f"checkpoint_seconds is {options.checkpoint_seconds}; it must be a finite number of at"
            " least 0"
        )
    if not 0 <= options.seeds <= MOST_SEEDS:
        raise InputError(f"seeds is {options.seeds}. Allowed: 0 (the suite's own) to {MOST_SEEDS}")
    for name in options.metrics:
        metric_named(name)
        if options.metrics.count(name) > 1:
            raise InputError(f"metric {name!r} is named twice; name each metric once")
    label_free = [REVERSE_VALIDATION, *(name for name in VALIDATORS if name != ORACLE)]
    if options.validator and options.validator not in label_free:
        raise unknown_name("label-free validator", options.validator, label_free)
