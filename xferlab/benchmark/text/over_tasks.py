"""A comparison over all tasks as text: its printed cells, for terminal and Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
from rich.console import Group
from rich.text import Text

from xferlab.benchmark.tables.over_tasks import Comparison
from xferlab.benchmark.text.per_task import (
    MARKS,
    Block,
    Cell,
    block_to_markdown,
    block_to_terminal,
    escape_markdown,
    with_interval,
)


def make_block(comparison: Comparison) -> Block:
    """Returns the printed cells, one row per method."""
    header = (
        *("method", "mean [95 %]", "IQM [95 %]", "win / tie / loss", "mean rank"),
        *("P(better) [95 %]", "worst task (points)"),
    )
    digits = comparison.spec.measure.digits
    rows = [tuple(_cells(row, digits)) for row in comparison.methods.to_dict("records")]
    return Block(f"Over all tasks, selected by {comparison.rule}", header, tuple(rows))


def comparison_to_terminal(comparison: Comparison) -> Group:
    """Returns what `rich` prints: the table, then the notes."""
    notes = (Text(f"· {note}", style="dim") for note in comparison.notes)
    return Group(block_to_terminal(make_block(comparison)), *notes)


def comparison_to_markdown(comparison: Comparison) -> str:
    """Returns GitHub Markdown: a heading, a pipe table and the notes as a list."""
    notes = [f"- {escape_markdown(note)}" for note in comparison.notes]
    return "\n".join([block_to_markdown(make_block(comparison)), "", *notes]) + "\n"


def _cells(row: Mapping[Any, Any], digits: int) -> Iterator[Cell]:
    """Yields the printed cells of one method, scores with so many decimals."""
    yield Cell(f"{row['method']}{' †' if row['target_labels'] else ''}")
    for name in ("mean", "iqm"):
        yield Cell(_interval(row, name, f"{name}_{{}}", f".{digits}f"))
    if pd.isna(row["wins"]):
        yield Cell("–")
    else:
        yield Cell(f"{row['wins']} / {row['ties']} / {row['losses']}")
    yield Cell("–" if pd.isna(row["mean_rank"]) else f"{row['mean_rank']:.2f}")
    yield Cell(_interval(row, "probability_of_improvement", "probability_{}", ".2f"))
    if not row["worst_task"]:
        yield Cell("–")
        return
    mark = MARKS[row["worst_verdict"]]
    text = f"{row['worst_task']} ({row['worst_points']:+.{digits}f}) {mark}".rstrip()
    yield Cell(text, row["worst_verdict"])


def _interval(row: Mapping[Any, Any], value: str, end: str, form: str) -> str:
    """Returns a number with its interval, where there is one."""
    return with_interval(row[value], row[end.format("low")], row[end.format("high")], form)
