"""The parts in order of worth, each in its own process and within its share of the minutes."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.device.page import Page, PartRecord, Table
from benchmarks.device.request import Request

GRACE_SECONDS = 15.0
"""A part may overrun its share by so much before it is ended."""
POLL_SECONDS = 0.2
LAST_LINES = 3


class Part(NamedTuple):
    """A part of the page: heading, the module whose `measure` yields its tables, share of time.

    The share is one of what is left when the part begins, so time that is not used goes on.
    """

    name: str
    title: str
    module: str
    share: float


PARTS = (
    Part(
        "suite", "The device, and a suite of few steps end to end", "benchmarks.device.suite", 0.2
    ),
    Part("steps", "One DANN step against the least it could cost", "benchmarks.device.steps", 0.2),
    Part("stacks", "Seeds in one program", "benchmarks.device.stacks", 0.35),
    Part("precision", "float32 and bfloat16", "benchmarks.device.precision", 0.25),
    Part("digits", "MNIST, USPS and MNIST-M", "benchmarks.device.digits", 1.0),
)


def measure_all(
    parts: Sequence[Part],
    *,
    minutes: float,
    order: Request,
    command: str,
    report: Callable[[str], None],
) -> list[PartRecord]:
    """Measures every part and writes the page after every table.

    Args:
        parts: in order.
        minutes: for all of them.
        order: sizes and folders; its seconds are each part's own.
        command: what was typed, for the page.
        report: is told of each part's beginning and end.

    Raises:
        InputError: if the page cannot be written.
    """
    deadline = time.monotonic() + 60.0 * minutes
    page = Page(Path(order.out), command, [PartRecord(part.name, part.title) for part in parts])
    for part, record in zip(parts, page.parts, strict=True):
        left = deadline - time.monotonic()
        report(f"{part.title}: {left * part.share:.0f} of {max(left, 0.0):.0f} s")
        if left <= 0.0:
            record.outcome = "Left out: no time was left"
            page.write()
            continue
        _measure_part(part, record, order, left * part.share, page)
        report(f"  {record.outcome}, {record.seconds:.0f} s")
    return page.parts


def _measure_part(
    part: Part, record: PartRecord, order: Request, seconds: float, page: Page
) -> None:
    begin = time.monotonic()
    own = Request(tiny=order.tiny, seconds=seconds, data_dir=order.data_dir, out=order.out)
    record.outcome = "Cut off: the measuring was ended here"
    with tempfile.TemporaryDirectory() as folder:
        tables, errors = Path(folder) / "tables", Path(folder) / "errors"
        tables.touch()
        command = [sys.executable, "-m", "benchmarks.device.child"]
        with errors.open("wb") as stream:
            process = subprocess.Popen(
                [*command, part.module, own.to_text(), str(tables)],
                cwd=Path(__file__).parents[2], stdout=stream, stderr=stream,
            )  # fmt: skip
            try:
                overran = _follow(process, own.seconds + GRACE_SECONDS, tables, record, page)
            finally:
                process.kill()
                process.wait()
        record.seconds = time.monotonic() - begin
        record.outcome = _outcome(process.returncode, errors, own.seconds if overran else 0.0)
    page.write()


def _follow(
    process: subprocess.Popen[bytes], limit: float, tables: Path, record: PartRecord, page: Page
) -> bool:
    """Takes over tables until the process ends; returns True if its time was up before."""
    begin = time.monotonic()
    running = True
    while running:
        running = process.poll() is None
        lines = tables.read_text(encoding="utf-8").splitlines(keepends=True)
        whole = [Table(**json.loads(line)) for line in lines if line.endswith("\n")]
        record.seconds = time.monotonic() - begin
        if len(whole) > len(record.tables):
            record.tables = whole
            page.write()
        if running and record.seconds > limit:
            return True
        if running:
            time.sleep(POLL_SECONDS)
    return False


def _outcome(status: int, errors: Path, overran_after: float) -> str:
    """Returns how a part ended, in a sentence without its full stop."""
    if status == 0:
        return "Measured"
    text = errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    said = " / ".join(line.strip() for line in text[-LAST_LINES:])
    if overran_after:
        return f"Ended after its {overran_after:.0f} s; its last words: {said or 'none'}"
    return f"FAILED with status {status}: {said}"
