"""The tables of a report: methods × tasks under every selection rule, and task by task.

Every number leads to the page of its cell; a method that is significantly worse than the baseline
is marked in its cell, in words for those who do not see the mark.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

import pandas as pd

from xferlab.benchmark.html import elements as page
from xferlab.benchmark.html.elements import Entry
from xferlab.benchmark.store.records import ORACLE
from xferlab.benchmark.tables.per_task import Table
from xferlab.benchmark.tables.per_task_notes import BELOW
from xferlab.benchmark.tables.selection import explain
from xferlab.benchmark.text.per_task import MARKS, OUTSIDE, shorten

RESULTS = "results"
"""The anchor of the section of the tables."""

Anchors = Mapping[tuple[str, str], str]
"""(task, method) → the name of the section of that cell."""


def results(table: Table, anchors: Anchors) -> Iterator[str]:
    """Yields the tables with a switch between rules, the notes and, folded, every number."""
    views = [_view(index, rule, table, anchors) for index, rule in enumerate(table.spec.rules)]
    yield (
        '<fieldset class="switch"><legend>Selection rule:</legend>'
        + "\n".join(views)
        + "</fieldset>"
    )
    said = {*table.spec.protocol, *(explain(rule) for rule in table.spec.rules)}
    yield page.bullets(note for note in table.notes if note not in said)
    yield page.folded("All numbers", page.frame_grid(table.cells, label="all numbers"))


def task_table(table: Table, task: str, anchors: Anchors) -> str:
    """Returns one task: methods down, selection rules across, published numbers last."""
    rules, cells = table.spec.rules, table.cells.query("task == @task")
    published = bool(cells["published_percent"].notna().any())
    rows = []
    for _, group in cells.groupby("method", sort=False):
        by_rule = {cell["rule"]: cell for cell in group.to_dict("records")}
        entries = [score(by_rule[rule], table, anchors) for rule in rules]
        reference = [published_entry(by_rule.values())] if published else []
        rows.append([_method(by_rule[rules[0]]), *entries, *reference])
    own = table.trivial[table.trivial["task"] == task]
    for name, mean in zip(own["method"], own["mean_percent"], strict=True):
        entries = [page.number(mean)] * len(rules)
        rows.append([name, *entries, *[page.number(None)] * published])
    header = ["method", *map(rule_name, rules), *["published"] * published]
    baseline = [i for i, m in enumerate(dict.fromkeys(cells["method"])) if m == table.spec.baseline]
    return page.grid(header, rows, label=f"methods on {task}", baseline=baseline)


def rule_name(rule: str) -> str:
    """Returns a rule's heading; the oracle is never printed without a warning."""
    return f"{ORACLE} (sees labels)" if rule == ORACLE else rule


def score(cell: Mapping[Any, Any], table: Table, anchors: Anchors) -> Entry:
    """Returns mean, marks, interval and diverged runs of a cell; the mean leads to its page."""
    mean = cell["mean_percent"]
    text = f"{mean:.1f}" if pd.notna(mean) else "–"
    anchor = anchors.get((cell["task"], cell["method"]))
    html = f'<a href="#{anchor}">{text}</a>' if anchor else text
    html += "".join(_marks(cell, table.spec.baseline))
    if pd.notna(cell["low_percent"]):
        html += f" <small>[{cell['low_percent']:.1f}, {cell['high_percent']:.1f}]</small>"
    if cell["diverged"]:
        html += f" <small>{cell['diverged']} of {cell['seeds']} diverged</small>"
    if cell["missing"]:
        count = f"{cell['missing']} of {cell['seeds'] + cell['missing']} missing"
        reason = f": {shorten(cell['gap'])}" if pd.isna(mean) else ""
        html += f" <small>{escape(count + reason)}</small>"
    return Entry(html, mean, cell["verdict"])


def published_entry(cells: Iterable[Mapping[Any, Any]]) -> Entry:
    """Returns the published numbers beside the cells, each with selection rule and protocol."""
    values = {
        (c["published_percent"], c["published_rule"], c["published_protocol"]): None
        for c in cells
        if pd.notna(c["published_percent"])
    }
    if not values:
        return page.number(None)
    texts = [
        f"{value:.1f} <small>{escape(f'({rule}; {protocol})')}</small>"
        for value, rule, protocol in values
    ]
    return Entry(" ".join(texts), next(iter(values))[0])


def _view(index: int, rule: str, table: Table, anchors: Anchors) -> str:
    """Returns one option of the switch: the rule, what it does, and its table."""
    name, checked = f"rule-{index}", " checked" if index == 0 else ""
    return (
        f'<div class="option"><input type="radio" name="rule" id="{name}"{checked}>'
        f'<label for="{name}">{escape(rule_name(rule))}</label>'
        f'<div class="view">{page.paragraph(explain(rule), kind="quiet")}'
        f"{_matrix(rule, table, anchors)}</div></div>"
    )


def _matrix(rule: str, table: Table, anchors: Anchors) -> str:
    """Returns the methods × tasks table of one rule."""
    cells = table.cells.query("rule == @rule")
    tasks = list(dict.fromkeys(cells["task"]))
    known = {(c["task"], c["method"]): c for c in cells.to_dict("records")}
    methods = sorted(
        dict.fromkeys(cells["method"]), key=lambda m: _order(known, tasks, m, table.spec.baseline)
    )
    rows = []
    for method in methods:
        own = [known.get((task, method)) for task in tasks]
        first = next(cell for cell in own if cell)
        rows.append([_method(first), *(_matrix_entry(cell, table, anchors) for cell in own)])
    for name, group in table.trivial.groupby("method", sort=False):
        means = dict(zip(group["task"], group["mean_percent"], strict=True))
        rows.append([str(name), *(page.number(means.get(task)) for task in tasks)])
    baseline = [i for i, method in enumerate(methods) if method == table.spec.baseline]
    label = f"{table.spec.metric} in percent under {rule_name(rule)}"
    return page.grid(["method", *tasks], rows, label=label, baseline=baseline)


def _order(known: Mapping, tasks: list[str], method: str, baseline: str) -> tuple[bool, bool]:
    """Returns what methods are ordered by: the baseline first, those with target labels last."""
    cell = next(known[task, method] for task in tasks if (task, method) in known)
    return method != baseline, cell["target_labels"]


def _matrix_entry(cell: Mapping[Any, Any] | None, table: Table, anchors: Anchors) -> Entry:
    """Returns our number with the published one beneath it."""
    if cell is None:
        return Entry("– <small>no run</small>", float("nan"))
    ours = score(cell, table, anchors)
    if pd.isna(cell["published_percent"]):
        return ours
    return Entry(
        f"{ours.html}<small>published {published_entry([cell]).html}</small>", ours.value, ours.kind
    )


def _method(cell: Mapping[Any, Any]) -> Entry:
    """Returns the name of a method, with a dagger if it saw target labels."""
    name = escape(cell["method"])
    if not cell["target_labels"]:
        return Entry(name)
    return Entry(f'{name} <abbr title="trained with target labels">†</abbr>')


def _marks(cell: Mapping[Any, Any], baseline: str) -> Iterator[str]:
    """Yields the marks of a cell, each with words for readers who do not see it."""
    if cell["verdict"]:
        points = abs(cell["difference_points"])
        words = f"{cell['verdict']} than {baseline} by {points:.1f} points"
        yield _mark(MARKS[cell["verdict"]], words)
    if cell["below_majority"]:
        yield _mark(BELOW, "below the majority class")
    if cell["outside_tolerance"] is True:
        points = cell["published_difference_points"]
        yield _mark(OUTSIDE, f"{points:+.1f} points from the published number, outside tolerance")


def _mark(mark: str, words: str) -> str:
    """Returns a mark and the words for it."""
    text = escape(words)
    return f' <span class="mark" title="{text}">{mark}<span class="unseen"> {text}</span></span>'
