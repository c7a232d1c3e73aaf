"""What the templates of a report show: tables of entries, and pictures. Texts are plain here.

`templates/elements.html` has the markup of each.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure
from PIL import Image


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a table.

    Attributes:
        text: What it shows.
        value: The number that its column is sorted by, NaN where it is missing (sorted last);
            None for text, sorted as such.
        kind: Names of CSS classes, separated by spaces.
        anchor: The section of the page that the text leads to.
        marks: Signs behind the text, each with words for readers who do not see it.
        small: What stands behind in small print.
        published: Numbers of papers, each with its rule and protocol: beneath the text, or in
            place of an empty one.
        target_labels: Whether it names a method that saw target labels, which gets a dagger.
    """

    text: str
    value: float | None = None
    kind: str = ""
    anchor: str = ""
    marks: Sequence[tuple[str, str]] = ()
    small: Sequence[str] = ()
    published: Sequence[tuple[str, str]] = ()
    target_labels: bool = False

    @property
    def classes(self) -> str:
        """The CSS classes, that of a number among them."""
        return self.kind if self.value is None else f"number {self.kind}".strip()

    @property
    def sort_value(self) -> str:
        """The number to sort by as text; '' where it is missing."""
        return "" if self.value is None or not math.isfinite(self.value) else f"{self.value:.6g}"


@dataclass(frozen=True)
class Grid:
    """A sortable table; `grid` makes one.

    Attributes:
        columns: The name of each column and whether it has numbers.
        rows: Their entries; the first of a row is its heading.
        label: What the table is, for readers who do not see it.
        baseline: Indices of the rows to mark as what others are compared with.
    """

    columns: Sequence[tuple[str, bool]]
    rows: Sequence[Sequence[Entry]]
    label: str
    baseline: Collection[int] = ()


@dataclass(frozen=True)
class Picture:
    """An image with its caption, which is its alternative text too.

    Attributes:
        data: A PNG in base64.
        caption: One sentence.
        kind: A CSS class.
    """

    data: str
    caption: str
    kind: str = ""


def number(value: float | None, digits: int = 1) -> Entry:
    """Returns an entry that shows a number, a dash where it is missing."""
    if value is None or not math.isfinite(value):
        return Entry("–", math.nan)
    return Entry(f"{value:.{digits}f}", value)


def grid(
    header: Sequence[str],
    rows: Iterable[Sequence[Entry | str]],
    label: str,
    baseline: Collection[int] = (),
) -> Grid:
    """Returns a table of entries, of which some are text alone; see `Grid`."""
    lines = [[e if isinstance(e, Entry) else Entry(e) for e in row] for row in rows]
    columns = list(zip(*lines, strict=True)) or [()] * len(header)
    numeric = [any(entry.value is not None for entry in column) for column in columns]
    return Grid(list(zip(header, numeric, strict=True)), lines, label, baseline)


def frame_grid(frame: pd.DataFrame, label: str) -> Grid:
    """Returns a data frame as a table, numbers to three digits, without its index."""
    rows = ([_frame_entry(value) for value in row] for row in frame.to_numpy(object))
    return grid([str(name) for name in frame.columns], rows, label)


def picture(figure: Figure, caption: str) -> Picture:
    """Returns a figure in 256 colours: a third of the bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", facecolor="white")
    drawn = Image.open(buffer).convert("RGB")
    return image(drawn.quantize(256, dither=Image.Dither.NONE), caption)


def image(pixels: Image.Image, caption: str, kind: str = "") -> Picture:
    """Returns an image as a PNG."""
    buffer = io.BytesIO()
    pixels.save(buffer, format="png", optimize=True)
    return Picture(base64.b64encode(buffer.getvalue()).decode(), caption, kind)


def _frame_entry(value: object) -> Entry | str:
    """Returns a value of a data frame as an entry: numbers are sorted as numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "" if pd.isna(value) else str(value)  # type: ignore[arg-type]
    return Entry(str(value), value) if isinstance(value, int) else number(value, 3)
