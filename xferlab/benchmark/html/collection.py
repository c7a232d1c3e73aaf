"""The overview of several suites: one HTML file with all their tables, readable offline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from xferlab.benchmark.html.rendering import asset, digest, render
from xferlab.benchmark.html.report import ReportPart
from xferlab.benchmark.html.sections import block_grid, make_content
from xferlab.benchmark.tables.per_task import Table
from xferlab.benchmark.text.per_task import Block, make_blocks
from xferlab.core.files import disk_errors, write_aside


def write_collection(
    path: Path, title: str, summary: Block, notes: Sequence[str], tables: Mapping[str, Table]
) -> Path:
    """Writes the overview and returns its path; it leads to the reports beside it.

    Args:
        path: Where the file goes; its folder must exist.
        title: The heading.
        summary: Every method of every suite.
        notes: Sentences that stand under it.
        tables: Suite → its table; its report, called as the suite, is in the same folder.

    Raises:
        InputError: If the file cannot be written.
    """
    script = asset("report.js")
    text = render(
        "report.html",
        title=title,
        protocol=notes,
        facts={"suites": str(len(tables))},
        missing=0,  # Each table says so of its own runs.
        parts=list(_parts(summary, tables)),
        style=asset("report.css"),
        script=script,
        script_digest=digest(script),
    )
    with disk_errors(path):
        write_aside(path, text.encode())
    return path


def _parts(summary: Block, tables: Mapping[str, Table]) -> Iterator[ReportPart]:
    shown = make_content(tables=[block_grid(summary, summary.task)])
    yield ReportPart("summary", summary.task, "plain.html", shown)
    for suite, table in tables.items():
        grids = [
            block_grid(block, f"{block.task}, {each.spec.measure.words}")
            for each in table.by_metric.values()
            for block in make_blocks(each)
        ]
        notes = list(dict.fromkeys(n for each in table.by_metric.values() for n in each.notes))
        content = make_content(notes, grids) | {"report": f"{suite}.html"}
        yield ReportPart(f"suite-{suite}", table.spec.title, "suite.html", content)
