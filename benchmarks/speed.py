"""What a step of xferlab costs beside the least that it could cost, and beside PyTorch.

    python -m benchmarks.speed [--networks=mlp] [--rounds=7] [--steps=0] [--out=speed.json]

One DANN step on 64 + 64 examples by SGD with momentum, on an MLP 5000-100 and on LeNet, data in
memory. *Looped* contestants get every batch from the host and run a program for each step;
*scanned* ones draw their batches inside one program of many steps. Rivals repeat xferlab's
arithmetic (`minimal_jax.py`, `minimal_torch.py`); PyTorch needs the extra `peers`. All take turns
in one process, and a ratio is the median of the rounds' ratios.

The goal is at most 3 % over the minimal step. It takes two to three minutes on two idle cores; a
busy machine gives ratios that mean nothing, and the program warns of it.
"""

from __future__ import annotations

import functools
import importlib.util
import sys
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks import minimal_jax
from benchmarks.output import (
    cores,
    describe_machine,
    parse_flags,
    show_machine,
    show_table,
    write_json,
)  # fmt: skip
from benchmarks.problems import (
    BATCH_SIZES,
    LR,
    MOMENTUM,
    PROBLEMS,
    TOTAL_STEPS,
    Problem,
    host_batches,
)  # fmt: skip
from benchmarks.timing import Contestant, Rounds, least_ms, median_ms, ratio, time_in_turn
from xferlab.data.feeds.resident import to_resident
from xferlab.methods.base import Stage
from xferlab.methods.dann import DANN
from xferlab.training.options import TrainingOptions
from xferlab.training.scan import Log
from xferlab.training.stage import compile_stage, make_stage
from xferlab.training.step import TrainState

NOTES = {
    "mlp": "Most of the step is two matrix products and the update of 500,000 weights.",
    "lenet": "On a CPU XLA's own convolution is slow, so both JAX steps write the convolution as"
    " slices and one matrix product (im2col): 25 times the input goes through memory. PyTorch's"
    " oneDNN convolves directly, in blocked layouts; channels_last spares it the reordering.",
}
TRAINING = TrainingOptions(
    steps=TOTAL_STEPS, batch_sizes=BATCH_SIZES, optimiser="sgd", lr=LR, momentum=MOMENTUM
)
METHOD = DANN()
BASELINES = {
    "xferlab, looped": "minimal JAX, looped",
    "xferlab, scanned": "minimal JAX, scanned",
}
PEERS = ("PyTorch eager", "PyTorch channels_last")


def minimal_contestants(problem: Problem) -> list[Contestant]:
    """Returns the hand-written JAX step, looped and scanned."""
    data = minimal_jax.load(problem)
    batches = host_batches(problem)
    start = functools.partial(_ready, lambda: minimal_jax.init(problem))
    return [
        Contestant(
            "minimal JAX, looped",
            start,
            lambda state, steps: jax.block_until_ready(minimal_jax.loop(state, batches, steps)),
        ),
        Contestant(
            "minimal JAX, scanned",
            start,
            lambda state, steps: jax.block_until_ready(minimal_jax.scan(state, data, steps)),
        ),
    ]


def xferlab_contestants(problem: Problem) -> list[Contestant]:
    """Returns xferlab's step, looped and scanned."""
    stage = compile_stage(
        make_stage(problem.spec, Stage(METHOD), TRAINING, TOTAL_STEPS), stacked=False
    )
    data = to_resident(problem.data)
    size = len(problem.data.target.index)
    batches = host_batches(problem)

    def start() -> TrainState:
        return _ready(lambda: stage.init(METHOD, TRAINING, jax.random.key(0), ({}, {}), size))

    def start_logged() -> tuple[TrainState, Log]:
        state = start()
        return state, stage.empty_log(state, METHOD, TRAINING, next(batches))

    def loop(logged: tuple[TrainState, Log], steps: int) -> None:
        for _ in range(steps):
            logged = stage.step(*logged, METHOD, TRAINING, next(batches))
        jax.block_until_ready(logged)

    def scan(state: TrainState, steps: int) -> None:
        jax.block_until_ready(stage.chunk(state, METHOD, TRAINING, data, jnp.int32(steps)))

    return [
        Contestant("xferlab, looped", start_logged, loop),
        Contestant("xferlab, scanned", start, scan),
    ]


def torch_contestants(problem: Problem) -> list[Contestant]:
    """Returns PyTorch's step, for images also channels_last; none where it is not installed."""
    if importlib.util.find_spec("torch") is None:
        print("PyTorch is left out: it is not installed (the extra `peers` has it)")
        return []
    import torch

    from benchmarks.minimal_torch import Trainer

    torch.set_num_threads(cores())
    on_gpu = jax.default_backend() == "gpu" and torch.cuda.is_available()
    device = "cuda" if on_gpu else "cpu"
    formats = (False, True) if len(problem.spec.input_shape) == 3 else (False,)
    return [
        Contestant(
            PEERS[channels_last],
            lambda c=channels_last: Trainer(problem, channels_last=c, device=device),
            lambda trainer, steps: trainer.advance(steps),
        )
        for channels_last in formats
    ]


def _ready(make: Any) -> Any:
    return jax.block_until_ready(make())


def ratios(seconds: Rounds) -> dict[str, dict[str, float]]:
    """Returns each contestant's time by that of its baselines: its minimal step and PyTorch's."""
    found = {}
    for name in seconds:
        baselines = ([BASELINES[name]] if name in BASELINES else []) + [
            peer for peer in PEERS if peer in seconds
        ]
        found[name] = {baseline: ratio(seconds, name, baseline) for baseline in baselines}
    return found


def rows(seconds: Rounds) -> list[list[str]]:
    """Returns the printed cells: milliseconds, overhead, and ratios to PyTorch."""
    cells = []
    for name, by_baseline in ratios(seconds).items():
        overhead = by_baseline.get(BASELINES.get(name, ""))
        cells.append(
            [
                name,
                f"{median_ms(seconds, name):.3f}",
                f"{least_ms(seconds, name):.3f}",
                "" if overhead is None else f"{100 * (overhead - 1):+.1f} %",
                *(f"{by_baseline[peer]:.2f}" for peer in PEERS if peer in by_baseline),
            ]
        )
    return cells


def main(argv: Sequence[str] | None = None) -> int:
    """Measures, prints and returns the exit status."""
    values = parse_flags("speed", sys.argv[1:] if argv is None else argv, PROBLEMS)
    machine = describe_machine()
    show_machine(machine)
    results = {}
    for network in values.networks:
        problem = PROBLEMS[network]()
        makers = (minimal_contestants, xferlab_contestants, torch_contestants)
        contestants = [contestant for make in makers for contestant in make(problem)]
        seconds = time_in_turn(contestants, values.rounds, values.steps)
        header = [
            "step",
            "ms",
            "least ms",
            "over minimal",
            *(f"× {p}" for p in PEERS if p in seconds),
        ]
        show_table(f"DANN on {network}, 64 + 64 examples", header, rows(seconds))
        print(NOTES[network])
        results[network] = {"seconds_per_step": seconds, "ratios": ratios(seconds)}
    write_json(values.out, {"machine": machine, "networks": results})
    return 0


if __name__ == "__main__":
    sys.exit(main())
