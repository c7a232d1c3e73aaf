"""Part 1: what the device is, and the suite `quick` for a few steps, from data to report."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator
from pathlib import Path

import jax

from benchmarks.device.page import Table
from benchmarks.device.request import Request
from benchmarks.output import describe_machine
from xferlab.benchmark.present import run_suite
from xferlab.benchmark.runs.methods import find_methods
from xferlab.benchmark.runs.options import BenchOptions
from xferlab.benchmark.runs.suite_run import plan_suite
from xferlab.benchmark.suites.quick import quick
from xferlab.benchmark.suites.suite import SuiteRequest

METHODS = ("source_only", "ada_bn", "dann", "shot")
"""Between them: no alignment, no gradient, a network of its own, stages and refreshes."""
STEPS = 20
OPTIONAL = {
    "grain": "no streamed data",
    "tensorflow_datasets": "no data sets of TFDS",
    "array_record": "no data sets of TFDS",
    "ml_collections": "no experiments by --config",
    "ray": "not used yet",
    "torch": "no PyTorch beside the steps",
}


def measure(request: Request) -> Iterator[Table]:
    """Yields the device, then a row for each task of the suite."""
    yield describe()
    yield run_quick(request)


def describe() -> Table:
    """Returns versions, device, memory, cores, and which optional packages are missing."""
    machine = describe_machine()
    stats = jax.devices()[0].memory_stats() or {}
    rows = [["Python", str(machine["python"])]]
    rows += [[name, str(version)] for name, version in machine["versions"].items()]
    rows += [[name, str(machine[name])] for name in ("platform", "device", "devices")]
    if "bytes_limit" in stats:
        rows.append(["device memory that JAX may use", f"{stats['bytes_limit'] / 2**30:.1f} GiB"])
    rows += [[name.replace("_", " "), str(machine[name])] for name in ("usable_cores",)]
    missing = [name for name in OPTIONAL if not _is_there(name)]
    notes = [f"Missing: {name}: {OPTIONAL[name]}." for name in missing]
    return Table("Device", ["what", "value"], rows, notes, {"machine": machine, "missing": missing})


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # What a finder that blocks a module raises.
        return False


def run_quick(request: Request) -> Table:
    """Returns how long the suite took, and that no run diverged."""
    begin = time.perf_counter()
    suite = quick(SuiteRequest(steps=STEPS))
    names = METHODS[2:3] if request.tiny else METHODS
    tasks = suite.tasks[:1] if request.tiny else suite.tasks
    suite = type(suite)(header=suite.header, tasks=tasks, methods=names, seeds=suite.seeds)
    options = BenchOptions(out=Path(request.out) / "runs", seeds=2)
    packs = plan_suite(suite, list(find_methods(names).values()), options)
    results = run_suite(suite, packs, options, lambda *_: None)
    seconds = time.perf_counter() - begin
    diverged = sum(record.status == "diverged" for record in results.records)
    rows = [
        [
            f"quick: {len(tasks)} tasks, {len(names)} methods, 2 seeds, {STEPS} steps",
            str(len(results.records)),
            str(diverged),
            f"{seconds:.1f}",
        ]
    ]
    notes = ["From data to report, compiling included; finished runs are not trained again."]
    figures = {"quick_seconds": seconds, "quick_diverged": diverged}
    return Table("End to end", ["suite", "runs", "diverged", "seconds"], rows, notes, figures)
