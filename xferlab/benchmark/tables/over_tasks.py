"""From records to statements over all tasks: wins, ranks, aggregates, negative transfer.

`cells` has the numbers of every single task, here are those over all of them, under one selection
rule; `over_tasks_notes` writes the lines under them, `text` and `figures` show both.
Means, their intervals and verdicts are those of the cells.

A method with a diverged run, or without a run on some task, has no number over all tasks and no
rank: the runs that are left are no fair sample. It is named in the notes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from xferlab.benchmark.store.records import RunRecord, task_places
from xferlab.benchmark.tables.cells import rule_cells
from xferlab.benchmark.tables.over_tasks_notes import over_tasks_notes
from xferlab.benchmark.tables.published_rows import AVERAGE
from xferlab.benchmark.tables.selection import select
from xferlab.benchmark.tables.spec import TableSpec
from xferlab.core.errors import InputError, unknown_name
from xferlab.evaluation.comparison import (
    Estimate,
    interquartile_mean,
    probability_of_improvement,
)
from xferlab.evaluation.ranks import RankTest, compare_ranks

OUTCOME_COLUMNS = ["method", "target_labels", "task", "test", "pairs"]
OUTCOME_COLUMNS += ["difference_points", "gain", "p_holm", "verdict", "row", "column"]


@dataclass(frozen=True, eq=False)
class Comparison:
    """The methods of a suite over all of its tasks, under one selection rule.

    Attributes:
        spec: What was asked for.
        rule: The selection rule.
        methods: One row per method, baseline first, those trained with target labels last: method,
            target_labels, deterministic, tasks, seeds (the most on one task), gap (why it has no
            number over all tasks, '' if it has), mean with mean_low and
            mean_high (over tasks and seeds), iqm with its interval alike, wins,
            ties, losses, probability_of_improvement with probability_low and probability_high,
            worst_task, worst_points (the lowest difference to the baseline), worst_verdict, and
            mean_rank.
            Missing numbers are NaN.
        outcomes: One row per (method, task) that was compared: method, target_labels, task, test
            (over `seeds`, `examples`, or '' for none), pairs (how many), difference_points, p_holm
            (over the tasks of the method), verdict (`better`, `worse` or ''), and row and column of
            the task on a map of sources and targets ('' where it has no place).
        friedman_p: Of the hypothesis that all ranked methods rank alike; None without ranks or
            with two methods.
        critical_difference: Of mean ranks; None without ranks.
        groups: Ranked methods that do not differ, best first; groups may overlap.
        notes: Lines that belong under the numbers.
    """

    spec: TableSpec
    rule: str
    methods: pd.DataFrame
    outcomes: pd.DataFrame
    friedman_p: float | None
    critical_difference: float | None
    groups: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def compare_methods(records: Sequence[RunRecord], spec: TableSpec, rule: str) -> Comparison:
    """Compares the methods of a suite over all of its tasks.

    Of `spec`, the title, the metric, the baseline and the kind of paired test are used.

    Raises:
        InputError: If there is no record, the baseline has none, or the rule or metric is unknown.
    """
    if not records:
        raise InputError("no finished run to compare; run the suite first")
    cells = rule_cells(records, rule, spec)
    scores = _read(select(records, rule, spec.metric), spec)
    if spec.baseline not in scores:
        raise unknown_name("baseline method", spec.baseline, scores)
    outcomes = _outcomes(cells, task_places(records))
    rows = [_row(method, scores, cells, outcomes, spec) for method in scores]
    counts = dict.fromkeys(["wins", "ties", "losses"], "Int64")
    methods = pd.DataFrame(rows).astype(counts).assign(mean_rank=np.nan)
    ranked = [m for m, s in scores.items() if not s.gap and not s.target_labels]
    test = _rank([spec.measure.sign * scores[m].matrix.mean(axis=0) for m in ranked])
    if test:
        methods.loc[methods["method"].isin(ranked), "mean_rank"] = test.mean_ranks
    return Comparison(
        spec,
        rule,
        methods,
        outcomes,
        friedman_p=test.friedman_p if test else None,
        critical_difference=test.critical_difference if test else None,
        groups=tuple(tuple(ranked[i] for i in group) for group in test.groups) if test else (),
        notes=over_tasks_notes(
            spec, rule, methods.to_dict("records"), outcomes.to_dict("records"), test
        ),
    )


@dataclass(frozen=True, eq=False)
class _Scores:
    """The selected runs of one method.

    Attributes:
        grid: The metric as shown, seeds down and tasks across; NaN where a run diverged or is
            missing.
        diverged: Diverged runs per task.
        target_labels: Whether the method was trained with them.
        fixed: Whether the method draws nothing, so that all seeds are one run.
    """

    grid: pd.DataFrame
    diverged: Counter[str]
    target_labels: bool
    fixed: bool

    @property
    def matrix(self) -> np.ndarray:
        """The scores of the seeds that finished every task, [seeds, tasks]."""
        return self.grid.dropna().to_numpy()

    @property
    def finished(self) -> np.ndarray:
        """The number of seeds that finished, [tasks]."""
        return self.grid.count().to_numpy()

    @property
    def gap(self) -> str:
        """Why there is no number over all tasks; '' if there is."""
        count = self.diverged.total()
        if count:
            return f"{count} run{'s' * (count > 1)} diverged"
        missing = self.grid.columns[self.finished == 0]
        if len(missing):
            return f"no run on {', '.join(missing)}"
        return "" if len(self.matrix) else "no seed has finished every task"


def _read(runs: pd.DataFrame, spec: TableSpec) -> dict[str, _Scores]:
    """Returns the scores by method: the baseline first, methods with target labels last."""
    tasks = list(dict.fromkeys([*spec.tasks, *runs["task"]]))
    scores = {}
    for name, group in runs.groupby("method", sort=False):
        grid = group.pivot(index="seed", columns="task", values="value").reindex(columns=tasks)
        diverged = Counter(task for task in group.loc[group["value"].isna(), "task"])
        fixed = bool(group["deterministic"].all())
        oracle = bool(group["oracle"].iloc[0])
        scores[str(name)] = _Scores(
            spec.measure.scale * grid.head(1 if fixed else len(grid)), diverged, oracle, fixed
        )
    order = sorted(scores, key=lambda name: (name != spec.baseline, scores[name].target_labels))
    return {name: scores[name] for name in order}


def _outcomes(cells: pd.DataFrame, places: Mapping[str, tuple[str, str]]) -> pd.DataFrame:
    """Returns the cells of single tasks whose differences count."""
    placed = [places.get(task, ("", "")) for task in cells["task"]]
    cells = cells.assign(row=[row for row, _ in placed], column=[column for _, column in placed])
    outcomes = cells.loc[(cells["task"] != AVERAGE) & cells["compared"], OUTCOME_COLUMNS]
    return outcomes.fillna({"p_holm": 1.0}).reset_index(drop=True)


def _row(
    method: str,
    scores: dict[str, _Scores],
    cells: pd.DataFrame,
    outcomes: pd.DataFrame,
    spec: TableSpec,
) -> dict[str, object]:
    """Returns what one method amounts to over all tasks, but for its rank."""
    none = Estimate(np.nan, None, None)
    ours, baseline = scores[method], scores[spec.baseline]
    iqm = none if ours.gap else interquartile_mean(ours.matrix)
    compared = ours is not baseline and not ours.gap and not baseline.gap
    sign = spec.measure.sign
    chance = none
    if compared:
        chance = probability_of_improvement(sign * ours.matrix, sign * baseline.matrix)
    row = {
        "method": method,
        "target_labels": ours.target_labels,
        "deterministic": ours.fixed,
        "tasks": int((ours.finished > 0).sum()),
        "seeds": int(ours.finished.max()),
        "gap": ours.gap,
        **_columns("mean", "mean_{}", _mean(method, cells, ours)),
        **_columns("iqm", "iqm_{}", iqm),
        **dict.fromkeys(["wins", "ties", "losses"]),
        **_columns("probability_of_improvement", "probability_{}", chance),
    }
    own = outcomes.loc[outcomes["method"] == method]
    if own.empty:
        return row | {"worst_task": "", "worst_points": np.nan, "worst_verdict": ""}
    verdicts = own["verdict"].tolist()
    worst = own.loc[own["gain"].idxmin()]
    words = {"wins": "better", "ties": "", "losses": "worse"}
    row |= {name: verdicts.count(word) for name, word in words.items()}
    row |= {"worst_task": worst["task"], "worst_points": worst["difference_points"]}
    return row | {"worst_verdict": worst["verdict"]}


def _mean(method: str, cells: pd.DataFrame, ours: _Scores) -> Estimate:
    """Returns the mean over tasks with the interval that it has in the table."""
    own = cells.loc[(cells["method"] == method) & cells["mean"].notna()]
    rows = own.to_dict("records")
    average = [row for row in rows if row["task"] == AVERAGE]
    if ours.gap or (not average and len(rows) != 1):
        return Estimate(np.nan, None, None)
    cell = (average or rows)[0]
    ends = (cell["low"], cell["high"])
    low, high = (None if np.isnan(end) else end for end in ends)
    return Estimate(cell["mean"], low, high)


def _columns(value: str, end: str, estimate: Estimate) -> dict[str, float]:
    """Returns an estimate as three columns; NaN without an interval."""
    low, high = (np.nan if x is None else x for x in (estimate.low, estimate.high))
    return {value: estimate.value, end.format("low"): low, end.format("high"): high}


def _rank(means: list[np.ndarray]) -> RankTest | None:
    """Returns the ranks of methods given by their means on every task; None for too few."""
    if len(means) < 2 or len(means[0]) < 2:
        return None
    return compare_ranks(np.stack(means))
