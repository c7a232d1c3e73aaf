"""The report of a suite: one HTML file with tables, figures and costs, readable offline.

Here the page is put together; its parts are made in `report_overview`, `report_results`,
`report_cells` and `report_section`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from xferlab.benchmark.figures import panels as plots
from xferlab.benchmark.html import elements as page
from xferlab.benchmark.html.cells import cell_pages, make_anchors
from xferlab.benchmark.html.overview import INCOMPLETE, costs, incomplete, summary, warning
from xferlab.benchmark.html.results import RESULTS, Anchors, results, task_table
from xferlab.benchmark.html.sections import Extras, render
from xferlab.benchmark.store.folders import disk_errors
from xferlab.benchmark.store.records import ORACLE, RunRecord
from xferlab.benchmark.tables.per_task import Table
from xferlab.benchmark.tables.selection import LAST, group_by

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
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    text = make_report(records, table, versions, references or {}, extras or Extras())
    with disk_errors(path):
        try:
            aside.write_text(text, encoding="utf-8")
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
    return path


def make_report(
    records: Sequence[RunRecord],
    table: Table,
    versions: Mapping[str, str],
    references: Mapping[str, str],
    extras: Extras,
) -> str:
    """Returns the text of the report; see `write_report`."""
    sections = [part for part in _sections(records, table, references, extras) if part.html]
    head = (
        page.title(table.spec.title),
        page.bullets(table.spec.protocol),
        page.facts(summary(records, extras.problems) | dict(versions)),
        warning(extras.problems, INCOMPLETE),
        page.contents({part.anchor: part.heading for part in sections}),
    )
    body = (page.section(part.heading, part.html, anchor=part.anchor) for part in sections)
    return page.make_page(table.spec.title, [*filter(None, head), *body])


class _Part(NamedTuple):
    """A section of the page; without HTML it is left out."""

    anchor: str
    heading: str
    html: str


def _sections(
    records: Sequence[RunRecord], table: Table, references: Mapping[str, str], extras: Extras
) -> Iterator[_Part]:
    """Yields the sections in the order of the page."""
    anchors = make_anchors(records)
    yield _Part(RESULTS, "Results", "".join(results(table, anchors)))
    for index, section in enumerate(extras.sections):
        yield _Part(f"extra-{index + 1}", section.title, render(section))
    yield _Part("heat-maps", "Source × target", _heat_map(table))
    for index, (task, html) in enumerate(_task_contents(records, table, anchors, extras)):
        yield _Part(f"task-{index + 1}", f"Task {task}", html)
    missing = "".join(incomplete(records, extras.problems))
    yield _Part(INCOMPLETE, "Missing and diverged runs", missing)
    yield _Part("cost", "Cost", costs(records))
    cited = page.bullets(f"{method}: {text}" for method, text in references.items())
    yield _Part("references", "References", cited)
    hint = page.paragraph("A number in a table opens the page of its cell here.")
    cells = cell_pages(records, table, anchors, extras.class_names)
    yield _Part("cells", "Cells", hint + "".join(cells))


def _heat_map(table: Table) -> str:
    """Returns source × target maps under the label-free rule; '' for a single task."""
    rules = table.spec.rules
    rule = next((rule for rule in rules if rule not in (LAST, ORACLE)), rules[0])
    cells = table.cells[table.cells["rule"] == rule]
    values = {
        str(method): {
            t: v for t, v in zip(group["task"], group["mean_percent"], strict=True) if "->" in t
        }
        for method, group in cells.groupby("method", sort=False)
    }
    if len({task for tasks in values.values() for task in tasks}) < 2:
        return ""
    caption = (
        f"Mean {table.spec.metric} in percent over the seeds that finished, selected by {rule}."
    )
    return page.picture(plots.heat_map_figure(values), caption)


def _task_contents(
    records: Sequence[RunRecord], table: Table, anchors: Anchors, extras: Extras
) -> Iterator[tuple[str, str]]:
    """Yields name and content per task: its table, and pictures of one run of every method."""
    methods = list(dict.fromkeys(table.cells["method"]))
    by_task = group_by(records, "task")
    for (task,), runs in by_task.items():
        done = group_by((run for run in runs if not run.diverged), "method")
        shown = {method: done[method,][0] for method in methods if (method,) in done}
        pictures = "".join(_task_pictures(shown, extras.class_names.get(task, ())))
        is_open = len(by_task) <= OPEN_TASKS
        figures = page.folded("Figures", pictures, is_open=is_open) if pictures else ""
        yield task, task_table(table, task, anchors) + figures


def _task_pictures(shown: Mapping[str, RunRecord], names: Sequence[str]) -> Iterator[str]:
    """Yields learning curves, confusion matrices and decision regions, a panel per method."""
    which = "; ".join(
        f"{method} seed {run.seed}{f' {run.hyper}' if run.hyper else ''}"
        for method, run in shown.items()
    )
    curves = {method: run.curve for method, run in shown.items() if run.curve.steps}
    if curves:
        caption = f"Unweighted loss terms during training. One run each: {which}."
        yield page.picture(plots.curves_figure(curves), caption)
    matrices = {m: run.confusion for m, run in shown.items() if run.confusion is not None}
    if matrices:
        caption = "Confusion on the target test split at the last step, rows divided by their sum."
        yield page.picture(plots.confusion_figure(matrices, names), caption)
    planes = {method: run.plane for method, run in shown.items() if run.plane is not None}
    if planes:
        caption = "Decision regions at the last step; circles source, triangles target."
        yield page.picture(plots.planes_figure(planes, names), caption)
