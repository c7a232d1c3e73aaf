"""What ten evaluations of a run cost beside one: a whole table, from data on the host to report.

    python -m benchmarks.evaluation [--networks=mlp] [--data_dir=DATA] [--rounds=3] [--seeds=5]

DANN at the budgets of the suites `amazon_reviews` (an MLP on sparse word counts, 500 steps, on
books→dvd) and `digits` (LeNet, 600 steps, on USPS→MNIST). Without a data folder it trains on random
arrays of the same shapes. Every table is made in a process of its own, so that its peak memory is
its own; one and ten evaluations take turns. Compiling is part of the time.

CPU seconds are those of all threads of the process: other work on the machine disturbs them less
than it disturbs the seconds of the clock. A ratio is the median of the rounds' ratios.

The goal is a ratio of at most 1.2. Expected on two CPU cores: ten minutes; `--steps` and `--seeds`
shorten it, and the share of what compiles then grows.
"""

from __future__ import annotations

import dataclasses
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from absl import flags

from benchmarks.output import describe_machine, show_machine, show_table, write_json
from xferlab.benchmark.present import run_suite
from xferlab.benchmark.runs.methods import find_methods
from xferlab.benchmark.runs.options import BenchOptions
from xferlab.benchmark.runs.suite_run import plan_suite
from xferlab.benchmark.suites.amazon import NETWORK, TRAINING, amazon_reviews
from xferlab.benchmark.suites.digits import LENET, SHORT, digits
from xferlab.benchmark.suites.header import SuiteHeader
from xferlab.benchmark.suites.pairs import pair
from xferlab.benchmark.suites.suite import Suite, SuiteRequest, SuiteTask
from xferlab.core.names import NameTable
from xferlab.core.sparse import SparseRows
from xferlab.data.domain import Domain
from xferlab.data.split import Split

EVALUATIONS = (1, 10)
SLOTS = 300
"""Different words of the longest review, about."""


class Cost(NamedTuple):
    """What one table took.

    Attributes:
        cpu_seconds: of all threads.
        seconds: of the clock.
        peak_mib: the most memory that the process held, data included.
    """

    cpu_seconds: float
    seconds: float
    peak_mib: float


def reviews(data_dir: Path | None) -> SuiteTask:
    """Returns books→dvd, or random bags of about 120 of 5000 words, 1800 and 2000, 3586 in test."""
    if data_dir is not None:
        suite = amazon_reviews(SuiteRequest(data_dir=data_dir))
        return next(each for each in suite.tasks if each.task.name == "books->dvd")
    rng = np.random.default_rng(0)
    source = _made("a", {"train": _bags(rng, 1800), "test": _bags(rng, 200)}, 2)
    target = _made("b", {"train": _bags(rng, 2000), "test": _bags(rng, 3586)}, 2)
    return SuiteTask(task=pair(source, target), network=NETWORK, training=TRAINING)


def usps_to_mnist(data_dir: Path | None) -> SuiteTask:
    """Returns USPS→MNIST, or random images in the same numbers."""
    if data_dir is not None:
        suite = digits(SuiteRequest(data_dir=data_dir))
        return next(each for each in suite.tasks if each.task.name == "usps->mnist")
    rng = np.random.default_rng(0)
    source = _made("a", {"train": _images(rng, 7291), "test": _images(rng, 2007)}, 10)
    target = _made("b", {"train": _images(rng, 60_000), "test": _images(rng, 10_000)}, 10)
    return SuiteTask(task=pair(source, target), network=LENET, training=SHORT)


def _bags(rng: np.random.Generator, n: int) -> SparseRows:
    used = np.arange(SLOTS) < 120
    indices = np.where(used, rng.integers(0, 5000, (n, SLOTS)), 0).astype(np.int32)
    return SparseRows(indices, np.tile(used, (n, 1)).astype(np.float32), 5000)


def _images(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.integers(0, 256, (n, 28, 28, 1), np.uint8)


def _made(name: str, inputs: dict[str, Any], classes: int) -> Domain:
    splits = {part: Split(rows, np.arange(len(rows)) % classes) for part, rows in inputs.items()}
    return Domain(name, splits, tuple(str(label) for label in range(classes)))


PROBLEMS: NameTable[Callable[[Path | None], SuiteTask]] = NameTable(
    "network", {"mlp": reviews, "lenet": usps_to_mnist}
)


def make_table(values: flags.FlagValues, network: str, evaluations: int) -> Cost:
    """Trains and scores DANN, writes table and report, and returns what it took."""
    place = PROBLEMS[network](Path(values.data_dir) if values.data_dir else None)
    training = dataclasses.replace(place.training, evaluations=evaluations)
    training = dataclasses.replace(training, steps=values.steps or training.steps)
    header = SuiteHeader(name="evaluation", title="evaluation", protocol=())
    place = dataclasses.replace(place, training=training)
    suite = Suite(header=header, tasks=(place,), methods=("dann",), seeds=values.seeds)
    with tempfile.TemporaryDirectory() as folder:
        begin, cpu = time.perf_counter(), time.process_time()
        options = BenchOptions(out=Path(folder))
        packs = plan_suite(suite, list(find_methods(["dann"]).values()), options)
        run_suite(suite, packs, options, lambda *_: None)
        spent = time.process_time() - cpu, time.perf_counter() - begin
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return Cost(*spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit)


def measure(network: str, arguments: Sequence[str], rounds: int) -> dict[int, list[Cost]]:
    """Returns the cost of one and of ten evaluations, in turn, each in a process of its own."""
    costs: dict[int, list[Cost]] = {count: [] for count in EVALUATIONS}
    for _ in range(rounds):
        for count in EVALUATIONS:
            command = [sys.executable, "-m", "benchmarks.evaluation", *arguments]
            command += [f"--networks={network}", f"--alone={count}"]
            printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            costs[count].append(Cost(*json.loads(printed.splitlines()[-1])))
    return costs


def ratio(costs: dict[int, list[Cost]], field: str) -> float:
    """Returns the median over rounds of what ten evaluations take by what one takes."""
    few, many = ([cost._asdict()[field] for cost in costs[count]] for count in EVALUATIONS)
    return statistics.median(b / a for a, b in zip(few, many, strict=True))


def rows(costs: dict[int, list[Cost]]) -> list[list[str]]:
    """Returns the printed cells: medians of both, and ratios."""
    medians = {n: [statistics.median(c) for c in zip(*costs[n], strict=True)] for n in EVALUATIONS}
    cells = [[str(n), *(f"{value:.1f}" for value in medians[n])] for n in EVALUATIONS]
    return [*cells, ["ratio", *(f"{ratio(costs, field):.2f}" for field in Cost._fields)]]


def define_flags() -> flags.FlagValues:
    """Returns the flags of the measurement."""
    values = flags.FlagValues()
    flags.DEFINE_list("networks", list(PROBLEMS), "what is trained", flag_values=values)
    flags.DEFINE_string("data_dir", "", "data sets; empty: made-up arrays", flag_values=values)
    flags.DEFINE_integer("rounds", 3, "measurements of each", lower_bound=1, flag_values=values)
    flags.DEFINE_integer("seeds", 5, "runs of a table", lower_bound=1, flag_values=values)
    flags.DEFINE_integer("steps", 0, "0: the suite's own", lower_bound=0, flag_values=values)
    flags.DEFINE_integer("alone", 0, "one table of so many evaluations", flag_values=values)
    flags.DEFINE_string("out", "", "file for the figures as JSON", flag_values=values)
    return values


def main(argv: Sequence[str] | None = None) -> int:
    """Measures, prints and returns the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    values = define_flags()
    values(["evaluation", *arguments])
    if values.alone:
        print(json.dumps(make_table(values, values.networks[0], values.alone)))
        return 0
    machine = describe_machine()
    show_machine(machine)
    results = {}
    for network in values.networks:
        costs = measure(network, arguments, values.rounds)
        header = ["evaluations", "CPU seconds", "seconds", "peak MiB"]
        show_table(f"DANN on {network}, {values.seeds} seeds", header, rows(costs))
        results[network] = costs
    write_json(values.out, {"machine": machine, "networks": results})
    return 0


if __name__ == "__main__":
    sys.exit(main())
