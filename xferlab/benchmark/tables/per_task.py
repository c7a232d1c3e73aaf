"""From records to the numbers of a table: means, intervals and differences to a baseline.

Here are the numbers and the notes under them; `text` turns both into text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from xferlab.benchmark.store.records import RunRecord
from xferlab.benchmark.tables.cells import rule_cells, table_tasks
from xferlab.benchmark.tables.per_task_notes import per_task_notes
from xferlab.benchmark.tables.published import Published, is_comparable, primary_rows
from xferlab.benchmark.tables.published_rows import AVERAGE
from xferlab.benchmark.tables.spec import TableSpec
from xferlab.benchmark.tables.trivial import MAJORITY, trivial_scores
from xferlab.core.errors import InputError, unknown_name

_PUBLISHED_TYPES = {
    "published_percent": float,
    "published_std": float,
    "published_rule": object,
    "published_protocol": object,
    "published_tolerance_points": float,
    "published_difference_points": float,
    "outside_tolerance": "boolean",
}
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Table:
    """The numbers of a table and what must be read with them.

    Attributes:
        spec: What was asked for.
        cells: One row per (rule, task, method): rule, metric, task, method, target_labels (the
            method was trained with them), hyper, seeds, deterministic (the method draws nothing),
            diverged, missing (runs of the suite that are not there) and gap (why, '' for none),
            mean, low, high (95 % interval over seeds), below_majority (the
            mean is below the majority class's), difference_points and its interval (to the
            baseline), p_value, test (what these are over: `seeds`, `examples` of the test split or
            `tasks`), pairs (how many of them), compared (whether the difference counts: not where
            runs diverged or could not run), p_holm (corrected over the tasks of the method under
            the rule; the average over tasks stands alone), verdict (`better`, `worse` or '', from
            p_holm), published_percent, published_std, published_rule, published_protocol,
            published_tolerance_points. Where rule and published_rule compare:
            published_difference_points (ours minus published) and outside_tolerance (missing
            without a tolerance). Missing numbers are NaN.
        trivial: What the majority class and chance score: task, method and mean.
        notes: Lines that belong under the table.
        further: The tables of the same runs by other metrics: those of heads beside the classes,
            and all that were asked for.
    """

    spec: TableSpec
    cells: pd.DataFrame
    notes: tuple[str, ...]
    trivial: pd.DataFrame
    further: tuple[Table, ...] = ()

    @property
    def by_metric(self) -> dict[str, Table]:
        """This table and the further ones, by the names of their metrics."""
        return {each.spec.metric: each for each in (self, *self.further)}


def build_table(records: Sequence[RunRecord], spec: TableSpec) -> Table:
    """Returns the table of a suite.

    Methods are ordered baseline first, those trained with target labels last; tasks as in
    `records`, followed by their seed-wise average if there are several.

    Raises:
        InputError: If there is no record, the baseline has none, or a rule or metric is unknown.
    """
    if not records:
        raise InputError("no finished run to make a table of; run the suite first")
    methods = {run.method for run in (*records, *spec.missing)}
    if spec.baseline not in methods:
        raise unknown_name("baseline method", spec.baseline, methods)
    frames = [rule_cells(records, rule, spec) for rule in spec.rules]
    cells = _with_published(pd.concat(frames, ignore_index=True), spec)
    trivial = trivial_scores(records, spec.metric, table_tasks(records, spec))
    rows = trivial.loc[trivial["method"] == MAJORITY]
    least = dict(zip(rows["task"], rows["mean"], strict=True))
    floors = np.array([least.get(task, -np.inf) for task in cells["task"]])
    cells["below_majority"] = cells["mean"] < floors - _ROUNDING
    return Table(spec, cells, per_task_notes(records, spec, cells), trivial)


def _with_published(cells: pd.DataFrame, spec: TableSpec) -> pd.DataFrame:
    """Returns the cells with the primary published number of their (task, method), if any.

    An average over tasks stands beside one over as many tasks only.
    """
    averaged = {AVERAGE: cells.loc[cells["task"] != AVERAGE, "task"].nunique()}
    shown: dict[tuple[str, str], list[Published]] = {}
    for row in primary_rows(spec.published):
        if row.metric == spec.metric and row.n_tasks == averaged.get(row.task, 1):
            shown.setdefault((row.task, row.method), []).append(row)
    beside = [
        _beside(cell, shown.get((cell["task"], cell["method"]), []))
        for cell in cells.to_dict("records")
    ]
    columns = pd.DataFrame(beside, index=cells.index, columns=list(_PUBLISHED_TYPES))
    return cells.join(columns.astype(_PUBLISHED_TYPES))


def _beside(cell: Mapping[Any, Any], rows: Sequence[Published]) -> dict[str, object]:
    """Returns the published number of a cell: the one with a comparable rule, else the first."""
    if not rows:
        return {}
    row = next((r for r in rows if is_comparable(r.rule, cell["rule"])), rows[0])
    beside: dict[str, object] = {"published_percent": row.value, "published_std": row.std}
    beside |= {"published_rule": row.rule, "published_protocol": row.protocol}
    beside["published_tolerance_points"] = row.tolerance_points
    if not is_comparable(row.rule, cell["rule"]):
        return beside
    difference = cell["mean"] - row.value
    beside["published_difference_points"] = difference
    if row.tolerance_points is not None and not np.isnan(difference):
        beside["outside_tolerance"] = abs(difference) > row.tolerance_points + _ROUNDING
    return beside
