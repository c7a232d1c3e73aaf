"""What a report may be given beside records and table: further sections, problems, class names."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from xferlab.benchmark.html import elements as page
from xferlab.benchmark.html.elements import Entry, Grid, Picture
from xferlab.benchmark.store.records import MissingRun
from xferlab.benchmark.text.per_task import Block, Cell


@dataclass(frozen=True, eq=False)
class Section:
    """A section that other code made, such as a comparison over tasks.

    Attributes:
        title: Its heading.
        notes: Sentences that stand first.
        tables: What a table shows → its numbers (a frame is shown without its index).
        figures: Caption, which is the alternative text too → figure.
    """

    title: str
    notes: tuple[str, ...] = ()
    tables: Mapping[str, pd.DataFrame | Block] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, kw_only=True)
class Extras:
    """Everything of a report that does not follow from records and table.

    Attributes:
        sections: Sections that stand after the results, in this order.
        problems: Runs of the suite that are missing or damaged.
        class_names: Task → names of its classes, label i the i-th; numbers where a task lacks.
    """

    sections: tuple[Section, ...] = ()
    problems: tuple[MissingRun, ...] = ()
    class_names: Mapping[str, Sequence[str]] = field(default_factory=dict)


def make_content(
    notes: Sequence[str] = (), tables: Sequence[Grid] = (), pictures: Sequence[Picture] = ()
) -> dict[str, Any]:
    """Returns what `templates/plain.html` shows."""
    return {"notes": notes, "tables": tables, "pictures": pictures}


def lay_out(section: Section) -> dict[str, Any]:
    """Returns what is shown of a section beside its title."""
    tables = [
        block_grid(shown, label) if isinstance(shown, Block) else page.frame_grid(shown, label)
        for label, shown in section.tables.items()
    ]
    pictures = [page.picture(figure, caption) for caption, figure in section.figures.items()]
    return make_content(section.notes, tables, pictures)


def block_grid(block: Block, label: str) -> Grid:
    """Returns printed cells as a table, a column of numbers sorted by them."""
    columns = [_column(cells) for cells in zip(*block.rows, strict=True)]
    return page.grid(block.header, zip(*columns, strict=True), label)


def _column(cells: Sequence[Cell]) -> list[Entry]:
    """Returns the entries of a column, with numbers to sort by unless some cell has none."""
    found = [re.match(r"[-+]?\d+(\.\d+)?", cell.text) for cell in cells]
    empty = [cell.text in ("", "–") for cell in cells]
    numeric = any(found) and all(match or none for match, none in zip(found, empty, strict=True))
    values = [float(match.group()) if match else math.nan for match in found]
    return [
        Entry(cell.text, value if numeric else None, cell.verdict)
        for cell, value in zip(cells, values, strict=True)
    ]
