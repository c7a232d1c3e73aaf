"""The report of a suite: one HTML file with tables, figures and costs, readable offline.

Here is decided which sections there are; their contents are made in `results`, `sections`,
`overview` and `cells`, as plain values. `templates/` has the markup of everything.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from xferlab.benchmark.figures import panels as plots
from xferlab.benchmark.html.cells import make_anchors, make_cells
from xferlab.benchmark.html.elements import Picture, picture
from xferlab.benchmark.html.overview import costs, incomplete, summary
from xferlab.benchmark.html.rendering import asset, digest, render
from xferlab.benchmark.html.results import Anchors, group_cells, results, task_table
from xferlab.benchmark.html.sections import Extras, lay_out, make_content
from xferlab.benchmark.store.records import ORACLE, RunRecord, task_places
from xferlab.benchmark.tables.per_task import Table
from xferlab.benchmark.tables.selection import LAST, group_by
from xferlab.core.files import disk_errors, write_aside

OPEN_TASKS = 3
"""With more tasks than this, the figures of each are folded."""


def write_report(
    records: Sequence[RunRecord],
    table: Table,
    path: str | os.PathLike[str],
    *,
    versions: Mapping[str, str],
    references: Mapping[str, str] | None = None,
    extras: Extras | None = None,
) -> Path:
    """Writes the report of a suite and returns its path.

    The file has no external part. It is written aside and renamed, so that a killed process
    leaves the old report or the new one.

    Args:
        records: The records that `table` was built from.
        table: Numbers, title, protocol and notes.
        path: Where the file goes; its folder must exist.
        versions: What the suite ran on: package versions, Python, devices.
        references: Method → citation in one line; http addresses become links.
        extras: Further sections, runs that are missing, names of classes.

    Raises:
        InputError: If the file cannot be written.
    """
    path = Path(path)
    text = make_report(records, table, versions, references or {}, extras or Extras())
    with disk_errors(path):
        write_aside(path, text.encode())
    return path


def make_report(
    records: Sequence[RunRecord],
    table: Table,
    versions: Mapping[str, str],
    references: Mapping[str, str],
    extras: Extras,
) -> str:
    """Returns the text of the report; see `write_report`."""
    script = asset("report.js")
    return render(
        "report.html",
        title=table.spec.title,
        protocol=table.spec.protocol,
        facts=summary(records, extras.problems) | dict(versions),
        missing=len(extras.problems),
        parts=list(_parts(records, table, references, extras)),
        style=asset("report.css"),
        script=script,
        script_digest=digest(script),
    )


class ReportPart(NamedTuple):
    """A section of the page: its template and what that shows."""

    anchor: str
    heading: str
    template: str
    shown: Mapping[str, Any]


def _parts(
    records: Sequence[RunRecord], table: Table, references: Mapping[str, str], extras: Extras
) -> Iterator[ReportPart]:
    """Yields the sections in the order of the page."""
    anchors = make_anchors(records)
    yield ReportPart("results", "Results", "results.html", results(table, anchors))
    for index, section in enumerate(extras.sections):
        if section.notes or section.tables or section.figures:
            yield ReportPart(f"extra-{index + 1}", section.title, "plain.html", lay_out(section))
    heat_map = _heat_map(table, task_places(records))
    if heat_map:
        yield ReportPart(
            "heat-maps", "Source × target", "plain.html", make_content(pictures=[heat_map])
        )
    for index, (task, shown) in enumerate(_tasks(records, table, anchors, extras)):
        yield ReportPart(f"task-{index + 1}", f"Task {task}", "task.html", shown)
    shown = incomplete(records, extras.problems)
    yield ReportPart("incomplete", "Missing and diverged runs", "incomplete.html", shown)
    yield ReportPart("cost", "Cost", "cost.html", costs(records))
    if references:
        cited = [f"{method}: {text}" for method, text in references.items()]
        yield ReportPart("references", "References", "plain.html", make_content(notes=cited))
    shown = make_cells(records, table, anchors, extras.class_names)
    yield ReportPart("cells", "Cells", "cells.html", shown)


def _heat_map(table: Table, places: Mapping[str, tuple[str, str]]) -> Picture | None:
    """Returns source × target maps under the label-free rule; None for a single task."""
    rules = table.spec.rules
    rule = next((rule for rule in rules if rule not in (LAST, ORACLE)), rules[0])
    own = table.cells[table.cells["rule"] == rule]
    values = {
        str(method): {
            places[task]: value
            for task, value in zip(group["task"], group["mean"], strict=True)
            if task in places
        }
        for method, group in own.groupby("method", sort=False)
    }
    if len(places) < 2:
        return None
    caption = f"Mean {table.spec.measure.words} over the seeds that finished, selected by {rule}."
    return picture(plots.heat_map_figure(values), caption)


def _tasks(
    records: Sequence[RunRecord], table: Table, anchors: Anchors, extras: Extras
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields name and content per task: its table, and pictures of one run of every method."""
    methods = list(dict.fromkeys(table.cells["method"]))
    by_task, cells_of = group_by(records, "task"), group_cells(table, "task")
    for (task,), runs in by_task.items():
        done = group_by((run for run in runs if not run.diverged), "method")
        shown = {method: done[method,][0] for method in methods if (method,) in done}
        content = {
            "table": task_table(task, cells_of[task,], table, anchors),
            "pictures": list(_task_pictures(shown, extras.class_names.get(task, ()))),
            "is_open": len(by_task) <= OPEN_TASKS,
        }
        yield task, content


def _task_pictures(shown: Mapping[str, RunRecord], names: Sequence[str]) -> Iterator[Picture]:
    """Yields learning curves, confusion matrices and decision regions, a panel per method."""
    which = "; ".join(
        f"{method} seed {run.seed}{f' {run.hyper}' if run.hyper else ''}"
        for method, run in shown.items()
    )
    curves = {method: run.curve for method, run in shown.items() if run.curve.steps}
    if curves:
        caption = f"Unweighted loss terms during training. One run each: {which}."
        yield picture(plots.curves_figure(curves), caption)
    matrices = {m: run.confusion for m, run in shown.items() if run.confusion is not None}
    if matrices:
        caption = "Confusion on the target test split at the last step, rows divided by their sum."
        yield picture(plots.confusion_figure(matrices, names), caption)
    planes = {method: run.plane for method, run in shown.items() if run.plane is not None}
    if planes:
        caption = "Decision regions at the last step; circles source, triangles target."
        yield picture(plots.planes_figure(planes, names), caption)
