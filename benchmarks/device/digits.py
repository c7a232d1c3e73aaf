"""Part 5: the digits of the papers, for as many of the published steps as there is time for."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path

import jax
import numpy as np

from benchmarks.device.page import Table
from benchmarks.device.program import time_program
from benchmarks.device.request import Request
from xferlab.benchmark.runs.executor import Executor, ExecutorOptions
from xferlab.benchmark.runs.methods import find_methods
from xferlab.benchmark.runs.plan import Candidate, Pack, make_packs
from xferlab.benchmark.runs.suite_run import choose_jobs, choose_width
from xferlab.benchmark.store.folders import RunStore
from xferlab.benchmark.store.load import load_record
from xferlab.benchmark.suites.digits import digits_full
from xferlab.benchmark.suites.quick import quick
from xferlab.benchmark.suites.suite import Suite, SuiteRequest
from xferlab.benchmark.tables.published import Published, load_published, primary_rows
from xferlab.data.feeds.resident import to_resident
from xferlab.evaluation.statistics import mean_interval
from xferlab.methods.dann import DANN

COSTS = {"source_only": 0.6, "dann": 1.0, "cdan": 1.2, "mcd": 6.0}
"""The methods, and about what a step costs by one of DANN (MCD makes six updates)."""
SHARE = 0.7
"""Of the time that is left, for the steps themselves; the rest compiles and scores."""
TINY_STEPS, LEAST_STEPS = 20, 100
HEADER = [  # Intervals are Student's, 95 %, over seeds, cut at 0 and 100.
    "method", "seeds", "steps", "seconds", "accuracy, last step [95 %]", "gain", "published (rule)"
]  # fmt: skip


def measure(request: Request) -> Iterator[Table]:
    """Yields a table for each task, MNIST → MNIST-M first."""
    suite, published, note = _suite(request)
    seeds = _seeds(request)
    steps, pilot = _steps(request, suite, seeds)
    training = [
        dataclasses.replace(each.training, steps=steps, evaluations=1) for each in suite.tasks
    ]
    tasks = tuple(
        dataclasses.replace(each, training=t) for each, t in zip(suite.tasks, training, strict=True)
    )
    full = suite.tasks[0].training.steps
    suite = dataclasses.replace(suite, tasks=tasks)
    if steps < full:
        note = (
            f"SHORTENED: {steps} of {full} steps; levels do not compare with published ones. {note}"
        )
    yield pilot
    candidates = list(find_methods(COSTS).values())
    for each in suite.tasks:
        one = dataclasses.replace(suite, tasks=(each,))
        yield _measure_task(request, one, candidates, seeds, published, note)


def _suite(request: Request) -> tuple[Suite, dict[str, Published], str]:
    """Returns the suite, its published numbers by task and method, and what to say of it."""
    if not request.data_dir:
        suite = quick(SuiteRequest())
        suite = dataclasses.replace(suite, tasks=suite.tasks[:1])
        return suite, {}, "No --data_dir: scikit-learn's digits stand in; nothing is published."
    suite = digits_full(SuiteRequest(data_dir=Path(request.data_dir)))
    by_worth = sorted(suite.tasks, key=lambda each: each.task.name != "mnist->mnistm")
    suite = dataclasses.replace(suite, tasks=tuple(by_worth))
    rows = primary_rows(load_published(suite.header.published))
    published = {f"{row.task} {row.method}": row for row in rows}
    return suite, published, suite.header.protocol[-1]


def _seeds(request: Request) -> int:
    if request.tiny:
        return 2
    return 3 if jax.default_backend() == "cpu" else 8


def _steps(request: Request, suite: Suite, seeds: int) -> tuple[int, Table]:
    """Returns the steps that fit, from the time of DANN's step on the first task."""
    each, full = suite.tasks[0], suite.tasks[0].training.steps
    data = to_resident(each.task.training_arrays())
    width = choose_width(0, seeds)
    timed = time_program(
        each.network, DANN(), each.training, data, width=width,
        seconds=0.01 if request.tiny else 1.0,
    )  # fmt: skip
    per_step = timed.seconds * seeds * sum(COSTS.values()) * len(suite.tasks)
    fitting = int(SHARE * request.left / per_step)
    steps = TINY_STEPS if request.tiny else min(full, max(LEAST_STEPS, fitting))
    row = [str(width), f"{1000 * timed.seconds:.4f}", f"{timed.compile_seconds:.1f}", str(steps)]
    header = ["runs in a program", "ms per run and step", "seconds to compile", "steps chosen"]
    notes = [f"The whole schedule has {full} steps."]
    return steps, Table("DANN's step, and what fits", header, [row], notes, timed._asdict())


def _measure_task(
    request: Request,
    suite: Suite,
    candidates: list[Candidate],
    seeds: int,
    published: dict[str, Published],
    note: str,
) -> Table:
    store = RunStore(Path(request.out) / "runs")
    options = ExecutorOptions(jobs=choose_jobs(0), checkpoint_seconds=600.0)
    executor = Executor(store, options, lambda *_: None)
    task, steps = suite.tasks[0].task.name, suite.tasks[0].training.steps
    rows, notes, found = [], [note], {}
    dann_seconds = 0.0
    for candidate in candidates:
        if request.left < COSTS[candidate.name] * dann_seconds:
            notes.append(f"Left out for want of time: {candidate.name}.")
            continue
        packs = make_packs(suite, [candidate], seeds=seeds, width=choose_width(0, seeds))
        begin = time.perf_counter()
        executor.run(packs)
        seconds = time.perf_counter() - begin
        dann_seconds = max(dann_seconds, seconds / COSTS[candidate.name])
        scores = _scores(store, packs)
        found[candidate.name] = {"accuracy": scores, "seconds": seconds}
        gain = _gain(scores, found.get("source_only", {}).get("accuracy", []))
        cells = [_mean(scores), gain, _published(published.get(f"{task} {candidate.name}"))]
        rows.append([candidate.name, str(len(scores)), str(steps), f"{seconds:.1f}", *cells])
    return Table(task, HEADER, rows, notes, {"task": task, "steps": steps, "found": found})


def _scores(store: RunStore, packs: list[Pack]) -> list[float]:
    """Returns the accuracies of the last step in percent; runs that diverged have none."""
    records = [load_record(store, spec.digest) for pack in packs for spec, _ in pack.runs]
    done = [record for record in records if record.status == "done"]
    return [100 * record.evaluations[-1].metrics["accuracy"] for record in done]


def _mean(scores: list[float]) -> str:
    if len(scores) < 2:
        return f"{scores[0]:.1f}" if scores else "diverged"
    mean, low, high, _ = mean_interval(scores, method="t", bounds=(0.0, 100.0))
    return f"{mean:.1f} [{low:.1f}, {high:.1f}]"


def _gain(scores: list[float], baseline: list[float]) -> str:
    if not scores or not baseline or scores is baseline:
        return ""
    return f"{np.mean(scores) - np.mean(baseline):+.1f}"


def _published(row: Published | None) -> str:
    return "–" if row is None else f"{row.value:.1f} ({row.rule}; {row.protocol})"
