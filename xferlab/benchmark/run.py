"""A suite from request to records, table and report."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence

from xferlab.benchmark.executor import Executor, ExecutorOptions, Report
from xferlab.benchmark.grid import Candidate, Pack, make_packs, task_spec
from xferlab.benchmark.manifest import (
    Manifest,
    ManifestRun,
    manifest_path,
    store_manifest,
    write_manifest,
)
from xferlab.benchmark.options import BenchOptions, check_presentation
from xferlab.benchmark.presentation import Results, present
from xferlab.benchmark.report_runs import read_runs
from xferlab.benchmark.spec import MethodSpec
from xferlab.benchmark.store import RunStore
from xferlab.benchmark.suite import Suite, SuiteHeader


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
    """Trains what is missing, then writes tables and report from the records alone.

    What the folder holds of the suite already stands in the same table, see `manifest`.

    Raises:
        InputError: if the folder cannot be written, or not a single run could be made.
    """
    store = RunStore(options.out)
    asked = make_manifest(_as_asked(suite, options).header, packs)
    manifest, remarks = store_manifest(options.out, asked)
    executor = Executor(
        store, ExecutorOptions(choose_jobs(options.jobs), options.checkpoint_seconds), report
    )
    outcome = executor.run(packs)
    reasons = dict.fromkeys(asked.digests, "")
    for failure in outcome.failures:
        reasons |= {spec.digest: failure.reason for spec, _ in failure.pack.runs}
    manifest = manifest.with_failures(reasons)
    write_manifest(manifest_path(options.out, manifest), manifest)
    runs = read_runs(store, manifest.runs)
    if outcome.failures and not runs.records:
        raise outcome.failures[0].error
    results = present(manifest.header, runs, options)
    said = (*remarks, *outcome.repaired.values())
    return dataclasses.replace(results, remarks=said, failures=tuple(outcome.failures))


def make_manifest(header: SuiteHeader, packs: Sequence[Pack]) -> Manifest:
    """Returns the manifest of a request."""
    runs = tuple(ManifestRun.of(spec) for pack in packs for spec, _ in pack.runs)
    return Manifest(header, {pack.suite_task.task.name: _setup(pack) for pack in packs}, runs)


def _setup(pack: Pack) -> str:
    """Returns the digest of what all methods share on a task: data, network, budget, code."""
    spec, _ = pack.runs[0]
    shared = dataclasses.replace(
        spec,
        task=task_spec(pack.suite_task.task),
        method=MethodSpec(name=""),
        training=pack.suite_task.training,
        seed=0,
        sees="",
        deterministic=False,
    )
    return shared.digest


def _as_asked(suite: Suite, options: BenchOptions) -> Suite:
    """Returns the suite with the validator and the metric of the request, if any."""
    header = dataclasses.replace(
        suite.header,
        validator=options.validator or suite.header.validator,
        metric=options.metric or suite.header.metric,
    )
    return dataclasses.replace(suite, header=header)
