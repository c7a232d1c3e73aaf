"""The tables of a report: methods × tasks under every selection rule, and task by task.

Every number leads to the page of its cell; a method that is significantly worse than the baseline
is marked in its cell, in words for those who do not see the mark.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from xferlab.benchmark.html import elements as page
from xferlab.benchmark.html.elements import Entry, Grid
from xferlab.benchmark.store.records import ORACLE
from xferlab.benchmark.tables.per_task import Table
from xferlab.benchmark.tables.per_task_notes import BELOW
from xferlab.benchmark.tables.selection import explain
from xferlab.benchmark.tables.spec import TableSpec
from xferlab.benchmark.text.per_task import MARKS, OUTSIDE, shorten

Anchors = Mapping[tuple[str, str], str]
"""(task, method) → the name of the section of that cell."""
Row = Mapping[Any, Any]
"""The numbers of one cell under one rule, by the columns of `Table.cells`."""


def results(table: Table, anchors: Anchors) -> dict[str, Any]:
    """Returns the tables of all tasks under each rule, the notes on them, and every number."""
    said = {*table.spec.protocol, *map(explain, table.spec.rules)}
    return {
        "views": [
            (
                rule_name(rule),
                explain(rule, table.spec.metric),
                _matrix(rule, cells, table, anchors),
            )
            for (rule,), cells in group_cells(table, "rule").items()
        ],
        "notes": [note for note in table.notes if note not in said],
        "numbers": page.frame_grid(table.cells, "all numbers"),
    }


def group_cells(table: Table, *columns: str) -> dict[tuple, list[Row]]:
    """Returns the rows of the table by their values in some columns, in its order."""
    groups: dict[tuple, list[Row]] = {}
    for row in table.cells.to_dict("records"):
        groups.setdefault(tuple(row[column] for column in columns), []).append(row)
    return groups


def task_table(task: str, cells: Sequence[Row], table: Table, anchors: Anchors) -> Grid:
    """Returns one task: methods down, selection rules across, published numbers last."""
    rules = table.spec.rules
    published = any(pd.notna(cell["published_percent"]) for cell in cells)
    methods = list(dict.fromkeys(cell["method"] for cell in cells))
    rows = []
    for method in methods:
        by_rule = {cell["rule"]: cell for cell in cells if cell["method"] == method}
        entries = [score(by_rule[rule], table, anchors) for rule in rules]
        reference = [published_entry(by_rule.values())] if published else []
        rows.append([_method(by_rule[rules[0]]), *entries, *reference])
    own = table.trivial[table.trivial["task"] == task]
    for name, mean in zip(own["method"], own["mean"], strict=True):
        entries = [page.number(mean, table.spec.measure.digits)] * len(rules)
        rows.append([name, *entries, *[page.number(None)] * published])
    header = ["method", *map(rule_name, rules), *["published"] * published]
    baseline = [i for i, method in enumerate(methods) if method == table.spec.baseline]
    return page.grid(header, rows, f"methods on {task}", baseline)


def rule_name(rule: str) -> str:
    """Returns a rule's heading; the oracle is never printed without a warning."""
    return f"{ORACLE} (sees labels)" if rule == ORACLE else rule


def score(cell: Row, table: Table, anchors: Anchors) -> Entry:
    """Returns mean, marks, interval and diverged runs of a cell; the mean leads to its page."""
    return Entry(
        page.number(cell["mean"], table.spec.measure.digits).text,
        cell["mean"],
        kind=cell["verdict"],
        anchor=anchors.get((cell["task"], cell["method"]), ""),
        marks=tuple(_marks(cell, table.spec)),
        small=tuple(_remarks(cell, table.spec.measure.digits)),
    )


def published_entry(cells: Iterable[Row]) -> Entry:
    """Returns the published numbers beside the cells, each with selection rule and protocol."""
    values = {
        (c["published_percent"], c["published_rule"], c["published_protocol"]): None
        for c in cells
        if pd.notna(c["published_percent"])
    }
    if not values:
        return page.number(None)
    numbers = [(f"{value:.1f}", f"{rule}; {protocol}") for value, rule, protocol in values]
    return Entry("", next(iter(values))[0], published=numbers)


def _matrix(rule: str, cells: Sequence[Row], table: Table, anchors: Anchors) -> Grid:
    """Returns the methods × tasks table of one rule."""
    tasks = list(dict.fromkeys(cell["task"] for cell in cells))
    known = {(cell["task"], cell["method"]): cell for cell in cells}
    first = {cell["method"]: cell for cell in reversed(cells)}
    in_order = dict.fromkeys(cell["method"] for cell in cells)
    methods = sorted(in_order, key=lambda m: _order(first[m], table.spec.baseline))
    rows = []
    for method in methods:
        own = (known.get((task, method)) for task in tasks)
        rows.append([_method(first[method]), *(_matrix_entry(c, table, anchors) for c in own)])
    for name, group in table.trivial.groupby("method", sort=False):
        means = dict(zip(group["task"], group["mean"], strict=True))
        rows.append([str(name), *(page.number(means.get(task)) for task in tasks)])
    baseline = [i for i, method in enumerate(methods) if method == table.spec.baseline]
    label = f"{table.spec.measure.words} under {rule_name(rule)}"
    return page.grid(["method", *tasks], rows, label, baseline)


def _order(cell: Row, baseline: str) -> tuple[bool, bool]:
    """Returns what methods are ordered by: the baseline first, those with target labels last."""
    return cell["method"] != baseline, cell["target_labels"]


def _matrix_entry(cell: Row | None, table: Table, anchors: Anchors) -> Entry:
    """Returns our number with the published one beneath it."""
    if cell is None:
        return Entry("–", math.nan, small=("no run",))
    ours = score(cell, table, anchors)
    if pd.isna(cell["published_percent"]):
        return ours
    return dataclasses.replace(ours, published=published_entry([cell]).published)


def _method(cell: Row) -> Entry:
    """Returns the name of a method."""
    return Entry(cell["method"], target_labels=cell["target_labels"])


def _marks(cell: Row, spec: TableSpec) -> Iterator[tuple[str, str]]:
    """Yields the marks of a cell, each with words for readers who do not see it."""
    if cell["verdict"]:
        points = abs(cell["difference_points"])
        unit = " points" if spec.measure.unit else ""
        words = f"{cell['verdict']} than {spec.baseline} by {points:.{spec.measure.digits}f}{unit}"
        yield MARKS[cell["verdict"]], words
    if cell["below_majority"]:
        yield BELOW, "below the majority class"
    if cell["outside_tolerance"] is True:
        points = cell["published_difference_points"]
        yield OUTSIDE, f"{points:+.1f} points from the published number, outside tolerance"


def _remarks(cell: Row, digits: int) -> Iterator[str]:
    """Yields what stands behind the mean of a cell: its interval, and how many runs it lacks."""
    if pd.notna(cell["low"]):
        yield f"[{cell['low']:.{digits}f}, {cell['high']:.{digits}f}]"
    if cell["diverged"]:
        yield f"{cell['diverged']} of {cell['seeds']} diverged"
    if cell["missing"]:
        reason = f": {shorten(cell['gap'])}" if pd.isna(cell["mean"]) else ""
        yield f"{cell['missing']} of {cell['seeds'] + cell['missing']} missing{reason}"
