"""The comparison over all tasks: every number made a second time, and what is left out is named."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from scipy import stats

from tests.benchmark.factory import make_run, make_suite
from tests.oracles import evaluation as oracles
from xferlab.benchmark.tables.over_tasks import compare_methods
from xferlab.benchmark.tables.spec import TableSpec
from xferlab.benchmark.text.over_tasks import (
    comparison_to_markdown,
    comparison_to_terminal,
    make_block,
)
from xferlab.core.errors import InputError
from xferlab.evaluation.statistics import holm

pytestmark = pytest.mark.fast

TASKS = ["a->b", "a->c", "b->a", "b->c"]
METHODS = ["mcd", "target_only", "source_only", "dann"]
SPEC = TableSpec("A title", interval="t")


@pytest.fixture(scope="module")
def runs():
    return make_suite(TASKS, METHODS, 5)


@pytest.fixture(scope="module")
def comparison(runs):
    return compare_methods(runs, SPEC, "last")


def grid(runs, method):
    """Last accuracies in percent, [seeds, tasks], by NumPy alone."""
    values = {
        (r.seed, r.task): r.evaluations[-1].metrics["accuracy"] for r in runs if r.method == method
    }
    seeds = sorted({seed for seed, _ in values})
    return 100 * np.array([[values[seed, task] for task in TASKS] for seed in seeds])


def row(comparison, method):
    found = comparison.methods.query("method == @method")
    assert len(found) == 1
    return found.iloc[0]


def at_level(levels, *, seeds=5, task="a->b", noise=0.002):
    """Runs of one task whose accuracies stand around a level per method."""
    rng = np.random.default_rng(sum(map(ord, task)))
    return [
        make_run(task, method, seed, accuracy=(0.5, 0.5, level + rng.normal(0, noise)))
        for method, level in levels.items()
        for seed in range(seeds)
    ]


def test_order_of_methods(comparison):
    assert list(comparison.methods["method"]) == ["source_only", "mcd", "dann", "target_only"]
    assert list(comparison.methods["target_labels"]) == [False, False, False, True]


@pytest.mark.parametrize("method", METHODS)
def test_numbers_over_all_tasks(runs, comparison, method):
    values, found = grid(runs, method), row(comparison, method)
    assert found["mean"] == pytest.approx(values.mean())
    assert found["mean_low"] < values.mean() < found["mean_high"]
    assert found["iqm"] == pytest.approx(oracles.middle_mean(values))
    assert found["iqm_low"] < found["iqm"] < found["iqm_high"]
    assert (found["tasks"], found["seeds"], found["gap"]) == (4, 5, "")


@pytest.mark.parametrize("method", ["mcd", "target_only", "dann"])
def test_numbers_against_the_baseline(runs, comparison, method):
    ours, baseline, found = grid(runs, method), grid(runs, "source_only"), row(comparison, method)
    chance = oracles.chance_to_beat(ours, baseline)
    assert found["probability_of_improvement"] == pytest.approx(chance)
    assert found["probability_low"] <= chance <= found["probability_high"]
    differences = (ours - baseline).mean(axis=0)
    assert found["worst_task"] == TASKS[np.argmin(differences)]
    assert found["worst_points"] == pytest.approx(differences.min())
    p_values = holm(stats.ttest_rel(ours, baseline).pvalue)
    assert found["wins"] == ((p_values <= 0.05) & (differences > 0)).sum()
    assert found["losses"] == ((p_values <= 0.05) & (differences < 0)).sum()
    assert found["ties"] == (p_values > 0.05).sum()
    rows = comparison.outcomes.query("method == @method")
    assert list(rows["task"]) == TASKS
    np.testing.assert_allclose(rows["difference_points"], differences)
    np.testing.assert_allclose(rows["p_holm"], p_values)
    assert set(rows["pairs"]) == {5}


def test_the_baseline_is_not_compared_with_itself(comparison):
    found = row(comparison, "source_only")
    assert found[["wins", "ties", "losses", "probability_of_improvement"]].isna().all()
    assert "source_only" not in set(comparison.outcomes["method"])


def test_ranks_leave_out_methods_with_target_labels(runs, comparison):
    ranked = ["source_only", "mcd", "dann"]
    scores = [grid(runs, method).mean(axis=0) for method in ranked]
    assert [row(comparison, m)["mean_rank"] for m in ranked] == pytest.approx(
        oracles.ranks_by_counting(scores)
    )
    assert np.isnan(row(comparison, "target_only")["mean_rank"])
    assert comparison.friedman_p == pytest.approx(stats.friedmanchisquare(*scores).pvalue)
    assert {m for group in comparison.groups for m in group} <= set(ranked)


def test_wins_and_losses_are_counted_and_negative_transfer_is_named():
    levels = {"source_only": 0.6, "good": 0.7, "bad": 0.5, "mixed": 0.7}
    runs = at_level(levels) + at_level(levels | {"mixed": 0.55}, task="b->a")
    comparison = compare_methods(runs, SPEC, "last")
    counts = {m: tuple(row(comparison, m)[["wins", "ties", "losses"]]) for m in levels}
    del counts["source_only"]
    assert counts == {"good": (2, 0, 0), "bad": (0, 0, 2), "mixed": (1, 0, 1)}
    assert tuple(row(comparison, "mixed")[["worst_task", "worst_verdict"]]) == ("b->a", "worse")
    notes = " ".join(comparison.notes)
    assert "Negative transfer, worse than source_only (points): bad on a->b (-10." in notes
    assert "mixed on b->a (-" in notes and "mixed on a->b" not in notes


def test_a_diverged_run_takes_its_method_out_and_is_named(runs):
    broken = [
        make_run(r.task, r.method, r.seed, diverged=True)
        if (r.method, r.task, r.seed) == ("dann", "a->c", 3)
        else r
        for r in runs
    ]
    comparison = compare_methods(broken, SPEC, "last")
    found = row(comparison, "dann")
    numbers = ["mean", "iqm", "probability_of_improvement", "mean_rank"]
    assert found[numbers].isna().all()
    assert found["wins"] + found["ties"] + found["losses"] == 3
    assert "a->c" not in set(comparison.outcomes.query("method == 'dann'")["task"])
    assert any("Left out" in n and "dann (1 run diverged)" in n for n in comparison.notes)
    assert row(comparison, "mcd")["mean_rank"] in {1.0, 1.25, 1.5, 1.75, 2.0}


def test_a_diverged_baseline_leaves_no_probability(runs):
    broken = [
        make_run(r.task, r.method, r.seed, diverged=True) if r.method == "source_only" else r
        for r in runs
    ]
    comparison = compare_methods(broken, SPEC, "last")
    assert comparison.outcomes.empty
    assert comparison.methods["probability_of_improvement"].isna().all()
    assert any("source_only (20 runs diverged)" in note for note in comparison.notes)
    assert "mcd" in comparison_to_markdown(comparison)


def test_a_missing_task_takes_its_method_out_and_is_named(runs):
    kept = [r for r in runs if (r.method, r.task) != ("mcd", "b->c")]
    comparison = compare_methods(kept, SPEC, "last")
    assert np.isnan(row(comparison, "mcd")["mean_rank"])
    assert row(comparison, "mcd")["tasks"] == 3
    assert any("mcd (no run on b->c)" in note for note in comparison.notes)


def test_an_unfinished_seed_is_left_out_of_the_numbers_over_all_tasks(runs):
    kept = [r for r in runs if (r.method, r.task, r.seed) != ("dann", "b->c", 4)]
    comparison = compare_methods(kept, SPEC, "last")
    found = row(comparison, "dann")
    assert found["mean"] == pytest.approx(grid(runs, "dann")[:4].mean())
    assert list(comparison.outcomes.query("method == 'dann'")["pairs"]) == [5, 5, 5, 4]
    apart = [r for r in runs if r.method != "dann" or r.seed == TASKS.index(r.task)]
    comparison = compare_methods(apart, SPEC, "last")
    assert row(comparison, "dann")["gap"] == "no seed has finished every task"


def test_one_task_has_no_ranks():
    comparison = compare_methods(at_level({"source_only": 0.6, "good": 0.7}), SPEC, "last")
    assert comparison.critical_difference is None and comparison.groups == ()
    assert row(comparison, "good")["wins"] == 1
    assert any("No ranks" in note for note in comparison.notes)


def test_one_seed_is_all_ties_and_says_so():
    runs = [r for task in TASKS for r in at_level({"source_only": 0.5, "x": 0.9}, seeds=1,
                                                  task=task)]  # fmt: skip
    comparison = compare_methods(runs, SPEC, "last")
    assert tuple(row(comparison, "x")[["wins", "ties", "losses"]]) == (0, 4, 0)
    assert np.isnan(row(comparison, "x")["mean_low"])
    assert any("ONE seed" in note for note in comparison.notes)


@pytest.mark.parametrize(("seeds", "possible"), [(5, False), (6, True)])
def test_a_sign_flip_test_that_cannot_win_says_so(seeds, possible):
    """One task: 2 / 2^5 is over 5 %, 2 / 2^6 is not."""
    runs = at_level({"source_only": 0.5, "x": 0.9}, seeds=seeds)
    comparison = compare_methods(runs, TableSpec("t", interval="resampling"), "last")
    assert row(comparison, "x")["wins"] == possible
    assert any("cannot reach 5 %" in note for note in comparison.notes) != possible


def test_the_baseline_alone():
    comparison = compare_methods(at_level({"source_only": 0.5}), SPEC, "last")
    assert len(comparison.methods) == 1 and comparison.outcomes.empty
    assert "source_only" in comparison_to_markdown(comparison)


def test_the_rule_and_the_metric_are_those_asked_for(runs):
    by_oracle = compare_methods(runs, SPEC, "oracle")
    best = 100 * np.mean([r.evaluations[-1].metrics["accuracy"] for r in runs
                          if r.method == "dann"])  # fmt: skip
    assert row(by_oracle, "dann")["mean"] > best
    f1 = compare_methods(runs, TableSpec("t", metric="macro_f1"), "last")
    assert row(f1, "dann")["mean"] == pytest.approx(best / 2)


def test_notes_state_the_basis_once(comparison):
    basis = [n for n in comparison.notes if "4 tasks × 5 seeds" in n]
    assert len(basis) == 1
    assert "paired t test" in basis[0] and "Holm" in basis[0] and "selected by last" in basis[0]
    assert any("Friedman" in note for note in comparison.notes)
    assert any("†" in note for note in comparison.notes)


def test_text_has_every_method_once(comparison):
    block = make_block(comparison)
    assert [r[0].text for r in block.rows] == ["source_only", "mcd", "dann", "target_only †"]
    assert all(len(r) == len(block.header) for r in block.rows)
    markdown = comparison_to_markdown(comparison)
    assert markdown.startswith("### Over all tasks, selected by last\n\n| method | mean [95 %] |")
    console = Console(file=io.StringIO(), width=200)
    console.print(comparison_to_terminal(comparison))
    terminal = console.file.getvalue()
    for cells in block.rows:
        assert markdown.count(f"| {cells[0].text} |") == 1
        assert cells[1].text in terminal and cells[1].text in markdown
    found = row(comparison, "dann")
    wins = f"{found['wins']} / {found['ties']} / {found['losses']}"
    assert f"| {wins} | {found['mean_rank']:.2f} |" in markdown


def test_the_frame_survives_csv(comparison):
    text = comparison.methods.to_csv(index=False)
    again = pd.read_csv(io.StringIO(text))
    np.testing.assert_allclose(again["mean"], comparison.methods["mean"])


def test_bad_input(runs):
    with pytest.raises(InputError, match="no finished run"):
        compare_methods([], SPEC, "last")
    with pytest.raises(InputError, match="unknown baseline method 'source_only'"):
        compare_methods([make_run()], SPEC, "last")
    with pytest.raises(InputError, match="unknown selection rule"):
        compare_methods(runs, SPEC, "best")
