"""A suite from request to records, table and report."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xferlab.benchmark.environment import describe_environment
from xferlab.benchmark.executor import Executor, ExecutorOptions, Report
from xferlab.benchmark.grid import Candidate, Pack, make_packs
from xferlab.benchmark.loading import load_record
from xferlab.benchmark.published import load_published
from xferlab.benchmark.records import ORACLE, RunRecord
from xferlab.benchmark.rendering import to_csv, to_latex, to_markdown
from xferlab.benchmark.report import write_report
from xferlab.benchmark.selection import LAST
from xferlab.benchmark.store import RunStore, disk_errors, write_aside
from xferlab.benchmark.suite import Suite, SuiteHeader, read_manifest, write_manifest
from xferlab.benchmark.tables import Table, TableSpec, build_table
from xferlab.core.bibliography import citation
from xferlab.core.errors import InputError, unknown_name
from xferlab.core.names import NameTable
from xferlab.evaluation.metrics import METRICS
from xferlab.evaluation.statistics import Method as IntervalMethod
from xferlab.evaluation.validators.table import VALIDATORS
from xferlab.methods.table import METHODS

INTERVALS: NameTable[IntervalMethod] = NameTable("interval", {"t": "t", "bootstrap": "resampling"})


@dataclasses.dataclass(frozen=True, kw_only=True)
class BenchOptions:
    """How a suite is run and presented.

    Attributes:
        out: folder of runs and results.
        seeds: number of seeds; 0 for the suite's own.
        width: runs that train in one program; 0 chooses by device.
        jobs: packs that train at the same time; 0 chooses by device.
        checkpoint_seconds: least time between two checkpoints of a pack.
        metric: the metric of the table.
        validator: label-free selection of the table; '' for the suite's own.
        interval: 't' (Student's) or 'bootstrap', for the 95 % intervals over seeds.
    """

    out: Path
    seeds: int = 0
    width: int = 0
    jobs: int = 0
    checkpoint_seconds: float = 60.0
    metric: str = "accuracy"
    validator: str = ""
    interval: str = "t"


@dataclasses.dataclass(frozen=True)
class Results:
    """What a suite left: its records, its table and the files that were written."""

    records: tuple[RunRecord, ...]
    table: Table
    report: Path


def choose_width(requested: int, seeds: int) -> int:
    """Returns the number of runs per program: all seeds on an accelerator, one on a CPU.

    On two CPU cores a program of stacked runs is no faster per run than runs side by side
    (benchmarks/packing.py measures it), while an accelerator fills up only with several.
    """
    import jax

    return requested or (1 if jax.default_backend() == "cpu" else seeds)


def choose_jobs(requested: int) -> int:
    """Returns the number of packs that train at once: one per core on a CPU, up to 4."""
    import jax

    if requested:
        return requested
    return min(4, os.cpu_count() or 1) if jax.default_backend() == "cpu" else 1


def plan_suite(suite: Suite, candidates: Sequence[Candidate], options: BenchOptions) -> list[Pack]:
    """Returns the suite's packs. Raises InputError for what does not fit together."""
    check_presentation(options)
    seeds = options.seeds or suite.seeds
    return make_packs(suite, candidates, seeds=seeds, width=choose_width(options.width, seeds))


def check_presentation(options: BenchOptions) -> None:
    """Raises InputError for a metric or a label-free validator that does not exist."""
    METRICS[options.metric]
    label_free = [name for name in VALIDATORS if name != ORACLE]
    if options.validator and options.validator not in label_free:
        raise unknown_name("label-free validator", options.validator, label_free)


def run_suite(
    suite: Suite, packs: Sequence[Pack], options: BenchOptions, report: Report
) -> Results:
    """Trains what is missing, then writes tables and report from the records alone."""
    store = RunStore(options.out)
    digests = [spec.digest for pack in packs for spec, _ in pack.runs]
    write_manifest(options.out / f"{suite.header.name}.suite", suite.header, digests)
    executor = Executor(
        store, ExecutorOptions(choose_jobs(options.jobs), options.checkpoint_seconds), report
    )
    executor.run(packs)
    records = tuple(load_record(store, digest) for digest in digests)
    return present(suite.header, records, options, describe_environment(len(packs[0].runs)))


def present(
    suite: SuiteHeader,
    records: tuple[RunRecord, ...],
    options: BenchOptions,
    environment: dict[str, Any],
) -> Results:
    """Builds the table and writes it, with the report, beside the runs."""
    names = dict.fromkeys(record.method for record in records)
    table = build_table(
        records,
        TableSpec(
            title=suite.title,
            rules=(LAST, options.validator or suite.validator, ORACLE),
            metric=options.metric,
            baseline="source_only" if "source_only" in names else next(iter(names)),
            published=load_published() if suite.published else (),
            protocol=suite.protocol,
            interval=INTERVALS[options.interval],
        ),
    )
    renderers = {"md": to_markdown, "csv": to_csv, "tex": to_latex}
    for suffix, render in renderers.items():
        path = options.out / f"{suite.name}.{suffix}"
        with disk_errors(path):
            write_aside(path, render(table).encode())
    versions = environment.pop("versions") | {k: str(v) for k, v in environment.items()}
    references = {
        name: citation(METHODS[name].reference)
        for name in names
        if name in METHODS and METHODS[name].reference
    }
    path = write_report(
        records, table, options.out / f"{suite.name}.html", versions=versions, references=references
    )
    return Results(records, table, path)


def parse_sweeps(texts: Sequence[str]) -> dict[str, dict[str, list[float]]]:
    """Returns the values to try by method and hyper-parameter, from 'dann.weight=0.1,1'.

    Raises:
        InputError: for a text of another form.
    """
    sweeps: dict[str, dict[str, list[float]]] = {}
    for text in texts:
        name, _, values = text.partition("=")
        method, _, hyper = name.partition(".")
        try:
            numbers = [float(value) for value in values.split(",")]
        except ValueError:
            numbers = []
        if not (method and hyper and numbers and all(map(math.isfinite, numbers))):
            raise InputError(
                f"sweep {text!r} is not of the form METHOD.HYPER=VALUE,VALUE,... with finite"
                " numbers, for example dann.weight=0.1,1"
            )
        sweeps.setdefault(method, {})[hyper] = numbers
    return sweeps


def report_folder(options: BenchOptions, *, suite: str = "") -> Results:
    """Builds tables and report from the finished runs of a folder, without training.

    Args:
        options: the folder, and what the table shows.
        suite: which suite, where the folder holds several.

    Raises:
        InputError: if the folder holds no suite, several and none is named, or no finished run.
    """
    check_presentation(options)
    found = {path.stem: path for path in sorted(options.out.glob("*.suite"))}
    if not found:
        raise InputError(
            f"folder {str(options.out)!r} holds no suite; give the --out of a `xferlab bench`"
        )
    if not suite and len(found) > 1:
        raise InputError(
            f"folder {str(options.out)!r} holds several suites; give --suite, one of"
            f" {', '.join(found)}"
        )
    path = NameTable("suite in that folder", found)[suite or next(iter(found))]
    header, digests = read_manifest(path)
    store = RunStore(options.out)
    finished = [digest for digest in digests if store.has(digest)]
    if not finished:
        raise InputError(f"no run of suite {header.name!r} in {str(options.out)!r} is finished yet")
    if len(finished) < len(digests):
        missing = f"UNFINISHED: {len(finished)} of {len(digests)} runs."
        header = dataclasses.replace(header, protocol=(missing, *header.protocol))
    records = tuple(load_record(store, digest) for digest in finished)
    return present(header, records, options, store.read(finished[0])["environment"])
