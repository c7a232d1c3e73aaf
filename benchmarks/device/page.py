"""The page of the measurements: JSON and Markdown, written anew after every table."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from benchmarks.output import markdown
from xferlab.core.files import disk_errors, write_aside


@dataclasses.dataclass(frozen=True)
class Table:
    """One table of a part; what a part yields crosses from its process to the page as JSON.

    Attributes:
        title: heading.
        header: names of the columns.
        rows: printed cells, one list a row.
        notes: sentences below.
        figures: the unrounded numbers.
    """

    title: str
    header: list[str]
    rows: list[list[str]]
    notes: list[str] = dataclasses.field(default_factory=list)
    figures: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class PartRecord:
    """A part on the page: its tables so far, its seconds, and how it ended."""

    name: str
    title: str
    tables: list[Table] = dataclasses.field(default_factory=list)
    seconds: float = 0.0
    outcome: str = "not begun"

    def figure(self, name: str) -> Any | None:
        """Returns the last figure of that name in the part's tables, None without one."""
        found = [table.figures[name] for table in self.tables if name in table.figures]
        return found[-1] if found else None


class Page:
    """The files `device.json` and `device.md` of a folder."""

    def __init__(self, folder: Path, command: str, parts: list[PartRecord]):
        """Creates the folder. Raises InputError if it cannot be written."""
        self._folder, self._command, self.parts = folder, command, parts
        with disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        self.write()

    def write(self) -> None:
        """Writes both files as they stand; each is written aside and renamed."""
        content = {"command": self._command, "parts": [dataclasses.asdict(p) for p in self.parts]}
        files = {"device.json": json.dumps(content, indent=1), "device.md": self._markdown()}
        for name, text in files.items():
            with disk_errors(self._folder / name):
                write_aside(self._folder / name, text.encode())

    def _markdown(self) -> str:
        lines = ["# xferlab on a device", "", f"Printed by `{self._command}`.", ""]
        for number, part in enumerate(self.parts, start=1):
            lines += [f"## {number}. {part.title}", ""]
            for table in part.tables:
                lines += [f"### {table.title}", "", markdown(table.header, table.rows)]
                lines += [*(f"- {note}" for note in table.notes), ""]
            lines += [f"{part.outcome}; {part.seconds:.0f} s.", ""]
        return "\n".join(lines)
