"""What a report says of a suite as a whole: its size, its cost, what is missing or diverged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from xferlab.benchmark.html.elements import Entry, grid, number
from xferlab.benchmark.store.records import MissingRun, RunRecord
from xferlab.benchmark.tables.selection import group_by


def summary(records: Sequence[RunRecord], problems: Sequence[MissingRun]) -> dict[str, str]:
    """Returns how many runs there are of what, and what they took."""
    diverged = sum(run.diverged for run in records)
    return {
        "runs": str(len(records)),
        "diverged": str(diverged),
        "missing": str(len(problems)),
        "tasks": str(len({run.task for run in records})),
        "methods": str(len({run.method for run in records})),
        "seeds": str(len({run.seed for run in records})),
        "training time": duration(sum(run.seconds for run in records)),
    }


def duration(seconds: float) -> str:
    """Returns a time as a reader says it.

    >>> duration(3725.0)
    '1 h 02 min (3725 s)'
    >>> duration(42.25)
    '42.2 s'
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"
    return f"{text} ({seconds:.0f} s)"


def incomplete(records: Sequence[RunRecord], problems: Sequence[MissingRun]) -> dict[str, Any]:
    """Returns the runs without a result, the seeds that cells lack, and the runs that diverged."""
    missing = [(problem.digest, problem.what) for problem in problems]
    found = (
        (run.method, run.task, run.seed, run.hyper or "–", run.diverged_at, run.diverged_term)
        for run in records
        if run.diverged
    )
    lost = [[str(value) for value in row] for row in found]
    header = ("method", "task", "seed", "hyper-parameters", "step", "term")
    gaps = ("method", "task", "seeds without a run")
    return {
        "runs": len(records),
        "problems": grid(("run (its folder's name)", "state"), missing, "runs without a result"),
        "gaps": grid(gaps, _gaps(records), "gaps"),
        "diverged": grid(header, lost, "diverged runs"),
    }


def costs(records: Sequence[RunRecord]) -> dict[str, Any]:
    """Returns the training time of all runs, of one on average, and per method."""
    rows = []
    for (method,), runs in group_by(records, "method").items():
        seconds = [run.seconds for run in runs]
        numbers = (sum(seconds) / len(runs), min(seconds), max(seconds), sum(seconds))
        rows.append([method, Entry(str(len(runs)), len(runs)), *map(number, numbers)])
    header = ("method", "runs", "seconds a run", "least", "most", "seconds in all")
    total = sum(run.seconds for run in records)
    return {
        "runs": len(records),
        "total": duration(total),
        "mean": duration(total / len(records)),
        "table": grid(header, rows, "training time by method"),
    }


def _gaps(records: Sequence[RunRecord]) -> Iterator[tuple[str, str, str]]:
    """Yields method, task and seeds of the cells that have not all seeds of the suite."""
    seeds = sorted({run.seed for run in records})
    cells = group_by(records, "task", "method")
    for task in dict.fromkeys(run.task for run in records):
        for method in dict.fromkeys(run.method for run in records):
            present = {run.seed for run in cells.get((task, method), ())}
            if len(present) < len(seeds):
                yield method, task, ", ".join(str(s) for s in seeds if s not in present)
