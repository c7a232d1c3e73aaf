"""Methods that draw nothing are not counted as seeds, whoever says or does not say so."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from tests.benchmark.factory import make_run
from xferlab.benchmark.tables.over_tasks import compare_methods
from xferlab.benchmark.tables.per_task import build_table
from xferlab.benchmark.tables.published_rows import AVERAGE
from xferlab.benchmark.tables.spec import TableSpec

pytestmark = pytest.mark.fast

TASKS = ("a->b", "a->c", "b->c", "b->a")
SPEC = TableSpec("t", rules=("last", "oracle"), baseline="nearest_neighbour", interval="t")
N = 40


def fixed(task, method, quality, *, seeds=1, declared=True, draw=0):
    """Runs of one set of predictions; `seeds` copies of it where the method does not say so."""
    generator = np.random.default_rng([draw, TASKS.index(task), len(method)])
    labels = np.random.default_rng(TASKS.index(task)).integers(3, size=N)
    wrong = (labels + generator.integers(1, 3, size=N)) % 3
    predictions = np.where(generator.random(N) < quality, labels, wrong)
    accuracy = float((predictions == labels).mean())
    return [
        make_run(
            task, method, seed, accuracy=(accuracy,), score=(0.5,),
            predictions=predictions[None], labels=labels, num_classes=3,
            outputs=f"{method} {task}", deterministic=declared,
        )
        for seed in range(seeds)
    ]  # fmt: skip


def drawn(task, method, level, seeds=5):
    """Runs of a method that draws."""
    generator = np.random.default_rng([TASKS.index(task), len(method)])
    labels = np.random.default_rng(TASKS.index(task)).integers(3, size=N)
    runs = []
    for seed in range(seeds):
        accuracy = level + generator.normal(0, 0.05)
        runs.append(make_run(task, method, seed, accuracy=(accuracy,), score=(0.5,),
                             labels=labels, num_classes=3, outputs=f"{task} {seed}"))  # fmt: skip
    return runs


def cell(table, method, task="a->b"):
    found = table.cells.query("method == @method and task == @task and rule == 'last'")
    assert len(found) == 1
    return found.iloc[0]


@pytest.mark.parametrize(("seeds", "declared"), [(1, True), (5, False)])
def test_two_of_them_are_compared_over_the_examples(seeds, declared):
    """Forty examples, one of them said to be deterministic and one only seen to be."""
    runs = fixed("a->b", "nearest_neighbour", 0.5)
    runs += fixed("a->b", "pca", 0.7, seeds=seeds, declared=declared)
    table = build_table(runs, SPEC)
    row = cell(table, "pca")
    assert np.isnan(row["low"]) and np.isnan(row["high"])
    assert (row["deterministic"], row["test"], row["pairs"]) == (True, "examples", N)
    first, second = runs[0], runs[1]
    right = [(r.predictions[0] == r.labels) for r in (second, first)]
    wins, losses = (right[0] & ~right[1]).sum(), (right[1] & ~right[0]).sum()
    expected = stats.binomtest(int(wins), int(wins + losses)).pvalue
    assert row["p_value"] == pytest.approx(expected)
    assert row["difference_points"] == pytest.approx(100 * (wins - losses) / N)
    assert row["difference_low_points"] < row["difference_points"] < row["difference_high_points"]
    notes = " ".join(table.notes)
    assert (
        "Deterministic: nearest_neighbour, pca" in notes and "examples of the test split" in notes
    )
    assert "seeds [95 %" not in notes


def test_five_copies_are_no_better_than_one():
    """What once was 'five seeds, width 0, p = 0, better' is one comparison over examples."""
    one = fixed("a->b", "nearest_neighbour", 0.6) + fixed("a->b", "pca", 0.65)
    copies = fixed("a->b", "nearest_neighbour", 0.6, seeds=5, declared=False)
    copies += fixed("a->b", "pca", 0.65, seeds=5, declared=False)
    first, second = (cell(build_table(runs, SPEC), "pca") for runs in (one, copies))
    assert first["p_value"] == second["p_value"] > 0.05
    assert first["verdict"] == second["verdict"] == ""


def test_against_a_method_that_draws_the_test_is_over_its_seeds():
    runs = fixed("a->b", "nearest_neighbour", 0.5) + drawn("a->b", "dann", 0.8)
    row = cell(build_table(runs, SPEC), "dann")
    ours = np.array([100 * r.evaluations[-1].metrics["accuracy"] for r in runs[1:]])
    constant = 100 * runs[0].evaluations[-1].metrics["accuracy"]
    assert (row["test"], row["pairs"]) == ("seeds", 5)
    assert row["p_value"] == pytest.approx(stats.ttest_1samp(ours, constant).pvalue)
    reverse = build_table(runs, dataclasses.replace(SPEC, baseline="dann"))
    other = cell(reverse, "nearest_neighbour")
    assert other["p_value"] == pytest.approx(row["p_value"])
    assert other["difference_points"] == pytest.approx(-row["difference_points"])
    assert np.isnan(other["low"]) and np.isfinite(cell(reverse, "dann")["low"])


def test_averages_of_two_of_them_are_compared_over_the_tasks():
    runs = [r for t in TASKS for r in fixed(t, "nearest_neighbour", 0.5) + fixed(t, "pca", 0.7)]
    row = cell(build_table(runs, SPEC), "pca", AVERAGE)
    by_task = [
        [100 * r.evaluations[-1].metrics["accuracy"] for r in runs if r.method == method]
        for method in ("pca", "nearest_neighbour")
    ]
    assert (row["test"], row["pairs"]) == ("tasks", 4)
    assert row["p_value"] == pytest.approx(stats.ttest_rel(*by_task).pvalue)
    assert np.isnan(row["low"])
    single = build_table(runs, dataclasses.replace(SPEC, interval="resampling"))
    assert cell(single, "pca", AVERAGE)["p_value"] >= 2 / 2**4


def test_an_average_over_cells_of_both_kinds_has_the_seeds_of_those_that_draw():
    """A method may give one set of outputs on one task, and several on another."""
    runs = [r for t in TASKS for r in drawn(t, "nearest_neighbour", 0.5)]
    runs += [r for t in TASKS[1:] for r in drawn(t, "svm", 0.6)]
    runs += fixed("a->b", "svm", 0.6, seeds=5, declared=False)
    table = build_table(runs, SPEC)
    assert cell(table, "svm")["deterministic"] and not cell(table, "svm", "a->c")["deterministic"]
    row = cell(table, "svm", AVERAGE)
    matrix = [
        [
            100 * r.evaluations[-1].metrics["accuracy"]
            for r in runs
            if (r.method, r.task) == ("svm", t)
        ]
        for t in TASKS
    ]
    assert row["mean"] == pytest.approx(np.mean(matrix))
    assert row["seeds"] == 5 and np.isfinite(row["low"])


def test_equal_scores_of_methods_that_draw_are_not_taken_for_one_run():
    """Saturated scores are equal, outputs are not."""
    runs = [
        make_run("a->b", method, seed, accuracy=(1.0,), score=(0.5,), outputs=f"{method}{seed}")
        for method in ("nearest_neighbour", "dann")
        for seed in range(3)
    ]
    row = cell(build_table(runs, SPEC), "dann")
    assert not row["deterministic"] and row["low"] == row["high"] == 100.0


def test_the_comparison_says_the_same_as_the_table():
    runs = [
        r
        for t in TASKS
        for r in fixed(t, "nearest_neighbour", 0.4) + fixed(t, "pca", 0.9) + drawn(t, "dann", 0.8)
    ]
    for rule in SPEC.rules:
        table = build_table(runs, SPEC).cells.query("rule == @rule")
        comparison = compare_methods(runs, SPEC, rule)
        marks = table[table["task"] != AVERAGE].set_index(["method", "task"])["verdict"]
        for row in comparison.outcomes.to_dict("records"):
            assert marks[row["method"], row["task"]] == row["verdict"]
        methods = comparison.methods.set_index("method")
        assert methods.loc["pca", "wins"] == (marks["pca"] == "better").sum() > 0
        assert np.isnan(methods.loc["pca", "mean_low"])
        assert methods.loc["pca", "seeds"] == 1
        assert "Deterministic: nearest_neighbour, pca" in " ".join(comparison.notes)
        assert "ONE seed" not in " ".join(comparison.notes)
