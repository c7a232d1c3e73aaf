"""A table that prints itself, in a terminal and in a notebook."""

from __future__ import annotations

import dataclasses
import html
import io

import pandas as pd
from rich.console import Console

from xferlab.benchmark.tables.per_task import Table
from xferlab.benchmark.text.per_task import (
    Block,
    all_cells,
    make_blocks,
    to_latex,
    to_markdown,
    to_terminal,
)

WIDTH = 100
"""Characters of a line of `str(table)`."""
_COLOURS = {"better": "green", "worse": "#c00", "": ""}


@dataclasses.dataclass(frozen=True, eq=False)
class ShownTable(Table):
    """A `Table` with what a user asks of it: `print`, a notebook's cell, a frame, Markdown."""

    @classmethod
    def of(cls, table: Table) -> ShownTable:
        """Returns a table, and its further ones, as tables that print themselves."""
        further = tuple(map(cls.of, table.further))
        return cls(table.spec, table.cells, table.notes, table.trivial, further)

    def __str__(self) -> str:
        """Returns the table as `xferlab bench` prints it, without colours."""
        text = io.StringIO()
        console = Console(file=text, width=WIDTH, color_system=None, highlight=False)
        console.print(to_terminal(self))
        return "\n".join(line.rstrip() for line in text.getvalue().splitlines())

    def _repr_html_(self) -> str:
        return "".join(map(_as_html, self.by_metric.values()))

    def to_frame(self) -> pd.DataFrame:
        """Returns every number in tidy form: a row per (metric, task, method, rule).

        The columns are those of `Table.cells`; trivial predictors come last, with no rule.
        """
        return all_cells(self)

    def to_markdown(self) -> str:
        """Returns GitHub Markdown, see `xferlab.benchmark.to_markdown`."""
        return to_markdown(self)

    def to_latex(self) -> str:
        """Returns a booktabs `tabular`, see `xferlab.benchmark.to_latex`."""
        return to_latex(self)


def _as_html(table: Table) -> str:
    notes = "".join(f"<li>{html.escape(note)}</li>" for note in table.notes)
    blocks = "".join(map(_block, make_blocks(table)))
    return f"<h4>{html.escape(table.spec.title)}</h4>{blocks}<ul>{notes}</ul>"


def _block(block: Block) -> str:
    header = "".join(f"<th>{html.escape(name)}</th>" for name in block.header)
    rows = "".join(
        "<tr>" + "".join(_cell(cell.text, _COLOURS[cell.verdict]) for cell in row) + "</tr>"
        for row in block.rows
    )
    caption = f"<caption>{html.escape(block.task)}</caption>"
    return f"<table>{caption}<thead><tr>{header}</tr></thead><tbody>{rows}</tbody></table>"


def _cell(text: str, colour: str) -> str:
    style = f' style="color: {colour}"' if colour else ""
    return f"<td{style}>{html.escape(text)}</td>"
