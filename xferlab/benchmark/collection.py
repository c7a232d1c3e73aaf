"""Several suites on one page: what their methods gain over the baseline, and all their tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from xferlab.benchmark.html.collection import write_collection
from xferlab.benchmark.present import Results
from xferlab.benchmark.tables.published_rows import AVERAGE
from xferlab.benchmark.tables.selection import LAST
from xferlab.benchmark.tables.spec import TableSpec
from xferlab.benchmark.text.per_task import (
    MARKS,
    Block,
    Cell,
    block_to_markdown,
    escape_markdown,
    to_markdown,
    with_interval,
)
from xferlab.core.files import disk_errors, write_aside

HEADER = ("suite", "task", "metric", "method", "last", "gain over the baseline")
NOTES = (
    "The network of the last step, mean over seeds [95 % interval]; ▲ ▼: significantly above or"
    " below the suite's baseline, as in its own tables. Suites of several tasks: their average.",
    "The gain is in points where the metric is in percent; the baseline is named in its place.",
)


def present_collection(name: str, title: str, results: Mapping[str, Results]) -> Path:
    """Writes the overview of suites beside their reports, and returns its HTML file.

    Args:
        name: of the files.
        title: the heading.
        results: of each suite, by its name; all in one folder.

    Raises:
        InputError: a file cannot be written.
    """
    folder = next(iter(results.values())).report.parent
    block = summarise(results)
    notes = [f"- {escape_markdown(note)}" for note in NOTES]
    parts = [f"## {escape_markdown(title)}", "", block_to_markdown(block), "", *notes, ""]
    text = "\n".join([*parts, *(to_markdown(each.table) for each in results.values())])
    path = folder / f"{name}.md"
    with disk_errors(path):
        write_aside(path, text.encode())
    tables = {suite: each.table for suite, each in results.items()}
    return write_collection(folder / f"{name}.html", title, block, NOTES, tables)


def summarise(results: Mapping[str, Results]) -> Block:
    """Returns a row for every method of every suite: its score and its gain."""
    rows = [
        _row(suite, table.spec, cell)
        for suite, each in results.items()
        for table in each.table.by_metric.values()
        for cell in _shown(table.cells)
    ]
    return Block("Gains over the baselines", HEADER, tuple(rows))


def _shown(cells: pd.DataFrame) -> list[dict[Any, Any]]:
    """Returns the cells of the last step: the average over tasks, or the only task."""
    rows = cells.loc[cells["rule"] == LAST].to_dict("records")
    return [row for row in rows if row["task"] == AVERAGE] or rows


def _row(suite: str, spec: TableSpec, cell: Mapping[Any, Any]) -> tuple[Cell, ...]:
    """Returns the printed cells of a method."""
    form = f".{spec.measure.digits}f"
    dagger = " †" if cell["target_labels"] else ""
    names = (suite, cell["task"], spec.measure.words, f"{cell['method']}{dagger}")
    score = with_interval(cell["mean"], cell["low"], cell["high"], form)
    ends = (
        cell["difference_points"],
        cell["difference_low_points"],
        cell["difference_high_points"],
    )
    gain = "the baseline" if cell["method"] == spec.baseline else with_interval(*ends, f"+{form}")
    marked = f"{score} {MARKS[cell['verdict']]}".strip()
    return (*map(Cell, names), Cell(marked, cell["verdict"]), Cell(gain))
