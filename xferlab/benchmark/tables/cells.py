"""From records to the rows of one selection rule: means, intervals, tests and verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from xferlab.benchmark.store.records import MissingRun, RunRecord
from xferlab.benchmark.tables.differences import Difference, Scores, compare
from xferlab.benchmark.tables.published_rows import AVERAGE
from xferlab.benchmark.tables.selection import select
from xferlab.benchmark.tables.spec import TableSpec
from xferlab.evaluation.comparison import judge
from xferlab.evaluation.metric_table import Metric


class Gap(NamedTuple):
    """What a cell lacks: a number of runs, and why."""

    runs: int
    what: str
    failed: bool

    @classmethod
    def of(cls, missing: Sequence[MissingRun], task: str, method: str) -> Gap | None:
        """Returns the gap of a cell; None where nothing is missing."""
        own = [run for run in missing if (run.task, run.method) == (task, method)]
        if not own:
            return None
        failed = [run for run in own if run.failed]
        return cls(len(own), (failed or own)[0].what, bool(failed))


def table_tasks(records: Sequence[RunRecord], spec: TableSpec) -> list[str]:
    """Returns the tasks of a table: those of the suite, also where no run is finished."""
    return list(dict.fromkeys([*spec.tasks, *(run.task for run in records)]))


def rule_cells(records: Sequence[RunRecord], rule: str, spec: TableSpec) -> pd.DataFrame:
    """Returns the rows of one selection rule, see `Table.cells`, without published numbers."""
    runs = select(records, rule, spec.metric)
    scores = _read_scores(runs, {r.digest: r for r in records}, spec.measure)
    tasks = table_tasks(records, spec)
    oracles = set(runs.loc[runs["oracle"], "method"])
    methods = [*dict.fromkeys([*runs["method"], *(each.method for each in spec.missing)])]
    methods.sort(key=lambda method: (method != spec.baseline, method in oracles))
    scores |= {(AVERAGE, m): s for m, s in _averages(scores, tasks, methods).items()}
    hyper = {(task, method): rows["hyper"].iloc[0] for (task, method), rows in _by_cell(runs)}
    rows = []
    for task in [*tasks, AVERAGE]:
        baseline = scores.get((task, spec.baseline))
        for method in methods:
            own = scores.get((task, method))
            gap = Gap.of(spec.missing, task, method)
            if own is None and (gap is None or task == AVERAGE):
                continue
            cell = {"rule": rule, "metric": spec.metric, "task": task, "method": method}
            cell |= {"target_labels": method in oracles, "hyper": hyper.get((task, method), "")}
            rows.append(cell | _numbers(own, baseline, gap, spec, is_baseline=own is baseline))
    cells = pd.DataFrame(rows).assign(p_holm=np.nan, verdict="")
    fair = cells["compared"].to_numpy()
    average = (cells["task"] == AVERAGE).to_numpy()
    for method in cells["method"].unique():
        for part in (average, ~average):
            rows = np.flatnonzero(fair & part & (cells["method"] == method))
            _judge_family(cells, rows)
    return cells


def _by_cell(runs: pd.DataFrame) -> Iterator[tuple[tuple[str, str], pd.DataFrame]]:
    """Yields the rows of every (task, method), in order of first appearance."""
    for _, rows in runs.groupby(["task", "method"], sort=False):
        first = rows.iloc[0]
        yield (first["task"], first["method"]), rows


def _read_scores(
    runs: pd.DataFrame, records: Mapping[str, RunRecord], metric: Metric
) -> dict[tuple[str, str], Scores]:
    """Returns what every method scored on every task."""
    scores = {}
    for cell, rows in _by_cell(runs):
        values = pd.Series(metric.scale * rows["value"].to_numpy(), rows["seed"].to_numpy())
        first, fixed = rows.iloc[0], bool(rows["deterministic"].all())
        if fixed and not values.isna().any():
            run, step = records[first["digest"]], int(first["step"])
            scores[cell] = Scores(values, fixed=True, run=run, step=step)
        else:
            scores[cell] = Scores(values)
    return scores


def _averages(
    scores: Mapping[tuple[str, str], Scores], tasks: Sequence[str], methods: Sequence[str]
) -> dict[str, Scores]:
    """Returns, per method that ran on every one of several tasks, its average of each seed."""
    averages = {}
    for method in methods:
        own = [scores[task, method] for task in tasks if (task, method) in scores]
        if len(tasks) < 2 or len(own) < len(tasks):
            continue
        if all(each.fixed for each in own):
            by_task = np.array([each.values.iloc[0] for each in own])
            values = pd.Series([by_task.mean()], index=[own[0].values.index[0]])
            averages[method] = Scores(values, fixed=True, by_task=by_task)
            continue
        seeds = set.intersection(*(set(each.values.index) for each in own if not each.fixed))
        columns = [each.values.iloc[0] if each.fixed else each.values for each in own]
        index = [s for s in next(e for e in own if not e.fixed).values.index if s in seeds]
        if index:
            table = pd.DataFrame(dict(enumerate(columns)), index=index)
            averages[method] = Scores(table.mean(axis=1, skipna=False))
    return averages


def _numbers(
    own: Scores | None,
    baseline: Scores | None,
    gap: Gap | None,
    spec: TableSpec,
    *,
    is_baseline: bool,
) -> dict[str, object]:
    """Returns the numbers of one cell."""
    own = own or Scores(pd.Series(dtype=float))
    mean, low, high = own.interval(spec.interval, spec.measure.bounds)
    difference = Difference()
    if baseline is not None and not is_baseline:
        difference = compare(own, baseline, spec.measure, spec.interval)
    # Where runs diverged or failed, the seeds that are left are no fair sample of a method.
    whole = not own.diverged and baseline is not None and not baseline.diverged
    fair = whole and not (gap and gap.failed) and not np.isnan(difference.points)
    return {
        "seeds": len(own.values),
        "deterministic": own.fixed,
        "diverged": own.diverged,
        "missing": gap.runs if gap else 0,
        "gap": gap.what if gap else "",
        "mean": mean,
        "low": low,
        "high": high,
        "difference_points": difference.points,
        "gain": spec.measure.sign * difference.points,
        "difference_low_points": difference.low,
        "difference_high_points": difference.high,
        "p_value": difference.p_value,
        "test": difference.unit,
        "pairs": difference.pairs,
        "compared": fair,
    }


def _judge_family(cells: pd.DataFrame, rows: np.ndarray) -> None:
    """Corrects the p-values of rows that are tested together, and writes their verdicts.

    A single seed has no test; it counts as p = 1. Better is what the metric's direction says.
    """
    if not len(rows):
        return
    p_values = cells["p_value"].to_numpy(float)[rows]
    untested = np.isnan(p_values)
    gains = cells["gain"].to_numpy(float)[rows]
    judged = judge(gains.tolist(), np.where(untested, 1.0, p_values).tolist())
    cells.loc[rows, "p_holm"] = np.where(untested, np.nan, judged.p_values)
    cells.loc[rows, "verdict"] = list(judged.verdicts)
