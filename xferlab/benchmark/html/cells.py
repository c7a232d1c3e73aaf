"""The page of every (task, method) cell: its runs under every rule, curves, confusion, features.

A page is a section that is shown while the address of the report names it (`:target`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape

import pandas as pd

from xferlab.benchmark.figures.svg import MOST_POINTS, colour_of
from xferlab.benchmark.html import elements as page
from xferlab.benchmark.html import pictures as report_pictures
from xferlab.benchmark.html.elements import Entry
from xferlab.benchmark.html.results import RESULTS, Anchors, published_entry, rule_name, score
from xferlab.benchmark.store.records import RunRecord
from xferlab.benchmark.tables.per_task import Table
from xferlab.benchmark.tables.selection import best_evaluation, group_by

DEFAULTS = "defaults"


def make_anchors(records: Sequence[RunRecord]) -> dict[tuple[str, str], str]:
    """Returns the name of the section of every (task, method) that has a run."""
    tasks = list(dict.fromkeys(run.task for run in records))
    methods = list(dict.fromkeys(run.method for run in records))
    cells = dict.fromkeys((run.task, run.method) for run in records)
    return {(t, m): f"cell-{tasks.index(t) + 1}-{methods.index(m) + 1}" for t, m in cells}


def cell_pages(
    records: Sequence[RunRecord],
    table: Table,
    anchors: Anchors,
    class_names: Mapping[str, Sequence[str]],
) -> Iterator[str]:
    """Yields the page of every cell; `class_names` has the names of a task's classes."""
    for (task, method), runs in group_by(records, "task", "method").items():
        rows = table.cells.query("task == @task and method == @method")
        shown = [run for run in runs if run.hyper == rows["hyper"].iloc[0]]
        parts = (
            _rules(rows, table),
            _runs(runs, rows, table),
            _curves(shown, table.spec.metric),
            *_pictures(shown, class_names.get(task, ())),
        )
        name = anchors[task, method]
        title = escape(f"{method} on {task}")
        yield (
            f'<article class="cell" id="{name}" aria-labelledby="{name}-title">\n'
            f'<h3 id="{name}-title">{title}</h3>\n'
            f'<p><a href="#{RESULTS}">back to the tables</a></p>\n'
            + "\n".join(parts)
            + "\n</article>"
        )


def _rules(rows: pd.DataFrame, table: Table) -> str:
    """Returns the numbers of the cell under every rule."""
    lines = []
    for cell in rows.to_dict("records"):
        interval = (cell["difference_low_points"], cell["difference_high_points"])
        low_high = f" [{interval[0]:+.1f}, {interval[1]:+.1f}]" if pd.notna(interval[0]) else ""
        points = cell["difference_points"]
        difference = f"{points:+.1f}{low_high}" if pd.notna(points) else "–"
        line = [rule_name(cell["rule"]), score(cell, table, {}), Entry(difference, points)]
        line += [page.number(cell["p_value"], 3), page.number(cell["p_holm"], 3)]
        lines.append([*line, published_entry([cell]), _hyper(cell["hyper"])])
    header = ["rule", f"{table.spec.metric}, percent", f"points over {table.spec.baseline}"]
    header += ["p", "p (Holm)", "published", "hyper-parameters"]
    return page.grid(header, lines, label="the cell under every rule")


def _runs(runs: Sequence[RunRecord], rows: pd.DataFrame, table: Table) -> str:
    """Returns every run of the cell: status, score under every rule, seconds, folder."""
    chosen = dict(zip(rows["rule"], rows["hyper"], strict=True))
    several = len({run.hyper for run in runs}) > 1
    lines = []
    for run in runs:
        scores = [
            _run_score(run, rule, table.spec.metric, bold=several and chosen[rule] == run.hyper)
            for rule in table.spec.rules
        ]
        swatch = f'<span class="swatch" style="background:{colour_of(run.seed)}"></span>'
        line = [Entry(f"{swatch} {run.seed}", run.seed), _hyper(run.hyper), _status(run), *scores]
        lines.append([*line, page.number(run.seconds), Entry(f"<code>{escape(run.digest)}</code>")])
    rules = [rule_name(rule) for rule in table.spec.rules]
    header = ["seed", "hyper-parameters", "status", *rules, "seconds", "run (its folder's name)"]
    note = " Bold: the hyper-parameters that the rule chose." if several else ""
    text = f"{table.spec.metric} in percent at the checkpoint that the rule chose.{note}"
    return _heading("Runs") + page.paragraph(text) + page.grid(header, lines, label="runs")


def _run_score(run: RunRecord, rule: str, metric: str, *, bold: bool) -> Entry:
    """Returns the score of one run under a rule and the step it was reached at."""
    if run.diverged:
        return page.number(None)
    chosen = best_evaluation(run, rule, metric)
    value = 100 * chosen.metrics[metric]
    return Entry(f"{value:.1f} <small>step {chosen.step}</small>", value, "chosen" if bold else "")


def _status(run: RunRecord) -> str:
    if not run.diverged:
        return run.status
    return f"diverged at step {run.diverged_at} in {run.diverged_term}"


def _hyper(hyper: str) -> str:
    return hyper or DEFAULTS


def _curves(shown: Sequence[RunRecord], metric: str) -> str:
    """Returns the learning curves of all seeds."""
    panels = report_pictures.curve_panels(shown, metric)
    if not panels:
        return ""
    text = (
        f"Hyper-parameters {_hyper(shown[0].hyper)}; a line a seed, in the colour that the table"
        f" gives it; at most {MOST_POINTS} points each."
    )
    return _heading("Learning curves") + page.paragraph(text) + panels


def _pictures(shown: Sequence[RunRecord], names: Sequence[str]) -> Iterator[str]:
    """Yields confusion and features of the first seed that finished and kept them."""
    done = [run for run in shown if not run.diverged]
    confused = next((run for run in done if run.confusion is not None), None)
    if confused is not None and confused.confusion is not None:
        yield _heading(f"Confusion on target test at the last step, seed {confused.seed}")
        yield report_pictures.confusion(confused.confusion, names)
    embedded = next((run for run in done if run.embedding is not None), None)
    if embedded is not None and embedded.embedding is not None:
        yield _heading(f"Features before and after training, seed {embedded.seed}")
        text = "t-SNE of encoder features, before and after each on its own; ● source, ▲ target."
        yield page.paragraph(text)
        yield report_pictures.feature_panels(embedded.embedding, names)


def _heading(text: str) -> str:
    return f"<h4>{escape(text)}</h4>"
