"""A table as text: for the terminal, Markdown, CSV and LaTeX. The numbers are made in `tables`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import rich.box
import rich.table
from rich.console import Group
from rich.text import Text

from xferlab.benchmark.store.records import ORACLE
from xferlab.benchmark.tables.per_task import Table
from xferlab.benchmark.tables.per_task_notes import BELOW
from xferlab.core.checks import check_type

MARKS = {"better": "▲", "worse": "▼", "": ""}
OUTSIDE = "≠"
"""Marks a cell further from the published number of its rule than the tolerance."""
STYLES = {"better": "green", "worse": "red", "": ""}
_LATEX = {"\\": r"\textbackslash{}", "->": r"$\to$", "▲": r"$\uparrow$", "▼": r"$\downarrow$"}
_LATEX |= {OUTSIDE: r"$\neq$"}
_LATEX |= {BELOW: r"$\ddagger$", "…": r"\ldots{}"}
_LATEX |= {"†": r"$\dagger$", "–": "--", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_LATEX |= {character: f"\\{character}" for character in "&%$#_{}"}
_LATEX |= {"[": "{[}", "<": r"\textless{}", ">": r"\textgreater{}"}


@dataclass(frozen=True)
class Cell:
    """One printed cell and its verdict against the baseline (`better`, `worse` or '')."""

    text: str
    verdict: str = ""


@dataclass(frozen=True)
class Block:
    """The part of a table about one task: methods down, selection rules across."""

    task: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def make_blocks(table: Table) -> list[Block]:
    """Returns the printed cells, task by task; published numbers come last, if any."""
    rules, digits = table.spec.rules, table.spec.measure.digits
    blocks = []
    for task, group in table.cells.groupby("task", sort=False):
        with_published = bool(group["published_percent"].notna().any())
        header = ("method", *(_rule_header(rule) for rule in rules))
        rows = []
        for method, cells in group.groupby("method", sort=False):
            by_rule = {cell["rule"]: cell for cell in cells.to_dict("records")}
            first = by_rule[rules[0]]
            dagger = " †" if first["target_labels"] else ""
            row = [Cell(f"{method}{dagger}"), *(_number(by_rule[rule], digits) for rule in rules)]
            rows.append((*row, *[_published(by_rule.values())] * with_published))
        published = [Cell("–")] * with_published
        rows += [(*row, *published) for row in _trivial_rows(table, str(task))]
        blocks.append(Block(str(task), (*header, *["published"] * with_published), tuple(rows)))
    return blocks


def _trivial_rows(table: Table, task: str) -> list[tuple[Cell, ...]]:
    """Returns what predictors without a look at the input score, under every rule alike."""
    own = table.trivial[table.trivial["task"] == task]
    pairs = zip(own["method"], own["mean"], strict=True)
    return [(Cell(name), *[Cell(f"{mean:.1f}")] * len(table.spec.rules)) for name, mean in pairs]


def to_terminal(table: Table) -> Group:
    """Returns what `rich` prints: one small table per task, then the notes; so by each metric."""
    _check(table)
    return Group(*(part for each in table.by_metric.values() for part in _terminal(each)))


def _terminal(table: Table) -> list[Group | Text]:
    parts = [
        Text(f"{table.spec.title}\n", style="bold"),
        *map(block_to_terminal, make_blocks(table)),
    ]
    return [*parts, *(Text(f"· {note}", style="dim") for note in table.notes)]


def block_to_terminal(block: Block) -> Group:
    """Returns what `rich` prints of a block: its heading and a table."""
    grid = rich.table.Table(box=rich.box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for column, name in enumerate(block.header):
        grid.add_column(Text(name), no_wrap=column == 0)
    for row in block.rows:
        grid.add_row(*(Text(cell.text, style=STYLES[cell.verdict]) for cell in row))
    return Group(Text(block.task, style="bold"), grid, Text())


def to_markdown(table: Table) -> str:
    """Returns GitHub Markdown: a heading, a pipe table per task, the notes; so by each metric."""
    _check(table)
    return "\n".join(map(_markdown, table.by_metric.values()))


def _markdown(table: Table) -> str:
    lines = [f"## {escape_markdown(table.spec.title)}", ""]
    lines += [f"{block_to_markdown(block)}\n" for block in make_blocks(table)]
    return "\n".join([*lines, *(f"- {escape_markdown(note)}" for note in table.notes)]) + "\n"


def block_to_markdown(block: Block) -> str:
    """Returns a heading and a pipe table."""
    rows = [block.header, *(tuple(cell.text for cell in row) for row in block.rows)]
    text = ["| " + " | ".join(map(escape_markdown, row)) + " |" for row in rows]
    rule = "|" + " --- |" * len(block.header)
    return "\n".join([f"### {escape_markdown(block.task)}", "", text[0], rule, *text[1:]])


def to_csv(table: Table) -> str:
    """Returns every number in tidy form, one line per (metric, task, method, rule).

    The trivial predictors come last, with no rule.
    """
    _check(table)
    return all_cells(table).to_csv(index=False, lineterminator="\n")


def all_cells(table: Table) -> pd.DataFrame:
    """Returns the numbers of a table by every metric, a row per (metric, task, method, rule).

    The trivial predictors come last, with no rule.
    """
    tables = table.by_metric.values()
    cells = [each.cells for each in tables]
    trivial = [each.trivial.assign(rule="", metric=each.spec.metric) for each in tables]
    return pd.concat([*cells, *trivial], ignore_index=True)


def to_latex(table: Table) -> str:
    """Returns a booktabs `tabular`, tasks one under the other, notes as comments; one a metric."""
    _check(table)
    return "\n".join(map(_tabular, table.by_metric.values()))


def _tabular(table: Table) -> str:
    blocks = make_blocks(table)
    width = max(len(block.header) for block in blocks)
    lines = [rf"\begin{{tabular}}{{{'l' * width}}}", r"\toprule"]
    for index, block in enumerate(blocks):
        lines += [r"\midrule"] * (index > 0)
        lines.append(rf"\multicolumn{{{width}}}{{l}}{{\textbf{{{_latex(block.task)}}}}} \\")
        rows = [block.header, *(tuple(cell.text for cell in row) for row in block.rows)]
        text = [" & ".join(_latex(t) for t in row) + r" \\" for row in rows]
        lines += [text[0], r"\midrule", *text[1:]]
    comments = ["% " + " ".join(note.split()) for note in (table.spec.title, *table.notes)]
    return "\n".join([*comments, *lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


def _check(table: Table) -> None:
    check_type("table", table, Table, "the Table that xferlab.compare or build_table returns")


def _rule_header(rule: str) -> str:
    """Returns a column's heading; the oracle is never printed without a warning."""
    return f"{ORACLE} (sees labels)" if rule == ORACLE else rule


def _number(cell: Mapping[str, Any], digits: int) -> Cell:
    """Returns mean, interval, marks and the number of runs that diverged or are missing."""
    diverged = f"{cell['diverged']} of {cell['seeds']} diverged" if cell["diverged"] else ""
    missing = f"{cell['missing']} of {cell['seeds'] + cell['missing']} missing"
    missing = missing if cell["missing"] else ""
    if pd.isna(cell["mean"]):
        return Cell(diverged or f"{missing}: {shorten(cell['gap'])}")
    text = f"{cell['mean']:.{digits}f}"
    if pd.notna(cell["low"]):
        text += f" [{cell['low']:.{digits}f}, {cell['high']:.{digits}f}]"
    outside = OUTSIDE if cell["outside_tolerance"] is True else ""
    below = BELOW if cell["below_majority"] else ""
    parts = [text, MARKS[cell["verdict"]], below, outside, diverged, missing]
    return Cell(" ".join(part for part in parts if part), cell["verdict"])


def with_interval(value: float, low: float, high: float, form: str) -> str:
    """Returns a number with its interval, where it has one, each by a format; a dash for none."""
    if pd.isna(value):
        return "–"
    return f"{value:{form}}" + ("" if pd.isna(low) else f" [{low:{form}}, {high:{form}}]")


def shorten(text: str, width: int = 60) -> str:
    """Returns the beginning of a text on one line; the notes under a table have the whole."""
    line = " ".join(text.split())
    return line if len(line) <= width else f"{line[: width - 1]}…"


def _published(cells: Iterable[Mapping[str, Any]]) -> Cell:
    """Returns the published numbers beside the cells, each with selection rule and protocol."""
    texts = [
        f"{c['published_percent']:.1f} ({c['published_rule']}; {c['published_protocol']})"
        for c in cells
        if pd.notna(c["published_percent"])
    ]
    return Cell(", ".join(dict.fromkeys(texts)) or "–")


def escape_markdown(text: str) -> str:
    """Returns text that stays in its cell and starts no markup."""
    text = re.sub(r"([\\|*`<])", r"\\\1", text)
    return " ".join(text.split())


def _latex(text: str) -> str:
    """Returns text with everything that LaTeX would interpret escaped."""
    pattern = "|".join(re.escape(key) for key in sorted(_LATEX, key=len, reverse=True))
    return re.sub(pattern, lambda match: _LATEX[match.group()], text)
