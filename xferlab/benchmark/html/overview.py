"""What a report says of a suite as a whole: its size, its cost, what is missing or diverged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xferlab.benchmark.html import elements as page
from xferlab.benchmark.html.elements import Entry
from xferlab.benchmark.store.records import MissingRun, RunRecord
from xferlab.benchmark.tables.selection import group_by

INCOMPLETE = "incomplete"
"""The anchor of the section on missing and diverged runs."""


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


def warning(problems: Sequence[MissingRun], anchor: str) -> str:
    """Returns a warning that leads to the list of missing runs; '' where none is missing."""
    if not problems:
        return ""
    return (
        f'<p class="warning">INCOMPLETE: {len(problems)} runs of this suite are missing or damaged,'
        f' <a href="#{anchor}">listed below</a>; the tables are made of the others.</p>'
    )


def incomplete(records: Sequence[RunRecord], problems: Sequence[MissingRun]) -> Iterator[str]:
    """Yields the runs without a result, the seeds that cells lack, and the runs that diverged."""
    if problems:
        rows = [(problem.digest, problem.what) for problem in problems]
        yield page.grid(("run (its folder's name)", "state"), rows, label="runs without a result")
    gaps = list(_gaps(records))
    if gaps:
        yield page.paragraph("Cells with fewer runs than others:")
        yield page.grid(("method", "task", "seeds without a run"), gaps, label="gaps")
    lost = [run for run in records if run.diverged]
    if not lost:
        yield page.paragraph(f"None of {len(records)} runs diverged.")
        return
    yield page.paragraph(f"{len(lost)} of {len(records)} runs diverged:")
    rows = [
        (
            run.method,
            run.task,
            str(run.seed),
            run.hyper or "–",
            str(run.diverged_at),
            str(run.diverged_term),
        )
        for run in lost
    ]
    header = ("method", "task", "seed", "hyper-parameters", "step", "term")
    yield page.grid(header, rows, label="diverged runs")


def _gaps(records: Sequence[RunRecord]) -> Iterator[tuple[str, str, str]]:
    """Yields method, task and seeds of the cells that have not all seeds of the suite."""
    seeds = sorted({run.seed for run in records})
    cells = group_by(records, "task", "method")
    for task in dict.fromkeys(run.task for run in records):
        for method in dict.fromkeys(run.method for run in records):
            present = {run.seed for run in cells.get((task, method), ())}
            if len(present) < len(seeds):
                yield method, task, ", ".join(str(s) for s in seeds if s not in present)


def costs(records: Sequence[RunRecord]) -> str:
    """Returns the training time per method, summed over all of its runs."""
    rows = []
    for (method,), runs in group_by(records, "method").items():
        seconds = [run.seconds for run in runs]
        numbers = (sum(seconds) / len(runs), min(seconds), max(seconds), sum(seconds))
        rows.append([method, Entry(str(len(runs)), len(runs)), *map(page.number, numbers)])
    total = sum(run.seconds for run in records)
    text = (
        f"{len(records)} runs trained for {duration(total)},"
        f" {duration(total / len(records))} a run, compilation and evaluation included; of a run"
        " that was interrupted only the time since then is known."
    )
    header = ("method", "runs", "seconds a run", "least", "most", "seconds in all")
    return page.paragraph(text) + page.grid(header, rows, label="training time by method")
