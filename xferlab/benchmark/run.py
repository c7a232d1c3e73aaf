"""A suite from request to records, table and report."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence

from xferlab.benchmark.executor import Executor, ExecutorOptions, Report
from xferlab.benchmark.grid import Candidate, Pack, make_packs
from xferlab.benchmark.options import BenchOptions, check_presentation
from xferlab.benchmark.presentation import Results, present
from xferlab.benchmark.report_runs import read_runs
from xferlab.benchmark.store import RunStore
from xferlab.benchmark.suite import Suite, write_manifest


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
    suite = _as_asked(suite, options)
    return make_packs(suite, candidates, seeds=seeds, width=choose_width(options.width, seeds))


def run_suite(
    suite: Suite, packs: Sequence[Pack], options: BenchOptions, report: Report
) -> Results:
    """Trains what is missing, then writes tables and report from the records alone."""
    suite = _as_asked(suite, options)
    store = RunStore(options.out)
    digests = [spec.digest for pack in packs for spec, _ in pack.runs]
    write_manifest(options.out / f"{suite.header.name}.suite", suite.header, digests)
    executor = Executor(
        store, ExecutorOptions(choose_jobs(options.jobs), options.checkpoint_seconds), report
    )
    executor.run(packs)
    return present(suite.header, read_runs(store, digests), options)


def _as_asked(suite: Suite, options: BenchOptions) -> Suite:
    """Returns the suite with the validator and the metric of the request, if any."""
    header = dataclasses.replace(
        suite.header,
        validator=options.validator or suite.header.validator,
        metric=options.metric or suite.header.metric,
    )
    return dataclasses.replace(suite, header=header)
