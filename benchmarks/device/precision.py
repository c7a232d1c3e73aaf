"""Part 4: an encoder that computes in bfloat16 against float32, by batch size."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import jax

from benchmarks.device.page import Table
from benchmarks.device.program import Timed, time_program
from benchmarks.device.request import Request
from benchmarks.problems import PROBLEMS, bag_of_words, images
from benchmarks.speed import METHOD, TRAINING
from xferlab.data.feeds.resident import to_resident

BATCHES = (64, 256, 1024)
TYPES = ("float32", "bfloat16")
HEADER = [
    "batch",
    "float32 ms",
    "bfloat16 ms",
    "bfloat16 by float32",
    "float32 MiB",
    "bfloat16 MiB",
]
TINY = {"mlp": bag_of_words, "lenet": images}


def measure(request: Request) -> Iterator[Table]:
    """Yields a table for each network, the convolutional one first."""
    longest = 0.0
    for network in ("lenet", "mlp"):
        problem = TINY[network](70) if request.tiny else PROBLEMS[network]()
        data = to_resident(problem.data)
        rows, notes, found = [], [], {}
        for batch in (16,) if request.tiny else BATCHES:
            if request.left < longest:
                notes.append(f"Left out for want of time: batch {batch}.")
                continue
            before = request.left
            training = dataclasses.replace(TRAINING, batch_sizes=(batch, batch))
            try:
                pair = [
                    time_program(
                        dataclasses.replace(problem.spec, compute=compute), METHOD, training, data,
                        seconds=0.01 if request.tiny else 0.3,
                    )
                    for compute in TYPES
                ]  # fmt: skip
            except jax.errors.JaxRuntimeError as error:
                notes.append(f"Batch {batch} failed: {str(error).splitlines()[0]}")
                continue
            longest = max(longest, before - request.left)
            rows.append(_row(batch, *pair))
            found[batch] = {t: timed._asdict() for t, timed in zip(TYPES, pair, strict=True)}
        title = f"DANN on {network}, one run, examples of each domain"
        yield Table(title, HEADER, rows, notes, {"network": network, "found": found})


def _row(batch: int, single: Timed, half: Timed) -> list[str]:
    return [
        str(batch),
        f"{1000 * single.seconds:.3f}",
        f"{1000 * half.seconds:.3f}",
        f"{half.seconds / single.seconds:.2f}",
        f"{single.mib:.0f}",
        f"{half.mib:.0f}",
    ]
