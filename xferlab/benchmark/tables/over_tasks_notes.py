"""The lines under a comparison over all tasks: its basis, its limits, its ranks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from xferlab.benchmark.tables.per_task_notes import deterministic_note
from xferlab.benchmark.tables.spec import TableSpec
from xferlab.evaluation.ranks import RankTest

LEVEL = 0.05


def over_tasks_notes(
    spec: TableSpec,
    rule: str,
    methods: Sequence[Mapping[Any, Any]],
    outcomes: Sequence[Mapping[Any, Any]],
    test: RankTest | None,
) -> tuple[str, ...]:
    """Returns everything that must be read with the numbers, one sentence or two a line.

    Args:
        spec: What was asked for.
        rule: The selection rule.
        methods: The rows of `Comparison.methods`.
        outcomes: The rows of `Comparison.outcomes`.
        test: The ranks, if there are any.
    """
    left_out = ", ".join(f"{row['method']} ({row['gap']})" for row in methods if row["gap"])
    fixed = [row["method"] for row in methods if row["deterministic"]]
    notes = [*_basis(spec, rule, methods), *deterministic_note(fixed, spec)]
    notes += [*_limits(spec, outcomes), *_ranks(test)]
    if left_out:
        notes.append(f"Left out of ranks, means and P(better): {left_out}.")
    if any(row["target_labels"] for row in methods):
        notes.append("†: trained with target labels, an upper bound; not ranked.")
    return (*notes, _negative_transfer(spec.baseline, outcomes))


def _basis(spec: TableSpec, rule: str, methods: Sequence[Mapping[Any, Any]]) -> Iterator[str]:
    """Yields what the numbers are made of: tasks, seeds, test and correction."""
    seeds = [row["seeds"] for row in methods if not row["deterministic"]] or [1]
    low, high = min(seeds), max(seeds)
    count = f"{high}" if low == high else f"{low} to {high}"
    tasks = max(row["tasks"] for row in methods)
    kind = "t test" if spec.interval == "t" else "sign-flip test"
    yield (
        f"{spec.measure.words[0].upper()}{spec.measure.words[1:]} over {tasks}"
        f" task{'s' * (tasks > 1)} × {count} seed{'s' * (high > 1)}, selected by {rule}; win, loss,"
        f" ▲ and ▼: significantly above or below {spec.baseline} (paired {kind} over seeds, Holm"
        f" over the tasks of a method, 5 %), as in the tables of single tasks."
    )
    mean = "Student's t" if spec.interval == "t" else "bootstrap"
    yield (
        f"Intervals: of the mean, {mean} over the seeds' averages over tasks, as in the table of"
        " averages; of IQM and P(better), bootstrap over seeds, the tasks fixed."
    )
    yield (
        f"IQM: mean of the middle half of all runs. P(better): how often a run beats one of"
        f" {spec.baseline}, averaged over tasks; it says nothing of by how much."
    )


def _limits(spec: TableSpec, outcomes: Sequence[Mapping[Any, Any]]) -> Iterator[str]:
    """Yields why there can be no win and no loss, where there cannot."""
    if not outcomes:
        return
    seeds = max(row["pairs"] for row in outcomes)
    if any(row["test"] == "examples" for row in outcomes):
        return
    tasks = min(Counter(row["method"] for row in outcomes).values())
    if seeds == 1:
        yield "ONE seed: no test and no interval; every task counts as a tie."
    elif spec.interval == "resampling" and tasks * 2.0 ** (1 - seeds) > LEVEL:
        yield (
            f"With {seeds} seeds the sign-flip test cannot reach 5 % over {tasks} tasks: every task"
            " counts as a tie."
        )


def _ranks(test: RankTest | None) -> Iterator[str]:
    """Yields what the ranks amount to, or why there are none."""
    if test is None:
        yield "No ranks: they need two tasks and two methods that finished all of them."
        return
    yield (
        f"Mean ranks (1 is best) that are less than CD = {test.critical_difference:.2f} apart do"
        " not differ (Nemenyi, 5 %). The tests take tasks as independent, which tasks that share"
        " a domain are not quite."
    )
    if test.friedman_p is not None:
        rejected = test.friedman_p <= LEVEL
        verdict = "ranks differ" if rejected else "NOT rejected: read nothing into the ranks"
        p = "< 0.001" if test.friedman_p < 0.001 else f"= {test.friedman_p:.3f}"
        count = len(test.mean_ranks)
        yield f"Friedman test that all {count} ranked methods rank alike: p {p}, {verdict}."


def _negative_transfer(baseline: str, outcomes: Sequence[Mapping[Any, Any]]) -> str:
    """Returns the tasks on which a method is significantly worse than the baseline."""
    found = [
        f"{row['method']} on {row['task']} ({row['difference_points']:+.1f})"
        for row in outcomes
        if row["verdict"] == "worse"
    ]
    if not found:
        return f"Negative transfer: no method is significantly worse than {baseline} on a task."
    return f"Negative transfer, worse than {baseline} (points): {', '.join(found)}."
