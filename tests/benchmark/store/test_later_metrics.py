"""Metrics asked for after the runs: from kept predictions, the numbers of a training with them."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from tests.benchmark.tiny import execute, tiny_packs, two_heads_suite, without_metric
from xferlab.benchmark.present import present
from xferlab.benchmark.runs.options import BenchOptions
from xferlab.benchmark.store import predictions
from xferlab.benchmark.store.load_suite import read_runs
from xferlab.benchmark.store.manifest import ManifestRun
from xferlab.benchmark.store.predictions import FurtherHeads
from xferlab.benchmark.store.scores import with_metric
from xferlab.core.errors import InputError
from xferlab.core.heads import Labels
from xferlab.core.names import NameTable
from xferlab.evaluation.metric_table import METRICS, Metric


def kappa(truth, predicted, size):
    return float(cohen_kappa_score(truth, predicted, labels=range(size)))


def worst(truth, predicted, size):
    return float(np.abs(truth - predicted).max())


LATER = {"kappa": "kappa", "worst": "angle/worst"}
TABLE = NameTable(
    "metric",
    {
        **METRICS,
        "kappa": Metric("kappa", "classes", kappa, bounds=(-100.0, 100.0)),
        "worst": Metric("worst", "numbers", worst, unit="", higher_is_better=False),
    },
)


def run(root):
    """Runs of two seeds under two heads, and how they are read."""
    suite = two_heads_suite(30, evaluations=3)
    packs = tiny_packs(suite, methods=("dann",), seeds=2)
    store = execute(root, packs)
    return suite, store, read_runs(store, [ManifestRun.of(pack.runs[0][0]) for pack in packs])


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """Runs that were finished before the metrics were written."""
    return run(tmp_path_factory.mktemp("before"))


@pytest.fixture
def later(monkeypatch):
    """Puts the metrics into the table."""
    monkeypatch.setattr("xferlab.evaluation.metric_table.METRICS", TABLE)


@pytest.mark.parametrize("name", LATER.values())
def test_the_numbers_are_those_of_a_training_with_the_metric(before, later, name, tmp_path):
    _, store, runs = before
    _, _, asked = run(tmp_path)
    assert not any(name in e.metrics for record in runs.records for e in record.evaluations)
    for now, then in zip(with_metric(store, runs.records, name), asked.records, strict=True):
        assert now.digest == then.digest
        values = [e.metrics[name] for e in now.evaluations]
        assert values == [e.metrics[name] for e in then.evaluations]
        assert np.isfinite(values).all()


@pytest.mark.parametrize("name", LATER.values())
def test_a_report_shows_a_metric_of_tomorrow(before, later, name):
    suite, store, runs = before
    results = present(suite.header, runs, BenchOptions(out=store.root, metric=name))
    assert results.table.spec.metric == name
    assert results.table.cells["mean"].notna().all()


@pytest.mark.parametrize("name", ["accuracy", "angle/rmse", "angle/r2"])
def test_recorded_metrics_come_out_of_kept_predictions(before, name):
    _, store, runs = before
    forgetful = without_metric(runs.records, name)
    for now, then in zip(with_metric(store, forgetful, name), runs.records, strict=True):
        assert [e.metrics for e in now.evaluations] == [e.metrics for e in then.evaluations]


def test_what_was_not_kept_is_said(before, later, monkeypatch):
    _, store, runs = before
    read = store.read

    def bare(digest):
        files = read(digest)
        kept = {k: a for k, a in files["arrays"].items() if not k.startswith("head.1.0")}
        return files | {"arrays": kept}

    monkeypatch.setattr(store, "read", bare)
    with pytest.raises(InputError, match=r"did not keep .* at step 10: .* 2 MiB .* another --out"):
        with_metric(store, runs.records, "angle/worst")


@pytest.mark.parametrize("name", ["rmse", "angle/accuracy", "elsewhere/rmse"])
def test_a_metric_of_no_head_is_refused_with_the_list(before, name):
    _, store, runs = before
    with pytest.raises(InputError, match=f"unknown metric '{name}'.*angle/rmse"):
        with_metric(store, runs.records, name)


def test_a_metric_that_the_labels_do_not_define_is_said(before, monkeypatch):
    _, store, runs = before
    undefined = Metric("nothing", "classes", lambda truth, predicted, size: float("nan"))
    table = NameTable("metric", {**METRICS, "nothing": undefined})
    monkeypatch.setattr("xferlab.evaluation.metric_table.METRICS", table)
    with pytest.raises(InputError, match="'nothing' is not defined on the test labels"):
        with_metric(store, runs.records, "nothing")


def test_the_bound_holds_and_the_newest_stay(monkeypatch):
    outputs = np.random.default_rng(0).normal(size=(10, 3)).astype("f4")
    monkeypatch.setattr(predictions, "FURTHER_BYTES", 3 * (outputs.nbytes + 40))
    kept = FurtherHeads()
    for evaluation in range(5):
        kept.add(evaluation, [outputs, np.arange(10)])
    assert set(kept.arrays) == {f"head.{place}.{e}" for place in (1, 2) for e in (2, 3, 4)}


def test_labels_stand_beside_the_predictions():
    known = np.array([True, False])
    labels = [Labels(np.zeros(2)), Labels(np.ones((2, 1)), known), Labels(np.zeros((2, 3)))]
    heads = FurtherHeads()
    heads.add(0, [np.ones((2, 1)), np.zeros((2, 3))])
    arrays = predictions.further_labels(labels) | heads.arrays
    kept = predictions.KeptPredictions(arrays)
    assert kept.labels(1, 0).known is known
    assert kept.labels(2, 0).known is None
    assert kept.labels(3, 0) is None and kept.at(1, 1) is None


@pytest.mark.parametrize("known", [None, np.array([True, True, False, True])])
def test_examples_that_were_not_predicted_are_not_known(known):
    rows = np.array([0, 2])
    placed = predictions.place_rows(np.ones((2, 2)), rows, 4)
    assert np.isnan(placed[[1, 3]]).all() and (placed[rows] == 1).all()
    assert predictions.place_rows(np.array([5, 6]), rows, 4).tolist() == [5, -1, 6, -1]
    heads = FurtherHeads()
    heads.add(0, [placed])
    labels = [Labels(np.zeros(4)), Labels(np.ones((4, 2)), known)]
    kept = predictions.KeptPredictions(predictions.further_labels(labels) | heads.arrays)
    there = np.array([True, False, True, False])
    np.testing.assert_array_equal(
        kept.labels(1, 0).known, there if known is None else there & known
    )
