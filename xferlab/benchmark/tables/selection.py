"""Selection: which checkpoint of a run, and which hyper-parameters of a method, a table reports.

Three kinds of rule, never mixed within a column:

- `last`: the last checkpoint of the default hyper-parameters (the first listed if none are the
  defaults). Nothing is chosen.
- a validator's name: the checkpoint with the highest score, and the hyper-parameters whose
  selected checkpoints have the highest mean score over seeds. No target label is looked at.
- `oracle`: the same with the table's own metric on the target's labels: what no other choice of
  checkpoint and hyper-parameters can exceed in that table.

Divergence is visible without labels: hyper-parameters with fewer diverged seeds come first under
every validator. A diverged run is kept, with the value NaN.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from xferlab.benchmark.store.records import ORACLE, REVERSE_VALIDATION, Evaluation, RunRecord
from xferlab.core.errors import InputError, unknown_name
from xferlab.evaluation.metric_table import metric_named

LAST = "last"
COLUMNS = ["task", "method", "seed", "hyper", "digest", "step", "value"]
COLUMNS += ["diverged", "oracle", "deterministic"]


def select(records: Sequence[RunRecord], rule: str, metric: str = "accuracy") -> pd.DataFrame:
    """Returns one row per (task, method, seed): the value that `rule` reports for it.

    Args:
        records: Finished runs, all hyper-parameters and seeds of each (task, method).
        rule: `last`, the name of a validator, or `oracle`.
        metric: Name of a metric of the evaluations.

    Returns:
        Columns task, method, seed, hyper, digest, step (of the selected checkpoint, missing for a
        diverged run), value (unscaled, NaN for a diverged run), diverged, oracle (the method was
        trained with target labels) and deterministic (the method draws nothing, or its seeds gave
        the same outputs to the last bit). Rows keep the order of `records`.

    Raises:
        InputError: For an unknown rule or metric, two records of one run, or a run that is
            done but was never evaluated.
    """
    _refuse_duplicates(records)
    rows = []
    for runs in group_by(records, "task", "method").values():
        chosen = _choose_hyper(runs, rule, metric)
        fixed = is_deterministic(chosen)
        rows += [_row(run, rule, metric) | {"deterministic": fixed} for run in chosen]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"step": "Int64", "value": float})


def is_deterministic(runs: Sequence[RunRecord]) -> bool:
    """Tells whether runs that differ in their seed alone are one run, said so or seen so."""
    if all(run.deterministic for run in runs):
        return True
    outputs = {run.outputs for run in runs if not run.diverged}
    return len(runs) > 1 and len(outputs) == 1 and outputs != {""}


def explain(rule: str, metric: str = "accuracy") -> str:
    """Returns one sentence that says what a rule does and what it looks at.

    `metric` is what the oracle looks at.
    """
    if rule == LAST:
        return "last: the last checkpoint of the default hyper-parameters; nothing is selected."
    if rule == ORACLE:
        best = "highest" if metric_named(metric).higher_is_better else "lowest"
        return (
            f"oracle: checkpoint and hyper-parameters with the {best} value of this table's metric,"
            " which USES TARGET LABELS: an upper bound, not a fair comparison."
        )
    chosen = f"{rule}: checkpoint and hyper-parameters with the highest {rule} score"
    if rule == REVERSE_VALIDATION:
        chosen = f"{rule}: last checkpoint; where hyper-parameters vary, those with the best score"
    return f"{chosen}, computed without any target label."


def best_evaluation(run: RunRecord, rule: str, metric: str = "accuracy") -> Evaluation:
    """Returns the checkpoint that `rule` selects; of equal scores the latest one.

    `metric` is what the oracle looks at.

    A score that is not finite loses against every finite one.
    """
    if not run.evaluations:
        raise InputError(
            f"the run {run.digest} of {run.method!r} on {run.task!r} is done but has no evaluation;"
            " delete its folder to run it again"
        )
    if rule == LAST:
        return run.evaluations[-1]
    if rule == REVERSE_VALIDATION:
        return run.evaluations[-1]
    _refuse_unknown(run, rule)
    scores = [_score(evaluation, rule, metric) for evaluation in run.evaluations]
    latest_best = len(scores) - 1 - int(np.argmax(scores[::-1]))
    return run.evaluations[latest_best]


def group_by(records: Iterable[RunRecord], *fields: str) -> dict[tuple, list[RunRecord]]:
    """Returns the records by the values of some fields, groups in order of first appearance."""
    groups: dict[tuple, list[RunRecord]] = {}
    for record in records:
        groups.setdefault(tuple(getattr(record, name) for name in fields), []).append(record)
    return groups


def _choose_hyper(runs: list[RunRecord], rule: str, metric: str) -> list[RunRecord]:
    """Returns the runs of one (task, method) that have the hyper-parameters `rule` chooses."""
    by_hyper = {hyper: group for (hyper,), group in group_by(runs, "hyper").items()}
    if rule == LAST:
        return by_hyper.get("", next(iter(by_hyper.values())))
    if len(by_hyper) == 1:
        return runs
    for run in runs:
        _refuse_unknown(run, rule)
    return max(by_hyper.values(), key=lambda group: _rank(group, rule, metric))


def _rank(runs: list[RunRecord], rule: str, metric: str) -> tuple[float, float]:
    """Returns what hyper-parameters are ordered by: finished fraction, then mean best score."""
    done = [run for run in runs if not run.diverged]
    scores = [_score(best_evaluation(run, rule, metric), rule, metric) for run in done]
    return len(done) / len(runs), float(np.mean(scores)) if scores else -np.inf


def _refuse_unknown(run: RunRecord, rule: str) -> None:
    """Raises InputError if no checkpoint of the run has a score by that name."""
    known = [name for evaluation in run.evaluations for name in evaluation.validators]
    if rule == REVERSE_VALIDATION and rule not in known and not run.diverged:
        raise InputError(
            f"the run {run.digest} of {run.method!r} has no score by reverse validation: it was"
            " finished without. Run the sweep with --validator=reverse_validation and another --out"
        )
    if rule not in known and not run.diverged:
        raise unknown_name("selection rule", rule, [LAST, *dict.fromkeys(known)])


def _score(evaluation: Evaluation, rule: str, metric: str) -> float:
    """Returns a score, higher is better: minus infinity where it is not finite or not computed."""
    if rule == ORACLE:
        if metric not in evaluation.metrics:
            raise unknown_name("metric", metric, evaluation.metrics)
        return metric_named(metric).sign * evaluation.metrics[metric]
    score = evaluation.validators.get(rule, -np.inf)
    return score if np.isfinite(score) else -np.inf


def _row(run: RunRecord, rule: str, metric: str) -> dict[str, object]:
    """Returns the selected row of one run."""
    cell = {"task": run.task, "method": run.method, "seed": run.seed, "hyper": run.hyper}
    cell |= {"digest": run.digest}
    cell |= {"diverged": run.diverged, "oracle": run.oracle}
    if run.diverged:
        return cell | {"step": None, "value": np.nan}
    chosen = best_evaluation(run, rule, metric)
    if metric not in chosen.metrics:
        raise unknown_name("metric", metric, chosen.metrics)
    return cell | {"step": chosen.step, "value": chosen.metrics[metric]}


def _refuse_duplicates(records: Sequence[RunRecord]) -> None:
    """Raises InputError where a seed would be counted twice."""
    for cell, runs in group_by(records, "task", "method", "hyper", "seed").items():
        if len(runs) > 1:
            digests = ", ".join(run.digest for run in runs)
            raise InputError(
                f"{len(runs)} records of the same cell {cell}: {digests}; records of different"
                " options belong into different tables"
            )
