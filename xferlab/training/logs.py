"""What a run reports of its training between two pauses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from xferlab.training.scan import Log


class ChunkLog(NamedTuple):
    """The log of one compiled chunk and where it lies in the recipe."""

    stage_start: int
    """Step of the recipe at which the chunk's stage begins."""
    steps: int
    """Length of the chunk."""
    log: Log


class TermLog(NamedTuple):
    """Mean of every named term of one run, and its first fault."""

    means: dict[str, float]
    bad_step: int | None
    bad_term: str | None


def summarise(chunks: Sequence[ChunkLog], run: int | None) -> TermLog:
    """Returns one run's means over the chunks; `run` picks one of a stack, None if not stacked."""
    sums: dict[str, float] = {}
    steps: dict[str, int] = {}
    for chunk in chunks:
        for name, value in chunk.log.sums.items():
            sums[name] = sums.get(name, 0.0) + float(_pick(value, run))
            steps[name] = steps.get(name, 0) + chunk.steps
    step, term = _first_fault(chunks, run)
    return TermLog({name: sums[name] / steps[name] for name in sums}, step, term)


def _first_fault(chunks: Sequence[ChunkLog], run: int | None) -> tuple[int | None, str | None]:
    for chunk in chunks:
        step = int(_pick(chunk.log.bad_step, run))
        if step >= 0:
            term = sorted(chunk.log.sums)[int(_pick(chunk.log.bad_term, run))]
            return chunk.stage_start + step, term
    return None, None


def _pick(value: Any, run: int | None) -> Any:
    return value if run is None else value[run]
