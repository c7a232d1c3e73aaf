"""The lines under a table: protocol, meaning of the columns, divergences and negative transfer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import pandas as pd

from xferlab.benchmark.store.records import RunRecord
from xferlab.benchmark.tables.published_rows import AVERAGE, FIXED
from xferlab.benchmark.tables.selection import explain
from xferlab.benchmark.tables.spec import TableSpec
from xferlab.benchmark.tables.trivial import CHANCE, MAJORITY
from xferlab.evaluation.examples import METRICS as TESTED
from xferlab.evaluation.probes import PROBE_LIMIT

BELOW = "‡"
"""Marks a cell whose mean is below the majority class's."""
FAR_POINTS = 10.0
"""Points below the baseline from which on a method is named without a test."""


def per_task_notes(
    records: Sequence[RunRecord], spec: TableSpec, cells: pd.DataFrame
) -> tuple[str, ...]:
    """Returns everything that must be read with the numbers, one sentence or two a line."""
    every_row = cells.to_dict("records")
    rows = [row for row in every_row if row["task"] != AVERAGE]
    return (
        *spec.protocol,
        *_gap_notes(spec),
        *_cell_notes(spec, rows),
        *_probe_notes(spec),
        *deterministic_note(dict.fromkeys(r["method"] for r in rows if r["deterministic"]), spec),
        *_majority_notes(spec, rows),
        *(explain(rule, spec.metric) for rule in spec.rules),
        *_sample_notes(records),
        *_oracle_notes(rows),
        *_divergence_notes(records),
        *_negative_transfer(spec, rows),
        *_far_below(spec, rows),
        *_published_notes(spec, every_row),
    )


def _cell_notes(spec: TableSpec, rows: list[dict[Any, Any]]) -> Iterator[str]:
    """Yields what a cell holds and over how many seeds."""
    drawn = {row["seeds"] for row in rows if row["seeds"] and not row["deterministic"]}
    seeds = sorted(drawn)
    if not seeds:
        yield f"Cells: {spec.measure.words}."
        return
    count = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    if seeds[-1] == 1:
        yield f"Cells: {spec.measure.words}, ONE seed: no interval, no test, no conclusion."
        return
    kind = "bootstrap" if spec.interval == "resampling" else "Student t"
    test = "sign-flip test" if spec.interval == "resampling" else "t test"
    yield f"Cells: mean {spec.measure.words} over {count} seeds [95 % {kind} interval]."
    if spec.interval == "resampling" and seeds[0] < 10:
        yield (
            "The bootstrap is optimistic with so few seeds: on normal scores the 95 % interval of 5"
            " seeds covers the mean in about 83 % of experiments."
        )
    yield (
        f"▲ ▼: significantly {_sides(spec)} {spec.baseline} (paired {test} over seeds, Holm over"
        " the tasks of a method, 5 %). Not shown where runs diverged."
    )
    if seeds[0] == 1:
        yield "A cell without an interval has one seed."


def _probe_notes(spec: TableSpec) -> Iterator[str]:
    """Yields what a probe is, and whose labels it reads."""
    if spec.measure.probe is not None:
        yield (
            f"{spec.metric}: accuracy of {spec.measure.probe.sentence}, fitted at each evaluation"
            f" on at most {PROBE_LIMIT} target training examples WITH LABELS that no method sees."
            " It scores features; no run depends on it."
        )


def _sample_notes(records: Sequence[RunRecord]) -> Iterator[str]:
    """Yields where evaluations before the last are on a part of the test split."""
    sizes = {}
    for run in records:
        if run.predictions is not None and (run.predictions < 0).any():
            looked_at = int((run.predictions >= 0).sum(axis=1).min())
            sizes[run.task] = f"{run.task} ({looked_at} of {run.predictions.shape[1]})"
    if sizes:
        yield (
            "Scores at evaluations before the last are on a part of a large test split, drawn once"
            f" and the same for all: {', '.join(sizes.values())}. The last is on all of it."
        )


def _sides(spec: TableSpec) -> str:
    """Returns what ▲ and ▼ mean of a mean beside the baseline's."""
    return "above or below" if spec.measure.higher_is_better else "better or worse than"


def deterministic_note(methods: Collection[str], spec: TableSpec) -> Iterator[str]:
    """Yields what is not said of methods that draw nothing, and what they are tested on."""
    if not methods:
        return
    test = "sign-flip test" if spec.interval == "resampling" else "t test"
    pairs = (
        "Two such methods are compared over the examples of the test split (McNemar's exact test"
        " for accuracy, random swaps for other metrics)"
        if spec.metric in TESTED
        else f"Two such methods have no test by {spec.metric} on a task"
    )
    yield (
        f"Deterministic: {', '.join(methods)}. All seeds are one run, so there is no interval over"
        f" seeds. {pairs}, their averages over the tasks (paired {test}); one"
        " of them with a method that draws, over the other's seeds. ▲ ▼: above or"
        f" below {spec.baseline} by that test (Holm over the tasks of a method, 5 %)."
    )


def _gap_notes(spec: TableSpec) -> Iterator[str]:
    """Yields what the suite has and the table lacks: runs that failed, damaged ones, open ones."""
    cells: dict[tuple[str, bool], list[str]] = {}
    for run in spec.missing:
        where = f"{run.method} on {run.task}" if run.task else run.digest
        cells.setdefault((run.what, run.failed), []).append(where)
    for (what, failed), where in cells.items():
        counts = Counter(where)
        listed = ", ".join(f"{cell} ({count})" for cell, count in counts.items())
        yield f"{'COULD NOT RUN' if failed else 'MISSING'}: {listed}: {what}"
    if any(not run.failed for run in spec.missing):
        yield "A method with a task missing has no average; `xferlab bench` trains what is missing."


def _majority_notes(spec: TableSpec, rows: list[dict[Any, Any]]) -> Iterator[str]:
    """Yields what the trivial rows are, and which methods are below them."""
    if spec.measure.kind != "classes":
        return
    yield (
        f"{MAJORITY}: one class for all examples, the most frequent one of the test split;"
        f" {CHANCE}: a uniform guess, shown where it is another number."
    )
    found = [
        f"{row['method']} on {row['task']} under {row['rule']} ({row['mean']:.1f})"
        for row in rows
        if row["below_majority"]
    ]
    if found:
        yield f"{BELOW}: below the majority class, whatever else is marked: {', '.join(found)}."


def _far_below(spec: TableSpec, rows: list[dict[Any, Any]]) -> Iterator[str]:
    """Yields, per rule, methods far below the baseline where no test says so."""
    digits = spec.measure.digits
    for rule in spec.rules if spec.measure.unit else ():
        found = [
            f"{row['method']} on {row['task']} ({row['difference_points']:+.{digits}f})"
            for row in rows
            if row["rule"] == rule and row["verdict"] != "worse" and row["gain"] <= -FAR_POINTS
        ]
        if found:
            yield (
                f"Far below {spec.baseline} under {rule}, not established by a test (points):"
                f" {', '.join(found)}."
            )


def _oracle_notes(rows: list[dict[Any, Any]]) -> Iterator[str]:
    """Yields what the dagger means, if it stands in the table."""
    if any(row["target_labels"] for row in rows):
        yield "†: trained with target labels (oracle), an upper bound."


def _divergence_notes(records: Sequence[RunRecord]) -> Iterator[str]:
    """Yields how many runs diverged, and where."""
    diverged = Counter(f"{run.method} on {run.task}" for run in records if run.diverged)
    if not diverged:
        yield f"None of {len(records)} runs diverged."
        return
    where = ", ".join(f"{cell} ({count})" for cell, count in diverged.items())
    yield (
        f"{diverged.total()} of {len(records)} runs diverged: {where}. Their cells count them;"
        " a mean is over the seeds that finished."
    )


def _negative_transfer(spec: TableSpec, rows: list[dict[Any, Any]]) -> Iterator[str]:
    """Yields, per rule, the methods that are worse than the baseline."""
    digits, unit = spec.measure.digits, " (points)" if spec.measure.unit else ""
    for rule in spec.rules:
        found = [
            f"{row['method']} on {row['task']} ({row['difference_points']:+.{digits}f})"
            for row in rows
            if (row["rule"], row["verdict"]) == (rule, "worse")
        ]
        if found:
            yield f"Worse than {spec.baseline} under {rule}{unit}: {', '.join(found)}."


def _published_notes(spec: TableSpec, rows: list[dict[Any, Any]]) -> Iterator[str]:
    """Yields how to read the published numbers of the table, and their protocols."""
    shown = [row for row in rows if pd.notna(row["published_percent"])]
    if not shown:
        return
    yield (
        "Published numbers carry their own selection rule: compare them with ours in the column of"
        f" that rule only ({FIXED}: in every column), and with care where the protocol differs."
    )
    yield _tolerance_note(shown)
    sentences = {row.protocol: row.sentence for row in spec.published}
    for protocol in dict.fromkeys(row["published_protocol"] for row in shown):
        yield f"Published, {protocol}: {sentences[protocol]}"


def _tolerance_note(shown: list[dict[Any, Any]]) -> str:
    """Returns what the mark for cells outside their tolerance means, and how many there are."""
    judged = [row for row in shown if pd.notna(row["outside_tolerance"])]
    if not judged:
        return (
            "No published number here has both a rule of this table and a tolerance: only the"
            " order of the methods compares."
        )
    points = sorted(row["published_tolerance_points"] for row in judged)
    span = " to ".join(dict.fromkeys(f"{end:.1f}" for end in (points[0], points[-1])))
    outside = sum(row["outside_tolerance"] for row in judged)
    return (
        f"≠: further than the tolerance ({span} points) from the published number of the same"
        f" rule; {outside} of {len(judged)} cells that can be judged."
    )
