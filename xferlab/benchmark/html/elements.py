"""The HTML of a report: one self-contained page. Every text goes through `escape`.

The style sheet and the script of `assets/` stand inside the page; its content security policy lets
a browser load nothing else and run no other script. Without scripts everything but sorting works.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import importlib.resources
import io
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import pandas as pd
from matplotlib.figure import Figure
from PIL import Image


@dataclass(frozen=True)
class Entry:
    """One entry of a table.

    Attributes:
        html: What it shows, escaped already.
        value: The number that its column is sorted by, NaN where it is missing (sorted last);
            None for text, sorted as such.
        kind: Names of CSS classes, separated by spaces.
    """

    html: str
    value: float | None = None
    kind: str = ""


def make_page(heading: str, parts: Iterable[str]) -> str:
    """Returns a whole document; `parts` are HTML already."""
    script = _asset("report.js")
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline';"
    policy += f" script-src 'sha256-{allowed}'"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(heading)}</title>\n<style>{_asset('report.css')}</style>\n</head>\n<body>\n"
        + "\n".join(parts)
        + f"\n<script>{script}</script>\n</body>\n</html>\n"
    )


def section(heading: str, content: str, *, anchor: str) -> str:
    """Returns a section with its heading and the name that links to it have."""
    return f'<section id="{anchor}">\n<h2>{escape(heading)}</h2>\n{content}\n</section>'


def title(text: str) -> str:
    """Returns the heading of the page."""
    return f"<h1>{escape(text)}</h1>"


def paragraph(text: str, *, kind: str = "") -> str:
    """Returns a paragraph of text."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def bullets(lines: Iterable[str]) -> str:
    """Returns a list of lines of text, in which addresses become links; '' for no line."""
    items = "\n".join(f"<li>{_link(escape(line))}</li>" for line in lines)
    return f"<ul>\n{items}\n</ul>" if items else ""


def facts(pairs: Mapping[str, str]) -> str:
    """Returns names with their values, side by side where there is room."""
    items = (
        f"<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>" for name, text in pairs.items()
    )
    return f'<dl class="facts">{"".join(items)}</dl>'


def contents(sections: Mapping[str, str]) -> str:
    """Returns links to the sections of the page: anchor → heading."""
    items = "".join(
        f'<li><a href="#{anchor}">{escape(heading)}</a></li>'
        for anchor, heading in sections.items()
    )
    return f'<nav aria-label="contents"><ul>{items}</ul></nav>'


def number(value: float | None, digits: int = 1) -> Entry:
    """Returns an entry that shows a number, a dash where it is missing."""
    if value is None or not math.isfinite(value):
        return Entry("–", math.nan)
    return Entry(f"{value:.{digits}f}", value)


def grid(
    header: Sequence[str],
    rows: Iterable[Sequence[Entry | str]],
    *,
    label: str,
    baseline: Collection[int] = (),
) -> str:
    """Returns a sortable table that scrolls on a small screen.

    Args:
        header: The names of the columns.
        rows: Their entries; the first of a row is its heading. Texts are escaped.
        label: What the table is, for readers who do not see it.
        baseline: Indices of the rows to mark as what others are compared with.
    """
    lines = [[e if isinstance(e, Entry) else Entry(escape(e)) for e in row] for row in rows]
    numeric = [any(e.value is not None for e in column) for column in zip(*lines, strict=True)]
    kinds = [' class="number"' if flag else "" for flag in numeric] or [""] * len(header)
    head = "".join(
        f'<th scope="col"{kind}>{escape(name)}</th>'
        for name, kind in zip(header, kinds, strict=True)
    )
    body = "\n".join(
        ('<tr class="baseline">' if index in baseline else "<tr>") + f"{_row(line)}</tr>"
        for index, line in enumerate(lines)
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(label)}">'
        f'<table class="sortable">\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table></div>"
    )


def frame_grid(frame: pd.DataFrame, *, label: str) -> str:
    """Returns a data frame as a table, numbers to three digits, without its index."""
    rows = ([_frame_entry(value) for value in row] for row in frame.to_numpy(object))
    return grid([str(name) for name in frame.columns], rows, label=label)


def folded(summary: str, content: str, *, is_open: bool = False) -> str:
    """Returns content that opens on a click."""
    state = " open" if is_open else ""
    return f"<details{state}><summary>{escape(summary)}</summary>\n{content}\n</details>"


def picture(figure: Figure, caption: str) -> str:
    """Returns a figure inside the page, in 256 colours: a third of the bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", facecolor="white")
    drawn = Image.open(buffer).convert("RGB")
    return image(drawn.quantize(256, dither=Image.Dither.NONE), caption)


def image(pixels: Image.Image, caption: str, *, kind: str = "") -> str:
    """Returns an image as a PNG with its caption, which is its alternative text too."""
    buffer = io.BytesIO()
    pixels.save(buffer, format="png", optimize=True)
    text, data = escape(caption), base64.b64encode(buffer.getvalue()).decode()
    style = f' class="{kind}"' if kind else ""
    return (
        f'<figure><img{style} alt="{text}" src="data:image/png;base64,{data}">'
        f"<figcaption>{text}</figcaption></figure>"
    )


def _row(entries: Sequence[Entry]) -> str:
    """Returns the entries of a row, the first as its heading."""
    first, *rest = (_entry(entry) for entry in entries)
    return f'<th scope="row"{first}</th>' + "".join(f"<td{text}</td>" for text in rest)


def _entry(entry: Entry) -> str:
    """Returns attributes and content of an entry, without its tag."""
    if entry.value is None:
        return f' class="{entry.kind}">{entry.html}' if entry.kind else f">{entry.html}"
    value = f"{entry.value:.6g}" if math.isfinite(entry.value) else ""
    kind = f"number {entry.kind}".strip()
    return f' class="{kind}" data-value="{value}">{entry.html}'


def _frame_entry(value: object) -> Entry | str:
    """Returns a value of a data frame as an entry: numbers are sorted as numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "" if pd.isna(value) else str(value)  # type: ignore[arg-type]
    return Entry(str(value), value) if isinstance(value, int) else number(value, 3)


@functools.cache
def _asset(name: str) -> str:
    """Returns the text of a packaged file."""
    folder = importlib.resources.files("xferlab.benchmark.html") / "assets"
    return (folder / name).read_text("utf-8")


def _link(text: str) -> str:
    """Returns escaped text with its http addresses as links."""
    return re.sub(r"https?://[\w./%()+~:#=?&;-]*[\w/]", r'<a href="\g<0>">\g<0></a>', text)
