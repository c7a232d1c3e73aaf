"""The page of every (task, method) cell: its runs under every rule, curves, confusion, features.

A page is a section that is shown while the address of the report names it (`:target`);
`templates/cells.html` has the markup.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from xferlab.benchmark.figures.svg import MOST_POINTS, colour_of
from xferlab.benchmark.html import elements as page
from xferlab.benchmark.html import pictures as report_pictures
from xferlab.benchmark.html.elements import Entry, Grid
from xferlab.benchmark.html.results import (
    Anchors,
    Row,
    group_cells,
    published_entry,
    rule_name,
    score,
)
from xferlab.benchmark.store.records import RunRecord
from xferlab.benchmark.tables.per_task import Table
from xferlab.benchmark.tables.selection import best_evaluation, group_by
from xferlab.evaluation.metric_table import Metric


def make_cells(
    records: Sequence[RunRecord],
    table: Table,
    anchors: Anchors,
    class_names: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """Returns what `templates/cells.html` shows; `class_names` has the classes of a task."""
    scores = [(rule_name(rule), True) for rule in table.spec.rules]
    columns = [("seed", True), ("hyper-parameters", False), ("status", False), *scores]
    return {
        "metric": table.spec.metric,
        "run_columns": [*columns, ("seconds", True), ("run (its folder's name)", False)],
        "pages": _pages(records, table, anchors, class_names),
        "most_points": MOST_POINTS,
    }


def make_anchors(records: Sequence[RunRecord]) -> dict[tuple[str, str], str]:
    """Returns the name of the section of every (task, method) that has a run."""
    tasks = list(dict.fromkeys(run.task for run in records))
    methods = list(dict.fromkeys(run.method for run in records))
    cells = dict.fromkeys((run.task, run.method) for run in records)
    return {(t, m): f"cell-{tasks.index(t) + 1}-{methods.index(m) + 1}" for t, m in cells}


def _pages(
    records: Sequence[RunRecord],
    table: Table,
    anchors: Anchors,
    class_names: Mapping[str, Sequence[str]],
) -> Iterator[dict[str, Any]]:
    """Yields the page of every cell, one at a time, as each is large."""
    metric, by_cell = table.spec.measure, group_cells(table, "task", "method")
    for (task, method), runs in group_by(records, "task", "method").items():
        rows = by_cell[task, method]
        shown = [run for run in runs if run.hyper == rows[0]["hyper"]]
        several = len({run.hyper for run in runs}) > 1
        yield {
            "task": task,
            "method": method,
            "anchor": anchors[task, method],
            "table": _rules(rows, table),
            "runs": [
                (run, colour_of(run.seed), _scores(run, rows, metric, mark_chosen=several))
                for run in runs
            ],
            "is_sweep": several,
            "hyper": rows[0]["hyper"],
            "curves": report_pictures.curve_panels(shown, metric),
            **_pictures(shown, class_names.get(task, ())),
        }


def _rules(rows: Sequence[Row], table: Table) -> Grid:
    """Returns the numbers of the cell under every rule."""
    lines, measure = [], table.spec.measure
    form = f".{measure.digits}f"
    for cell in rows:
        interval = (cell["difference_low_points"], cell["difference_high_points"])
        low_high = " [{:+{}}, {:+{}}]".format(interval[0], form, interval[1], form)
        points = cell["difference_points"]
        difference = f"{points:+{form}}{low_high if pd.notna(interval[0]) else ''}"
        difference = difference if pd.notna(points) else "–"
        line = [rule_name(cell["rule"]), score(cell, table, {}), Entry(difference, points)]
        line += [page.number(cell["p_value"], 3), page.number(cell["p_holm"], 3)]
        lines.append([*line, published_entry([cell]), cell["hyper"] or "defaults"])
    difference = "points over" if measure.unit else "difference to"
    header = ["rule", measure.words, f"{difference} {table.spec.baseline}"]
    header += ["p", "p (Holm)", "published", "hyper-parameters"]
    return page.grid(header, lines, "the cell under every rule")


def _scores(
    run: RunRecord, rows: Sequence[Row], metric: Metric, *, mark_chosen: bool
) -> list[Entry]:
    """Returns the score of a run under every rule, and the step it was reached at."""
    if run.diverged:
        return [page.number(None) for _ in rows]
    entries = []
    for row in rows:
        chosen = best_evaluation(run, row["rule"], metric.name)
        value = metric.scale * chosen.metrics[metric.name]
        kind = "chosen" if mark_chosen and row["hyper"] == run.hyper else ""
        entries.append(
            Entry(f"{value:.{metric.digits}f}", value, kind, small=(f"step {chosen.step}",))
        )
    return entries


def _pictures(shown: Sequence[RunRecord], names: Sequence[str]) -> dict[str, Any]:
    """Returns confusion and features of the first seed that finished and kept them."""
    done = [run for run in shown if not run.diverged]
    pictures: dict[str, Any] = {"confusion": None, "features": None}
    for run in done:
        if run.confusion is not None:
            pictures["confusion"] = run.seed, report_pictures.confusion(run.confusion, names)
            break
    for run in done:
        if run.embedding is not None:
            pictures["features"] = run.seed, report_pictures.feature_panels(run.embedding, names)
            break
    return pictures
