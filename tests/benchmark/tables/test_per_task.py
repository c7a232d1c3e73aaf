"""The numbers of a table, made a second time with NumPy and SciPy."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.benchmark.factory import make_run, make_suite
from xferlab.benchmark.tables.per_task import AVERAGE, build_table
from xferlab.benchmark.tables.published import load_published
from xferlab.benchmark.tables.spec import TableSpec
from xferlab.core.errors import InputError

pytestmark = pytest.mark.fast

TASKS, METHODS = ["a->b", "b->a"], ["mcd", "target_only", "source_only", "dann"]
RULES = ("last", "snd", "oracle")
SPEC = TableSpec("A title", rules=RULES, interval="t")


@pytest.fixture(scope="module")
def runs():
    return make_suite(TASKS, METHODS, 5)


@pytest.fixture(scope="module")
def table(runs):
    return build_table(runs, SPEC)


def cell(table, task, method, rule="last"):
    c = table.cells
    found = c[(c["task"] == task) & (c["method"] == method) & (c["rule"] == rule)]
    assert len(found) == 1
    return found.iloc[0]


def last(runs, task, method):
    """Last accuracies in percent by NumPy alone, in order of seed."""
    return 100 * np.array(
        [
            r.evaluations[-1].metrics["accuracy"]
            for r in runs
            if (r.task, r.method) == (task, method)
        ]
    )


def test_order_of_rows(table):
    order = ["source_only", "mcd", "dann", "target_only"]
    one = table.cells[table.cells["rule"] == "last"]
    assert list(one["task"].unique()) == [*TASKS, AVERAGE]
    assert list(one["method"]) == order * 3
    assert set(table.cells.loc[table.cells["target_labels"], "method"]) == {"target_only"}


@pytest.mark.parametrize("method", METHODS)
def test_mean_and_interval(runs, table, method):
    values = last(runs, "a->b", method)
    low, high = stats.t.interval(0.95, 4, values.mean(), values.std(ddof=1) / 5**0.5)
    row = cell(table, "a->b", method)
    got = [row["mean"], row["low"], row["high"]]
    np.testing.assert_allclose(got, [values.mean(), low, high])


def test_bootstrap_interval_by_default(runs):
    row = cell(build_table(runs, dataclasses.replace(SPEC, interval="resampling")), "a->b", "mcd")
    values = last(runs, "a->b", "mcd")
    draws = np.random.default_rng(1).choice(values, (20_000, 5)).mean(axis=1)
    got = [row["low"], row["high"]]
    np.testing.assert_allclose(got, np.quantile(draws, [0.025, 0.975]), atol=0.1)


def test_paired_difference_and_p_value(runs, table):
    ours, base = last(runs, "b->a", "mcd"), last(runs, "b->a", "source_only")
    row = cell(table, "b->a", "mcd")
    assert row["difference_points"] == pytest.approx((ours - base).mean())
    assert row["p_value"] == pytest.approx(stats.ttest_rel(ours, base).pvalue)
    low, high = stats.ttest_rel(ours, base).confidence_interval()
    expected = "better" if low > 0 else "worse" if high < 0 else ""
    assert row["verdict"] == expected


def test_pairs_are_matched_by_seed_not_by_position(runs, table):
    shuffled = [runs[i] for i in np.random.default_rng(0).permutation(len(runs))]
    again = build_table(shuffled, SPEC)
    for task in TASKS:
        row, other = cell(table, task, "dann"), cell(again, task, "dann")
        assert row["p_value"] == pytest.approx(other["p_value"])


def test_average_is_seed_by_seed(runs, table):
    values = np.mean([last(runs, task, "mcd") for task in TASKS], axis=0)
    base = np.mean([last(runs, task, "source_only") for task in TASKS], axis=0)
    row = cell(table, AVERAGE, "mcd")
    assert row["mean"] == pytest.approx(values.mean())
    assert row["high"] - row["low"] == pytest.approx(
        2 * stats.t.ppf(0.975, 4) * values.std(ddof=1) / 5**0.5
    )
    assert row["p_value"] == pytest.approx(stats.ttest_rel(values, base).pvalue)


def test_holm_over_the_tasks_of_a_method(table):
    cells = table.cells[table.cells["rule"] == "snd"].dropna(subset="p_value")
    for _, one in cells[cells["task"] != AVERAGE].groupby("method"):
        p = one["p_value"].to_numpy()
        assert len(p) == 2
        smallest = np.argmin(p)
        assert one["p_holm"].to_numpy()[smallest] == pytest.approx(min(1, 2 * p[smallest]))
    average = cells[cells["task"] == AVERAGE]
    assert len(average) and (average["p_holm"] == average["p_value"]).all()


def test_one_task_has_no_average(runs):
    table = build_table([r for r in runs if r.task == "a->b"], SPEC)
    assert set(table.cells["task"]) == {"a->b"}


def test_a_method_that_skipped_a_task_has_no_average(runs):
    table = build_table([r for r in runs if (r.task, r.method) != ("b->a", "mcd")], SPEC)
    average = table.cells[table.cells["task"] == AVERAGE]
    assert set(average["method"]) == set(METHODS) - {"mcd"}


def test_a_better_and_a_worse_method_are_both_marked():
    runs = [
        make_run("a->b", method, seed, accuracy=(0.5, 0.5, level + 0.01 * seed))
        for method, level in [("source_only", 0.5), ("good", 0.7), ("bad", 0.3)]
        for seed in range(5)
    ]
    table = build_table(runs, TableSpec("t", rules=("last",), interval="t"))
    assert [cell(table, "a->b", m)["verdict"] for m in ("source_only", "good", "bad")] == [
        *("", "better", "worse")
    ]
    assert any("Worse than source_only under last (points): bad on a->b (-20.0)" in n
               for n in table.notes)  # fmt: skip


def test_diverged_runs_are_counted_and_get_no_verdict():
    runs = [make_run("a->b", "source_only", s, accuracy=(0.5, 0.5, 0.5)) for s in range(4)]
    runs += [make_run("a->b", "dann", s, accuracy=(0.9, 0.9, 0.9)) for s in range(2)]
    runs += [make_run("a->b", "dann", s, diverged=True) for s in (2, 3)]
    table = build_table(runs, TableSpec("t", rules=("last",)))
    row = cell(table, "a->b", "dann")
    assert (row["seeds"], row["diverged"], row["verdict"]) == (4, 2, "")
    assert row["mean"] == pytest.approx(90)
    assert row["difference_points"] == pytest.approx(40)
    assert any("2 of 8 runs diverged: dann on a->b (2)" in note for note in table.notes)


def test_all_runs_diverged():
    runs = [make_run("a->b", "source_only", s) for s in range(2)]
    runs += [make_run("a->b", "dann", s, diverged=True) for s in range(2)]
    row = cell(build_table(runs, TableSpec("t", rules=RULES)), "a->b", "dann", "snd")
    assert row["diverged"] == 2
    assert np.isnan(row["mean"])


def test_one_seed_has_a_mean_and_nothing_else():
    runs = [make_run("a->b", method) for method in ("source_only", "dann")]
    table = build_table(runs, TableSpec("t", rules=("last",)))
    row = cell(table, "a->b", "dann")
    assert row["mean"] == pytest.approx(60)
    assert np.isnan([row["low"], row["p_value"], row["p_holm"]]).all()
    assert row["verdict"] == ""
    assert any("ONE seed: no interval" in note for note in table.notes)


def test_notes_say_what_a_reader_must_know(runs):
    spec = dataclasses.replace(SPEC, interval="resampling", protocol=("1000 steps of Adam.",))
    text = " ".join(build_table(runs, spec).notes)
    for needle in (
        "1000 steps of Adam.",
        "over 5 seeds",
        "83 %",
        "USES TARGET LABELS",
        "trained with target labels",
        "None of 40 runs diverged",
    ):
        assert needle in text


def test_published_numbers_keep_their_rule():
    runs = make_suite(["mnist->usps", "a->b"], ["source_only", "dann"], 2)
    table = build_table(runs, dataclasses.replace(SPEC, published=load_published("digits")))
    for rule in RULES:
        row = cell(table, "mnist->usps", "dann", rule)
        assert (row["published_percent"], row["published_rule"]) == (91.7, "oracle")
    assert np.isnan(cell(table, "a->b", "dann")["published_percent"])
    assert any("column of that rule only" in note for note in table.notes)


def test_published_accuracies_do_not_stand_beside_another_metric():
    runs = make_suite(["mnist->usps"], ["source_only", "dann"], 2)
    spec = dataclasses.replace(SPEC, published=load_published("digits"), metric="macro_f1")
    assert build_table(runs, spec).cells["published_percent"].isna().all()


def test_difference_to_the_published_number_under_its_own_rule_only():
    runs = make_suite(["mnist->usps"], ["source_only", "dann", "shot"], 2)
    table = build_table(runs, dataclasses.replace(SPEC, published=load_published("digits")))
    for method, value, rule in (("dann", 91.7, "oracle"), ("shot", 97.9, "last")):
        for other in RULES:
            row = cell(table, "mnist->usps", method, other)
            if other == rule:
                assert row["published_difference_points"] == pytest.approx(row["mean"] - value)
                assert row["outside_tolerance"]
            else:
                assert np.isnan(row["published_difference_points"])
                assert row["outside_tolerance"] is pd.NA


def test_each_rule_has_its_own_published_number_where_there_are_several():
    runs = make_suite([f"{i}->{i + 1}" for i in range(10)], ["source_only", "dann"], 2)
    published = load_published("har_subjects")
    spec = dataclasses.replace(SPEC, published=published, metric="macro_f1")
    table = build_table(runs, spec)
    found = {rule: cell(table, AVERAGE, "dann", rule)["published_rule"] for rule in RULES}
    assert found == {"last": "source_accuracy", "snd": "source_accuracy", "oracle": "oracle"}
    assert cell(table, AVERAGE, "dann", "oracle")["published_percent"] == 88.26
    assert any("order of the methods" in note for note in table.notes)
    # An average over nine tasks is not the published one over ten.
    nine = build_table([run for run in runs if run.task != "0->1"], spec)
    assert nine.cells["published_percent"].isna().all()


def test_bad_input():
    with pytest.raises(InputError, match="no finished run"):
        build_table([], SPEC)
    with pytest.raises(InputError, match="unknown baseline method 'source_only'"):
        build_table([make_run()], SPEC)
