"""Ours beside the published numbers as text: for terminal and Markdown."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import rich.box
import rich.table
from rich.text import Text

from xferlab.benchmark.tables.published_rows import FIXED
from xferlab.benchmark.tables.selection import LAST
from xferlab.benchmark.text.per_task import escape_markdown

HEADER = (
    *("rule", "method", "published by", "same rule", "tasks", "ours", "theirs"),
    *("mean |difference|", "largest difference", "outside tolerance", "our gain", "their gain"),
)

TERMINAL_HEADER = {
    "rule": "rule",
    "method": "method",
    "ours": "ours",
    "theirs": "theirs",
    "mean |difference|": "|diff|",
    "outside tolerance": "outside",
    "our gain": "our gain",
    "their gain": "their gain",
}
"""Columns on a terminal and their short names."""


def agreement_to_markdown(agreement: pd.DataFrame) -> str:
    """Returns a pipe table; '' where there is nothing to compare."""
    if agreement.empty:
        return ""
    lines = [HEADER, ("---",) * len(HEADER), *_texts(agreement)]
    return "\n".join(
        "| " + " | ".join(escape_markdown(text) for text in line) + " |" for line in lines
    )


def agreement_to_terminal(agreement: pd.DataFrame) -> rich.table.Table:
    """Returns what `rich` prints: the rows under the published rule, in the columns that fit.

    A published number that no rule selected is compared once, with `last`.
    """
    grid = rich.table.Table(
        title="Ours beside the published numbers", title_justify="left",
        box=rich.box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0),
    )  # fmt: skip
    for name in TERMINAL_HEADER.values():
        grid.add_column(name, no_wrap=True)
    repeated = (agreement["published_rules"] == FIXED) & (agreement["rule"] != LAST)
    for line in _texts(agreement.loc[agreement["comparable"] & ~repeated]):
        grid.add_row(*(Text(line[HEADER.index(name)]) for name in TERMINAL_HEADER))
    return grid


def _texts(agreement: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    """Yields the printed cells of every row, in the order of `HEADER`."""
    for row in agreement.to_dict("records"):
        largest = f"{row['largest_difference_points']:+.1f} ({row['largest_difference_task']})"
        outside = f"{row['outside_tolerance']} of {row['judged']}" if row["judged"] else "–"
        gains = (row["our_gain_points"], row["published_gain_points"])
        of = f" ({row['gain_tasks']} tasks)" if row["gain_tasks"] not in (0, row["tasks"]) else ""
        yield (
            row["rule"],
            row["method"],
            f"{row['protocols']}; {row['published_rules']}",
            "yes" if row["comparable"] else "no",
            str(row["tasks"]),
            f"{row['ours_percent']:.1f}",
            f"{row['published_percent']:.1f}",
            f"{row['mean_absolute_difference_points']:.1f}",
            largest,
            outside,
            *("–" if pd.isna(gain) else f"{gain:+.1f}{of}" for gain in gains),
        )
