"""What a user may ask of the run and the presentation of a suite."""

from __future__ import annotations

import dataclasses
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from xferlab.benchmark.store.records import ORACLE, REVERSE_VALIDATION
from xferlab.benchmark.suites.header import SuiteHeader
from xferlab.core.checks import whole_number
from xferlab.core.errors import InputError, unknown_name
from xferlab.core.names import NameTable
from xferlab.evaluation.metric_table import metric_named
from xferlab.evaluation.statistics import IntervalMethod
from xferlab.evaluation.validators.table import VALIDATORS

if TYPE_CHECKING:  # The command line starts without jax.
    from jax.sharding import Mesh

INTERVALS: NameTable[IntervalMethod] = NameTable("interval", {"t": "t", "bootstrap": "resampling"})


FEEDS = ("auto", "resident", "streamed")
"""Where training data are: on the device if they take at most half of its memory, always, never."""
MOST_SEEDS = 10_000
MOST_JOBS = 1024


class ExecutorOptions(NamedTuple):
    """How packs are executed; none of these changes a number, except through the pack's width.

    Attributes:
        jobs: packs that train at the same time, each in a thread.
        checkpoint_seconds: least time between two checkpoints of a pack.
        debug: whether every step checks what it reads and makes; packs are of one run then.
        width: kept runs that train in one program.
        probes: names of metrics with a probe, which runs are scored by.
        feed: where training data are, see `FEEDS`.
        mesh: devices that runs and batches are spread over; None for one.
        keep_weights: whether runs keep their trained networks, see `store.model_files`.
    """

    jobs: int
    checkpoint_seconds: float
    debug: bool = False
    width: int = 1
    probes: tuple[str, ...] = ()
    feed: str = "auto"
    mesh: Mesh | None = None
    keep_weights: bool = False


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
        feed: where training data are, of `FEEDS`; streamed ones stay on the host.
        mesh: 'RxD' spreads the runs of a program over R devices, and the examples of its batches
            over D; '' for one device.
        interval: 't' (Student's) or 'bootstrap', for the 95 % intervals over seeds.
        keep_weights: whether runs keep their trained networks. Of finished runs that did not, those
            that train one are trained again.
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
    feed: str = "auto"
    mesh: str = ""
    keep_weights: bool = False

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


def mesh_shape(mesh: str) -> tuple[int, int]:
    """Returns the devices for runs and for examples of 'RxD'; (1, 1) of ''.

    Raises:
        InputError: it is something else.
    """
    found = re.fullmatch(r"([1-9]\d{0,5})x([1-9]\d{0,5})", mesh or "1x1")
    if found is None:
        raise InputError(
            f"mesh is {mesh!r}; give the devices for runs and for the examples of a batch, such as"
            " 2x4, or leave it out for one device"
        )
    return int(found[1]), int(found[2])


def check_presentation(options: BenchOptions) -> None:
    """Raises InputError for a name that does not exist, or a number outside its range."""
    INTERVALS[options.interval]
    if options.feed not in FEEDS:
        raise unknown_name("feed", options.feed, FEEDS)
    mesh_shape(options.mesh)
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
