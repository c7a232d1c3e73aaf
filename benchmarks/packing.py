"""Where several runs train fastest: alone, stacked in one program, in a row, or side by side.

    python -m benchmarks.packing [--networks=digits] [--rounds=7] [--steps=0] [--out=packing.json]

DANN on the network of the suite `quick` and on the MLP of `speed.py`, data resident. Times are
per step of one run. These ratios decide the packing that `xferlab.benchmark.runs.suite_run`
chooses where none is asked for; on another device they are to be measured anew.

Expected on two CPU cores: about three minutes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import jax
import jax.numpy as jnp

from benchmarks.output import describe_machine, parse_flags, show_machine, show_table, write_json
from benchmarks.problems import Problem, bag_of_words
from benchmarks.timing import Contestant, Rounds, least_ms, median_ms, ratio, time_in_turn
from xferlab.benchmark.suites.quick import DIGITS_NETWORK, DIGITS_TRAINING
from xferlab.core.names import NameTable
from xferlab.core.settings import Setting
from xferlab.data.feeds.resident import Resident, to_resident
from xferlab.data.made.optdigits import optdigits
from xferlab.data.task import TransferTask
from xferlab.methods.base import Stage
from xferlab.methods.dann import DANN
from xferlab.training.stage import CompiledStage, compile_stage, make_stage
from xferlab.training.step import TrainState

WIDTHS = (2, 4, 8)
METHOD = DANN()
STAGE_STEPS = DIGITS_TRAINING.steps


def digits() -> Problem:
    """Returns the first task of `quick` with its network."""
    source, target = optdigits("optdigits", half="a"), optdigits("optdigits_scan", half="b")
    task = TransferTask("scan", (source,), target, Setting.UNSUPERVISED_DA)
    return Problem(DIGITS_NETWORK, task.training_arrays())


PROBLEMS: NameTable[Callable[[], Problem]] = NameTable(
    "network", {"digits": digits, "mlp": bag_of_words}
)


class Runs(NamedTuple):
    """A number of runs that train as one program; one is not stacked."""

    stage: CompiledStage
    data: Resident
    width: int

    def start(self) -> TrainState:
        """Returns the states before the first step."""
        method, options = self._arguments()
        keys = jax.random.split(jax.random.key(0), self.width)
        key = keys if self.width > 1 else keys[0]
        size = len(self.data.splits.target.index)
        return jax.block_until_ready(self.stage.init(method, options, key, ({}, {}), size))

    def advance(self, state: TrainState, steps: int) -> None:
        """Trains all runs."""
        until = jnp.int32(steps)
        jax.block_until_ready(self.stage.chunk(state, *self._arguments(), self.data, until))

    def _arguments(self):
        arguments = (METHOD, DIGITS_TRAINING)
        if self.width == 1:
            return arguments
        return jax.tree.map(lambda leaf: jnp.full(self.width, leaf), arguments)


def make_contestants(problem: Problem) -> list[Contestant]:
    """Returns every way to train several runs of the problem."""
    functions = make_stage(problem.spec, Stage(METHOD), DIGITS_TRAINING, STAGE_STEPS)
    data = to_resident(problem.data)
    single = Runs(compile_stage(functions, stacked=False), data, 1)
    stacked = compile_stage(functions, stacked=True)
    contestants = [Contestant("one run alone", single.start, single.advance)]
    for width in WIDTHS:
        runs = Runs(stacked, data, width)
        contestants.append(Contestant(f"{width} stacked", runs.start, runs.advance, width))
    return [*contestants, in_a_row(single, 2), side_by_side(single, 2)]


def in_a_row(single: Runs, count: int) -> Contestant:
    """Returns runs that train one after another."""

    def advance(states: list[TrainState], steps: int) -> None:
        for state in states:
            single.advance(state, steps)

    return Contestant(f"{count} in a row", lambda: _states(single, count), advance, count)


def side_by_side(single: Runs, count: int) -> Contestant:
    """Returns runs that train at the same time, each in a thread of its own."""
    pool = ThreadPoolExecutor(count)

    def advance(states: list[TrainState], steps: int) -> None:
        list(pool.map(lambda state: single.advance(state, steps), states))

    return Contestant(f"{count} threads", lambda: _states(single, count), advance, count)


def _states(single: Runs, count: int) -> list[TrainState]:
    return [single.start() for _ in range(count)]


def rows(seconds: Rounds) -> list[list[str]]:
    """Returns the printed cells: milliseconds for a step of one run, by one run alone."""
    alone = next(iter(seconds))
    return [
        [
            name,
            f"{median_ms(seconds, name):.3f}",
            f"{least_ms(seconds, name):.3f}",
            f"{ratio(seconds, name, alone):.2f}",
        ]
        for name in seconds
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Measures, prints and returns the exit status."""
    values = parse_flags("packing", sys.argv[1:] if argv is None else argv, PROBLEMS)
    machine = describe_machine()
    show_machine(machine)
    results = {}
    for network in values.networks:
        contestants = make_contestants(PROBLEMS[network]())
        seconds = time_in_turn(contestants, values.rounds, values.steps)
        header = ["runs", "ms per run and step", "least ms", "× one alone"]
        show_table(f"DANN on {network}, 64 + 64 examples", header, rows(seconds))
        alone = contestants[0].name
        by_alone = {name: ratio(seconds, name, alone) for name in seconds}
        results[network] = {"seconds_per_run_step": seconds, "by_one_alone": by_alone}
    write_json(values.out, {"machine": machine, "networks": results})
    return 0


if __name__ == "__main__":
    sys.exit(main())
