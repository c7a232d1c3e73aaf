"""The HTML of a report: one self-contained page. Every text goes through `escape`."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterable, Sequence
from html import escape

from matplotlib.figure import Figure

from xferlab.benchmark.rendering import Cell

STYLE = """
:root { color-scheme: light dark; --text: #1b1f24; --page: #ffffff; --line: #d0d7de;
  --soft: #f3f5f8; --good: #00664a; --bad: #a83200; --link: #0057b0; }
@media (prefers-color-scheme: dark) { :root { --text: #e4e8ed; --page: #14181d; --line: #3a424c;
  --soft: #1e242b; --good: #4fd0a5; --bad: #ff9a66; --link: #7db8ff; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page);
  max-width: 70rem; margin: 0 auto; padding: 1rem; }
h1, h2, h3 { line-height: 1.2; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
a { color: var(--link); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 0.25rem 0.8rem; border-bottom: 1px solid var(--line);
  white-space: nowrap; }
th { background: var(--soft); }
.better { color: var(--good); font-weight: 600; } .worse { color: var(--bad); font-weight: 600; }
figure { margin: 1rem 0; padding: 0.5rem; background: #ffffff; border: 1px solid var(--line);
  border-radius: 6px; overflow-x: auto; }
figure img { display: block; max-width: 100%; height: auto; }
figcaption { color: #1b1f24; font-size: 0.85rem; }
details { margin: 0.5rem 0; } summary { cursor: pointer; }
ul { padding-left: 1.2rem; }
"""


def make_page(title: str, sections: Iterable[str]) -> str:
    """Returns a whole document; `sections` are HTML already."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{escape(title)}</h1>\n" + "\n".join(sections) + "\n</body>\n</html>\n"
    )


def section(heading: str, *parts: str) -> str:
    """Returns a section with its heading; '' where all parts are empty."""
    body = "\n".join(part for part in parts if part)
    return f"<section>\n<h2>{escape(heading)}</h2>\n{body}\n</section>" if body else ""


def heading(text: str) -> str:
    """Returns a heading within a section."""
    return f"<h3>{escape(text)}</h3>"


def bullets(lines: Iterable[str]) -> str:
    """Returns a list of lines of text, in which addresses become links; '' for no line."""
    items = "\n".join(f"<li>{_link(escape(line))}</li>" for line in lines)
    return f"<ul>\n{items}\n</ul>" if items else ""


def grid(header: Sequence[str], rows: Iterable[Sequence[Cell | str]]) -> str:
    """Returns a table that scrolls on a small screen."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in header)
    body = "\n".join("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in rows)
    return (
        f'<div class="scroll"><table>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table></div>"
    )


def folded(summary: str, content: str) -> str:
    """Returns content that opens on a click."""
    return f"<details><summary>{escape(summary)}</summary>\n{content}\n</details>"


def picture(figure: Figure, caption: str) -> str:
    """Returns a figure as a PNG inside the page."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", facecolor="white", metadata={"Software": None})
    data = base64.b64encode(buffer.getvalue()).decode()
    text = escape(caption)
    return (
        f'<figure><img alt="{text}" src="data:image/png;base64,{data}">'
        f"<figcaption>{text}</figcaption></figure>"
    )


def _cell(cell: Cell | str) -> str:
    """Returns one table cell, coloured by its verdict."""
    if isinstance(cell, str):
        return f"<td>{escape(cell)}</td>"
    colour = f' class="{cell.verdict}"' if cell.verdict else ""
    return f"<td{colour}>{escape(cell.text)}</td>"


def _link(text: str) -> str:
    """Returns escaped text with its http addresses as links."""
    return re.sub(r"https?://[\w./%()+~:#=?&;-]*[\w/]", r'<a href="\g<0>">\g<0></a>', text)
