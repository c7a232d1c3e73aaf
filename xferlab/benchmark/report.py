"""The report of a suite: one HTML file with tables, figures and costs, readable offline."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from xferlab.benchmark import page, plots
from xferlab.benchmark.records import ORACLE, RunRecord
from xferlab.benchmark.rendering import make_blocks
from xferlab.benchmark.selection import LAST, explain, group_by
from xferlab.benchmark.store import disk_errors
from xferlab.benchmark.tables import Table


def write_report(
    records: Sequence[RunRecord],
    table: Table,
    path: str | os.PathLike[str],
    *,
    versions: Mapping[str, str],
    references: Mapping[str, str] | None = None,
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

    Raises:
        InputError: If the file cannot be written.
    """
    path = Path(path)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    text = make_report(records, table, versions, references or {})
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
) -> str:
    """Returns the text of the report; see `write_report`."""
    spec = table.spec
    sections = [
        page.section("Protocol", page.bullets(spec.protocol)),
        page.section("Results", *_results(table)),
        page.section("Selection rules", page.bullets(explain(rule) for rule in spec.rules)),
        page.section("Source × target", _heat_map(table)),
        *_task_sections(records, list(dict.fromkeys(table.cells["method"]))),
        page.section("Divergences", _divergences(records)),
        page.section("Cost", _costs(records)),
        page.section("Versions and devices", page.grid(("what", "value"), versions.items())),
        page.section("References", page.bullets(f"{m}: {text}" for m, text in references.items())),
    ]
    return page.make_page(spec.title, filter(None, sections))


def _results(table: Table) -> Iterator[str]:
    """Yields the tables, the notes and, folded, every number."""
    for block in make_blocks(table):
        yield page.heading(block.task)
        yield page.grid(block.header, block.rows)
    said = {*table.spec.protocol, *(explain(rule) for rule in table.spec.rules)}
    yield page.bullets(note for note in table.notes if note not in said)
    yield page.folded("All numbers", _all_numbers(table.cells))


def _all_numbers(cells: pd.DataFrame) -> str:
    """Returns the tidy frame as a table, numbers to three digits."""
    text = cells.map(lambda v: "" if pd.isna(v) else f"{v:.3f}" if isinstance(v, float) else str(v))
    return page.grid(list(cells.columns), text.to_numpy().tolist())


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


def _task_sections(records: Sequence[RunRecord], methods: Sequence[str]) -> Iterator[str]:
    """Yields one section per task: the pictures of one run of every method, in a given order."""
    for (task,), runs in group_by(records, "task").items():
        done = group_by((run for run in runs if not run.diverged), "method")
        shown = {method: done[method,][0] for method in methods if (method,) in done}
        yield page.section(f"Task {task}", *_task_pictures(shown))


def _task_pictures(shown: Mapping[str, RunRecord]) -> Iterator[str]:
    """Yields learning curves, confusion matrices, decision regions and features."""
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
        yield page.picture(plots.confusion_figure(matrices), caption)
    planes = {method: run.plane for method, run in shown.items() if run.plane is not None}
    if planes:
        caption = "Decision regions at the last step; circles source, triangles target."
        yield page.picture(plots.planes_figure(planes), caption)
    for method, run in shown.items():
        if run.embedding is not None:
            caption = (
                f"{method}, seed {run.seed}: t-SNE of encoder features, each panel on its own."
            )
            image = page.picture(plots.embedding_figure(run.embedding), caption)
            yield page.folded(f"Features of {method} before and after training", image)


def _divergences(records: Sequence[RunRecord]) -> str:
    """Returns the runs that became non-finite, or the statement that none did."""
    rows = [
        (run.method, run.task, str(run.seed), run.hyper, str(run.diverged_at), run.diverged_term)
        for run in records
        if run.diverged
    ]
    if not rows:
        return page.bullets([f"None of {len(records)} runs diverged."])
    cells = [[text or "–" for text in row] for row in rows]
    return page.grid(("method", "task", "seed", "hyper-parameters", "step", "term"), cells)


def _costs(records: Sequence[RunRecord]) -> str:
    """Returns the training time per method, summed over all of its runs."""
    rows = []
    for (method,), runs in group_by(records, "method").items():
        seconds = [run.seconds for run in runs]
        rows.append(
            (method, str(len(runs)), f"{sum(seconds) / len(runs):.1f}", f"{sum(seconds):.0f}")
        )
    total = sum(run.seconds for run in records)
    rows.append(("all", str(len(records)), f"{total / len(records):.1f}", f"{total:.0f}"))
    return page.grid(("method", "runs", "seconds per run", "seconds in all"), rows)
