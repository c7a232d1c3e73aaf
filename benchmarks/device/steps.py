"""Part 2: one DANN step, looped and scanned, against the minimal JAX step and PyTorch."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import speed
from benchmarks.device.page import Table
from benchmarks.device.request import Request
from benchmarks.problems import PROBLEMS, bag_of_words, images
from benchmarks.timing import time_in_turn

TINY = {"mlp": bag_of_words, "lenet": images}
TINY_EXAMPLES = 70


def measure(request: Request) -> Iterator[Table]:
    """Yields a table for each network."""
    rounds, steps = (2, 3) if request.tiny else (5, 0)
    for network in PROBLEMS:
        problem = TINY[network](TINY_EXAMPLES) if request.tiny else PROBLEMS[network]()
        makers = [speed.minimal_contestants, speed.xferlab_contestants, speed.torch_contestants]
        contestants = [each for make in makers for each in make(problem)]
        seconds = time_in_turn(contestants, rounds, steps)
        peers = [peer for peer in speed.PEERS if peer in seconds]
        header = ["step", "ms", "least ms", "over minimal", *(f"× {peer}" for peer in peers)]
        rows = [row + [""] * (len(header) - len(row)) for row in speed.rows(seconds)]
        notes = [] if peers else ["PyTorch is not installed."]
        yield Table(
            f"DANN on {network}, 64 + 64 examples", header, rows, notes,
            {"network": network, "seconds": seconds, "ratios": speed.ratios(seconds)},
        )  # fmt: skip
