"""Part 3: seeds in one program, by formulation of the convolution and by how runs are combined.

Under `vmap` XLA's convolution becomes a grouped one and ours batched matrix products; one run after
another inside the program (`lax.map`) keeps the plain convolution and shares nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import jax

from benchmarks.device.page import Table
from benchmarks.device.program import time_program
from benchmarks.device.request import Request
from benchmarks.problems import images
from benchmarks.speed import METHOD, TRAINING
from xferlab.data.feeds.resident import to_resident

WIDTHS = (1, 8, 32, 128)
WAYS = (
    ("xla", True),
    ("im2col", True),
    ("batched", True),
    ("xla", False),
    ("im2col", False),
)
"""Formulation, and whether the runs are stacked."""
HEADER = ["convolution", "runs", "ms per run and step", "× best", "MiB", "seconds to compile"]


def measure(request: Request) -> Iterator[Table]:
    """Yields a table for each width; what would not fit the time is named below it."""
    problem = images(70 if request.tiny else 2000)
    data = to_resident(problem.data)
    training = dataclasses.replace(TRAINING, batch_sizes=(8, 8)) if request.tiny else TRAINING
    longest = 0.0
    for width in (1, 2) if request.tiny else WIDTHS:
        rows, notes, found = [], [], {}
        for formulation, stacked in WAYS:
            name = f"{formulation}, {'stacked' if stacked else 'in a row'}"
            if width == 1 and not stacked:
                continue
            if request.left < longest:
                notes.append(f"Left out for want of time: {name}.")
                continue
            before = request.left
            try:
                timed = time_program(
                    dataclasses.replace(problem.spec, convolution=formulation),
                    METHOD, training, data, width=width, stacked=stacked,
                    seconds=0.01 if request.tiny else 0.3,
                )  # fmt: skip
            except jax.errors.JaxRuntimeError as error:
                notes.append(f"{name} failed: {str(error).splitlines()[0]}")
                continue
            finally:
                longest = max(longest, before - request.left)
            found[name] = timed._asdict()
        if found:
            rows = _rows(found, width)
        yield Table(
            f"DANN on LeNet, runs in one program: {width}",
            HEADER,
            rows,
            notes,
            {"width": width, "found": found},
        )


def _rows(found: dict[str, dict[str, float]], width: int) -> list[list[str]]:
    best = min(timed["seconds"] for timed in found.values())
    return [
        [
            name,
            str(width),
            f"{1000 * timed['seconds']:.4f}",
            f"{timed['seconds'] / best:.2f}",
            f"{timed['mib']:.0f}",
            f"{timed['compile_seconds']:.1f}",
        ]
        for name, timed in found.items()
    ]
