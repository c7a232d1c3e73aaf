"""A suite from request to finished runs."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Sequence
from typing import Any

from threadpoolctl import threadpool_limits

from xferlab.benchmark.runs.executor import Executor, OnProgress
from xferlab.benchmark.runs.kept import describe_kept
from xferlab.benchmark.runs.kept_spec import task_spec
from xferlab.benchmark.runs.options import (
    BenchOptions,
    ExecutorOptions,
    check_presentation,
    mesh_shape,
)
from xferlab.benchmark.runs.outcome import Failure
from xferlab.benchmark.runs.plan import Candidate, Pack, make_packs
from xferlab.benchmark.runs.probing import Probing, probes_among
from xferlab.benchmark.store.folders import DamagedRunError, RunStore
from xferlab.benchmark.store.load import load_record
from xferlab.benchmark.store.load_suite import SuiteRuns, read_runs
from xferlab.benchmark.store.manifest import (
    Manifest,
    ManifestRun,
    manifest_path,
    store_manifest,
    write_manifest,
)
from xferlab.benchmark.store.records import REVERSE_VALIDATION
from xferlab.benchmark.store.scores import check_probed
from xferlab.benchmark.store.spec import MethodSpec
from xferlab.benchmark.suites.header import SuiteHeader
from xferlab.benchmark.suites.suite import Suite
from xferlab.core.errors import InputError
from xferlab.core.settings import View
from xferlab.evaluation.metric_table import LABEL_FREE, metric_of
from xferlab.evaluation.validators.oracle import OracleAccuracy
from xferlab.evaluation.validators.table import VALIDATORS


def choose_width(requested: int, seeds: int) -> int:
    """Returns the number of runs per program: all seeds on an accelerator, one on a CPU.

    On two CPU cores a program of stacked runs is no faster per run than runs side by side
    (benchmarks/packing.py measures it), while an accelerator fills up only with several.
    """
    import jax

    return requested or (1 if jax.default_backend() == "cpu" else seeds)


def choose_mesh(options: BenchOptions, packs: Sequence[Pack]) -> Any:
    """Returns the mesh that is asked for; None for one device.

    Raises:
        InputError: more devices than there are, or numbers of runs or of examples in a batch that
            do not divide by the devices they are spread over.
    """
    runs, data = mesh_shape(options.mesh)
    if runs * data == 1:
        return None
    from xferlab.training.sharding import make_mesh

    for pack in packs:
        if len(pack.runs) % runs:
            raise InputError(
                f"mesh {options.mesh} spreads the runs of a program over {runs} devices, and"
                f" {pack.runs[0][0].title} trains with {len(pack.runs)} in one. Give a width and a"
                f" number of seeds that {runs} divides, or 1x{data}"
            )
        for size in pack.suite_task.training.batch_sizes:
            if size % data:
                raise InputError(
                    f"mesh {options.mesh} spreads a batch over {data} devices, and one of task"
                    f" {pack.task.name!r} has {size} examples. Choose devices that divide it"
                )
    return make_mesh(runs, data)


def choose_jobs(requested: int) -> int:
    """Returns the number of packs that train at once: one per core on a CPU, up to 4."""
    import jax

    if requested:
        return requested
    return min(4, os.cpu_count() or 1) if jax.default_backend() == "cpu" else 1


def plan_suite(suite: Suite, candidates: Sequence[Candidate], options: BenchOptions) -> list[Pack]:
    """Returns the suite's packs. Raises InputError for what does not fit together."""
    check_presentation(options)
    shown = options.metrics_of(suite.header)
    for each in suite.tasks:
        for name in options.metrics:
            if name not in LABEL_FREE:
                metric_of(each.task.heads, name)
        Probing(each.task, probes_among(shown))
    seeds = options.seeds or suite.seeds
    suite = _as_asked(suite, options)
    _check_validator(suite)
    return make_packs(suite, candidates, seeds=seeds, width=choose_width(options.width, seeds))


def _check_validator(suite: Suite) -> None:
    """Raises InputError, before any training, for a validator that looks at what a task hides."""
    name = suite.header.validator
    chosen = None if name == REVERSE_VALIDATION else VALIDATORS[name]
    if chosen is None or isinstance(chosen, OracleAccuracy):
        return
    for setting in (each.task.setting for each in suite.tasks):
        hidden = {
            "source": chosen.needs_source and setting.source is View.ABSENT,
            "target": chosen.needs_target and max(setting.target, setting.shots) is View.ABSENT,
        }
        for role in (role for role, hides in hidden.items() if hides):
            raise InputError(
                f"validator {name!r} looks at the {role}, which setting"
                f" {setting.label!r} hides. Choose another --validator, such as"
                f" {'source_accuracy' if role == 'target' else 'information_maximisation'!r}"
            )


@dataclasses.dataclass(frozen=True)
class SuiteRun:
    """What running a suite came to, before any table.

    Attributes:
        header: what is said of the suite.
        runs: every run that its folder's table shows: those asked for, and earlier ones.
        remarks: sentences about the folder: what was repaired, what was kept under another name.
        failures: packs that could not run.
    """

    header: SuiteHeader
    runs: SuiteRuns
    remarks: tuple[str, ...]
    failures: tuple[Failure, ...]


def train_suite(
    suite: Suite, packs: Sequence[Pack], options: BenchOptions, report: OnProgress
) -> SuiteRun:
    """Trains what is missing of a suite, and reads all of it.

    What the folder holds of the suite already stands in the same table, see `manifest`. NumPy's
    and SciPy's linear algebra runs in one thread: packs train side by side, and threads that wait
    for each other's cores take up to ten times as long; last bits then do not depend on the number
    of cores either.

    Raises:
        InputError: if the folder cannot be written, not a single run could be made, or runs of the
            table are finished without a probe that is asked for.
    """
    store = RunStore(options.out)
    asked = make_manifest(_as_asked(suite, options).header, packs)
    manifest, remarks = store_manifest(options.out, asked)
    mesh = choose_mesh(options, packs)
    execution = ExecutorOptions(
        choose_jobs(options.jobs) if mesh is None else 1,
        options.checkpoint_seconds,
        options.debug,
        choose_width(options.width, options.seeds or suite.seeds),
        probes_among(options.metrics_of(suite.header)),
        options.feed,
        mesh,
        options.keep_weights,
    )
    _check_probed(store, manifest, execution.probes)
    executor = Executor(store, execution, report)
    with threadpool_limits(limits=1, user_api="blas"):
        outcome = executor.run(packs)
    reasons = dict.fromkeys(asked.digests, "")
    for failure in outcome.failures:
        reasons |= {spec.digest: failure.reason for spec, _ in failure.pack.runs}
    manifest = manifest.with_failures(reasons)
    write_manifest(manifest_path(options.out, manifest), manifest)
    runs = read_runs(store, manifest.runs)
    if outcome.failures and not runs.records:
        raise outcome.failures[0].error
    remarks = (*remarks, *outcome.repaired.values())
    return SuiteRun(manifest.header, runs, remarks, tuple(outcome.failures))


def _check_probed(store: RunStore, manifest: Manifest, probes: Sequence[str]) -> None:
    """Raises InputError, before any training, for finished runs without a score by a probe."""
    for run in manifest.runs if probes else ():
        if not store.has(run.digest):
            continue
        with contextlib.suppress(DamagedRunError):  # It is trained anew.
            record = load_record(store, run.digest)
            for name in probes:
                check_probed(record, name)


def make_manifest(header: SuiteHeader, packs: Sequence[Pack]) -> Manifest:
    """Returns the manifest of a request."""
    runs = tuple(ManifestRun.of(spec) for pack in packs for spec, _ in pack.runs)
    protocol = (*header.protocol, *describe_kept(packs))
    header = dataclasses.replace(header, protocol=protocol)
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
        start="",
    )
    return shared.digest


def _as_asked(suite: Suite, options: BenchOptions) -> Suite:
    """Returns the suite with the validator and the metrics of the request, if any."""
    metric, *further = options.metrics_of(suite.header)
    header = dataclasses.replace(
        suite.header,
        validator=options.validator or suite.header.validator,
        metric=metric,
        further_metrics=tuple(further),
    )
    return dataclasses.replace(suite, header=header)
