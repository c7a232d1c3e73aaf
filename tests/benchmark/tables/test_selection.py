"""Selection on examples small enough to follow by hand."""

import dataclasses

import numpy as np
import pytest

from tests.benchmark.factory import make_run, make_suite
from xferlab.benchmark.store.records import Evaluation
from xferlab.benchmark.tables.selection import explain, select
from xferlab.core.errors import InputError

pytestmark = pytest.mark.fast


def only(frame):
    assert len(frame) == 1
    return frame.iloc[0]


@pytest.mark.parametrize(
    ("rule", "value", "step"), [("last", 0.6, 300), ("snd", 0.5, 100), ("oracle", 0.7, 200)]
)
def test_each_rule_takes_its_own_checkpoint(rule, value, step):
    row = only(select([make_run(accuracy=(0.5, 0.7, 0.6), score=(9, 1, 2))], rule))
    assert (row["value"], row["step"]) == (value, step)


def test_of_equal_scores_the_latest_checkpoint():
    assert only(select([make_run(score=(1.0, 1.0, 0.5))], "snd"))["step"] == 200


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_not_finite_loses(bad):
    assert only(select([make_run(score=(0.1, bad, bad))], "snd"))["step"] == 100


def test_hyper_parameters_by_mean_validator_score_over_seeds():
    low = [make_run(seed=s, hyper="", score=(0, 0, v)) for s, v in enumerate((0.9, 0.1))]
    high = [make_run(seed=s, hyper='{"w":2}', score=(0, 0, v)) for s, v in enumerate((0.5, 0.6))]
    assert set(select(low + high, "snd")["hyper"]) == {'{"w":2}'}
    assert list(select(low + high, "snd")["seed"]) == [0, 1]


def test_hyper_parameters_are_chosen_per_task_and_method():
    runs = [
        make_run(task, method, hyper=hyper, score=(0, 0, score))
        for task, method, best in [("a->b", "dann", "x"), ("a->c", "dann", "y")]
        for hyper, score in [("x", 1.0 if best == "x" else 0), ("y", 1.0 if best == "y" else 0)]
    ]
    assert list(select(runs, "snd")["hyper"]) == ["x", "y"]


def test_last_never_compares_hyper_parameters():
    bad, good = make_run(hyper="", score=(0, 0, 0)), make_run(hyper="x", score=(1, 1, 1))
    assert only(select([good, bad], "last"))["hyper"] == ""
    other = dataclasses.replace(bad, hyper="y")
    assert only(select([good, other], "last"))["hyper"] == "x"


def test_hyper_parameters_with_fewer_diverged_seeds_come_first():
    steady = [make_run(seed=s, hyper="", score=(0.1,) * 3) for s in (0, 1)]
    wild = [make_run(seed=0, hyper="x", score=(0.9,) * 3)]
    wild.append(make_run(seed=1, hyper="x", diverged=True))
    assert set(select(steady + wild, "snd")["hyper"]) == {""}


@pytest.mark.parametrize("rule", ["last", "snd", "oracle"])
def test_a_diverged_run_is_kept_without_a_value(rule):
    rows = select([make_run(seed=0), make_run(seed=1, diverged=True)], rule)
    assert list(rows["diverged"]) == [False, True]
    assert np.isnan(rows["value"][1])
    assert rows["step"].isna().tolist() == [False, True]


def test_label_free_selection_does_not_depend_on_the_metrics():
    runs = make_suite(["a->b"], ["dann", "mcd"], 3)
    permuted = [
        dataclasses.replace(
            run,
            evaluations=tuple(
                dataclasses.replace(e, metrics={"accuracy": 1 - e.metrics["accuracy"]})
                for e in run.evaluations
            ),
        )
        for run in runs
    ]
    assert list(select(runs, "snd")["step"]) == list(select(permuted, "snd")["step"])


def test_another_metric():
    assert only(select([make_run(accuracy=(0.2, 0.4, 0.8))], "last", "macro_f1"))["value"] == 0.4


def test_unknown_names_list_the_closest():
    with pytest.raises(InputError, match="Did you mean: snd"):
        select([make_run()], "snb")
    with pytest.raises(InputError, match=r"unknown metric 'acuracy'\. Did you mean: accuracy"):
        select([make_run()], "last", "acuracy")


def test_a_seed_is_not_counted_twice():
    with pytest.raises(InputError, match="same cell"):
        select([make_run(digest="1"), make_run(digest="2")], "last")


def test_a_finished_run_without_evaluations_is_refused():
    with pytest.raises(InputError, match="no evaluation"):
        select([dataclasses.replace(make_run(), evaluations=())], "last")


def test_no_records_no_rows():
    assert select([], "last").empty


def test_only_the_oracle_is_said_to_use_target_labels():
    assert "USES TARGET LABELS" in explain("oracle")
    assert "without any target label" in explain("snd")
    assert "nothing is selected" in explain("last")


def test_evaluations_are_plain_values():
    assert Evaluation(1, {"accuracy": 0.5}, {}) == Evaluation(1, {"accuracy": 0.5}, {})


def test_the_oracle_is_an_upper_bound_of_every_rule_under_every_metric():
    generator, runs = np.random.default_rng(0), []
    for seed in range(3):
        for hyper in ("", "x", "y"):
            accuracy, f1, score = generator.random((3, 4))
            evaluations = [
                Evaluation(i, {"accuracy": a, "macro_f1": f}, {"snd": s, "oracle": a})
                for i, (a, f, s) in enumerate(zip(accuracy, f1, score, strict=True))
            ]
            run = make_run(seed=seed, hyper=hyper)
            runs.append(dataclasses.replace(run, evaluations=tuple(evaluations)))
    for metric in ("accuracy", "macro_f1"):
        oracle = select(runs, "oracle", metric)["value"].mean()
        assert all(select(runs, rule, metric)["value"].mean() < oracle for rule in ("last", "snd"))


def test_the_oracle_of_a_macro_f1_table_does_not_take_the_best_accuracy():
    evaluations = (
        Evaluation(1, {"accuracy": 0.9, "macro_f1": 0.2}, {"oracle": 0.9}),
        Evaluation(2, {"accuracy": 0.5, "macro_f1": 0.4}, {"oracle": 0.5}),
    )
    run = dataclasses.replace(make_run(), evaluations=evaluations)
    assert only(select([run], "oracle", "macro_f1"))["step"] == 2
    assert only(select([run], "oracle"))["step"] == 1
