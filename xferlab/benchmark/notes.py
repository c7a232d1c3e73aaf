"""The lines under a table: protocol, meaning of the columns, divergences and negative transfer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from xferlab.benchmark.published_views import AVERAGE, FIXED
from xferlab.benchmark.records import RunRecord
from xferlab.benchmark.selection import explain

if TYPE_CHECKING:
    from xferlab.benchmark.tables import TableSpec


def write_notes(
    records: Sequence[RunRecord], spec: TableSpec, cells: pd.DataFrame
) -> tuple[str, ...]:
    """Returns everything that must be read with the numbers, one sentence or two a line."""
    every_row = cells.to_dict("records")
    rows = [row for row in every_row if row["task"] != AVERAGE]
    return (
        *spec.protocol,
        *_cell_notes(spec, rows),
        *(explain(rule) for rule in spec.rules),
        *_oracle_notes(rows),
        *_divergence_notes(records),
        *_negative_transfer(spec, rows),
        *_published_notes(spec, every_row),
    )


def _cell_notes(spec: TableSpec, rows: list[dict[Any, Any]]) -> Iterator[str]:
    """Yields what a cell holds and over how many seeds."""
    seeds = sorted({row["seeds"] for row in rows})
    count = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    name = spec.metric.replace("_", " ")
    if seeds[-1] == 1:
        yield f"Cells: {name} in percent, ONE seed: no interval, no test, no conclusion."
        return
    kind = "bootstrap" if spec.interval == "resampling" else "Student t"
    test = "sign-flip test" if spec.interval == "resampling" else "t test"
    yield f"Cells: mean {name} in percent over {count} seeds [95 % {kind} interval]."
    if spec.interval == "resampling" and seeds[0] < 10:
        yield (
            "The bootstrap is optimistic with so few seeds: on normal scores the 95 % interval of 5"
            " seeds covers the mean in about 83 % of experiments."
        )
    yield (
        f"▲ ▼: significantly above or below {spec.baseline} (paired {test} over seeds, Holm over"
        " the tasks of a method, 5 %). Not shown where runs diverged."
    )
    if seeds[0] == 1:
        yield "A cell without an interval has one seed."


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
    for rule in spec.rules:
        found = [
            f"{row['method']} on {row['task']} ({row['difference_points']:+.1f})"
            for row in rows
            if (row["rule"], row["verdict"]) == (rule, "worse")
        ]
        if found:
            yield f"Worse than {spec.baseline} under {rule} (points): {', '.join(found)}."


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
