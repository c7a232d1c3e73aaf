"""From records to the numbers of a table: means, intervals and differences to a baseline.

Here are the numbers and the notes under them; `rendering` turns both into text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from xferlab.benchmark.notes import write_notes
from xferlab.benchmark.published import Published, is_comparable, primary_rows
from xferlab.benchmark.published_views import AVERAGE
from xferlab.benchmark.records import ORACLE, RunRecord
from xferlab.benchmark.selection import LAST, select
from xferlab.core.errors import InputError, unknown_name
from xferlab.evaluation.comparison import judge
from xferlab.evaluation.statistics import Method as IntervalMethod
from xferlab.evaluation.statistics import holm, mean_interval, paired_test

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
PERCENT = (0.0, 100.0)
"""The range of every metric in percent: no interval of a mean passes it."""


@dataclass(frozen=True)
class TableSpec:
    """What a table shows.

    Attributes:
        title: Heading, usually the suite's.
        rules: Selection rules, side by side in this order.
        metric: The metric of the evaluations.
        baseline: The method that all others are tested against.
        published: Published numbers; those of another metric are not shown.
        protocol: Lines that say how the numbers were made (network, steps, data, selection).
        interval: How intervals and p-values are made, see `xferlab.evaluation.statistics`.
    """

    title: str
    rules: tuple[str, ...] = (LAST, "information_maximisation", ORACLE)
    metric: str = "accuracy"
    baseline: str = "source_only"
    published: tuple[Published, ...] = ()
    protocol: tuple[str, ...] = ()
    interval: IntervalMethod = "resampling"


@dataclass(frozen=True, eq=False)
class Table:
    """The numbers of a table and what must be read with them.

    Attributes:
        spec: What was asked for.
        cells: One row per (rule, task, method): rule, metric, task, method, target_labels (the
            method was trained with them), hyper, seeds, diverged, mean_percent, low_percent,
            high_percent (95 % interval over seeds), difference_points and its
            interval (seed by seed, to the baseline), p_value, p_holm (corrected over the tasks
            of the method under the rule; the average over tasks stands alone), verdict
            (`better`, `worse` or '', from p_holm), published_percent, published_std,
            published_rule, published_protocol, published_tolerance_points. Where
            rule and published_rule compare: published_difference_points (ours minus published)
            and outside_tolerance (missing without a tolerance). Missing numbers are NaN.
        notes: Lines that belong under the table.
    """

    spec: TableSpec
    cells: pd.DataFrame
    notes: tuple[str, ...]


def build_table(records: Sequence[RunRecord], spec: TableSpec) -> Table:
    """Returns the table of a suite.

    Methods are ordered baseline first, those trained with target labels last; tasks as in
    `records`, followed by their seed-wise average if there are several.

    Raises:
        InputError: If there is no record, the baseline has none, or a rule or metric is unknown.
    """
    if not records:
        raise InputError("no finished run to make a table of; run the suite first")
    methods = {run.method for run in records}
    if spec.baseline not in methods:
        raise unknown_name("baseline method", spec.baseline, methods)
    frames = [_rule_cells(select(records, rule, spec.metric), rule, spec) for rule in spec.rules]
    cells = _with_published(pd.concat(frames, ignore_index=True), spec)
    return Table(spec, cells, write_notes(records, spec, cells))


def _rule_cells(runs: pd.DataFrame, rule: str, spec: TableSpec) -> pd.DataFrame:
    """Returns the rows of one selection rule."""
    runs = pd.concat([runs, *_averages(runs)], ignore_index=True)
    tasks = runs.groupby("task", sort=False)
    rows = [row for _, group in tasks for row in _task_rows(group, rule, spec)]
    cells = pd.DataFrame(rows).assign(p_holm=np.nan, verdict="")
    fair = cells.pop("fair").to_numpy()
    average = (cells["task"] == AVERAGE).to_numpy()
    for method in cells["method"].unique():
        for part in (average, ~average):
            _judge_family(cells, np.flatnonzero(fair & part & (cells["method"] == method)))
    return cells


def _judge_family(cells: pd.DataFrame, rows: np.ndarray) -> None:
    """Corrects the p-values of rows that are tested together, and writes their verdicts.

    A single seed has no test; it counts as p = 1, as in `compare_tasks`.
    """
    if not len(rows):
        return
    p_values = cells["p_value"].to_numpy(float)[rows]
    corrected = holm(np.where(np.isnan(p_values), 1.0, p_values).tolist())
    differences = cells["difference_points"].to_numpy(float)[rows]
    cells.loc[rows, "p_holm"] = np.where(np.isnan(p_values), np.nan, corrected)
    cells.loc[rows, "verdict"] = [judge(d, p) for d, p in zip(differences, corrected, strict=True)]


def _averages(runs: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yields, per method that ran on every one of several tasks, its average of each seed."""
    n_tasks = len(set(runs["task"]))
    for method, group in runs.groupby("method", sort=False):
        by_seed = {seed: rows["value"].to_numpy() for seed, rows in group.groupby("seed")}
        mean = {seed: v.mean() for seed, v in by_seed.items() if len(v) == n_tasks}
        if n_tasks > 1 and mean:
            columns = {"task": AVERAGE, "method": method, "seed": list(mean), "hyper": ""}
            columns |= {"value": list(mean.values()), "oracle": group["oracle"].iloc[0]}
            yield pd.DataFrame(columns).assign(diverged=np.isnan(list(mean.values())))


def _task_rows(runs: pd.DataFrame, rule: str, spec: TableSpec) -> Iterator[dict[str, object]]:
    """Yields the rows of one task: the baseline first, methods with target labels last."""
    methods = {str(name): rows for name, rows in runs.groupby("method", sort=False)}
    reference = _by_seed(methods[spec.baseline]) if spec.baseline in methods else None
    baseline_diverged = reference is not None and bool(reference.isna().any())
    order = sorted(methods, key=lambda m: (m != spec.baseline, methods[m]["oracle"].iloc[0]))
    for method in order:
        group = methods[method]
        values, diverged = _by_seed(group), sum(group["diverged"])
        first = group.iloc[0]
        row: dict[str, object] = {
            "rule": rule,
            "metric": spec.metric,
            "task": first["task"],
            "method": method,
            "target_labels": bool(first["oracle"]),
        }
        row |= {"hyper": first["hyper"], "seeds": len(values), "diverged": diverged}
        row = row | _interval(values.dropna().to_numpy(), spec.interval)
        pairs = None if method == spec.baseline else reference
        difference = _difference(values, pairs, spec.interval)
        # Where runs diverged, the surviving seeds are no fair sample of what a method does.
        fair = not (diverged or baseline_diverged or np.isnan(difference["difference_points"]))
        yield row | difference | {"fair": fair}


def _by_seed(runs: pd.DataFrame) -> pd.Series:
    """Returns the values in percent, indexed by seed."""
    return pd.Series(100 * runs["value"].to_numpy(), index=runs["seed"].to_numpy())


def _interval(values: np.ndarray, method: IntervalMethod) -> dict[str, float | None]:
    """Returns mean and interval; no interval for one seed, nothing for none."""
    if not len(values):
        return {"mean_percent": np.nan, "low_percent": np.nan, "high_percent": np.nan}
    mean, low, high, n = mean_interval(values, method=method, bounds=PERCENT)
    if n == 1:
        low = high = np.nan
    return {"mean_percent": mean, "low_percent": low, "high_percent": high}


def _difference(
    ours: pd.Series, reference: pd.Series | None, method: IntervalMethod
) -> dict[str, float]:
    """Returns the paired difference over the seeds that both finished; NaN where there is none."""
    names = ["difference_points", "difference_low_points", "difference_high_points", "p_value"]
    empty: dict[str, float] = dict.fromkeys(names, np.nan)
    if reference is None:
        return empty
    pairs = pd.concat([ours, reference], axis=1, join="inner").dropna().to_numpy()
    if not len(pairs):
        return empty
    difference, low, high, p_value, _ = paired_test(pairs[:, 0], pairs[:, 1], method=method)
    if low is None or high is None:
        return empty | {"difference_points": difference}
    return dict(zip(names, (difference, low, high, p_value), strict=True))


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
    difference = cell["mean_percent"] - row.value
    beside["published_difference_points"] = difference
    if row.tolerance_points is not None and not np.isnan(difference):
        beside["outside_tolerance"] = abs(difference) > row.tolerance_points + _ROUNDING
    return beside
