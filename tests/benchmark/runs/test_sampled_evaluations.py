"""Large test splits: a sample before the last evaluation, all of it at the last."""

import numpy as np
import pytest

from tests.benchmark.tiny import (
    contents,
    execute,
    tiny_packs,
    tiny_suite,
    two_heads_suite,
    without_metric,
)
from xferlab.benchmark.present import present
from xferlab.benchmark.runs import executor, scoring
from xferlab.benchmark.runs.options import BenchOptions
from xferlab.benchmark.runs.pacing import predicted_before_the_last
from xferlab.benchmark.runs.scoring import Scorer
from xferlab.benchmark.store.load_suite import read_runs
from xferlab.benchmark.store.manifest import ManifestRun
from xferlab.benchmark.store.scores import with_metric
from xferlab.core.settings import Setting
from xferlab.data.readers.arrays import domain_from_arrays
from xferlab.data.task import TransferTask

LIMIT = 12


def run(root):
    suite = two_heads_suite(30, evaluations=3)
    packs = tiny_packs(suite, methods=("dann", "source_only"), seeds=2)
    store = execute(root, packs)
    specs = [spec for pack in packs for spec, _ in pack.runs]
    return suite, store, read_runs(store, [ManifestRun.of(spec) for spec in specs])


def bound(patch):
    """Lets evaluations before the last look at few test examples."""
    patch.setattr(scoring, "LEAST_TESTED", LIMIT)
    patch.setattr(executor, "predicted_before_the_last", lambda pack: LIMIT)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return run(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def sampled(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        bound(patch)
        return run(tmp_path_factory.mktemp("sampled"))


def test_the_sample_is_the_same_for_all_and_the_last_is_on_all(whole, sampled):
    looked_at = set()
    for part, all_of_it in zip(sampled[2].records, whole[2].records, strict=True):
        there = part.predictions >= 0
        assert there.sum(axis=1).tolist() == [LIMIT, LIMIT, there.shape[1]]
        looked_at |= {tuple(map(tuple, there))}
        np.testing.assert_array_equal(part.predictions[there], all_of_it.predictions[there])
        assert part.evaluations[-1] == all_of_it.evaluations[-1]
        for number, evaluation in enumerate(part.evaluations):
            rows = there[number]
            right = part.predictions[number, rows] == part.labels[rows]
            assert evaluation.metrics["accuracy"] == pytest.approx(right.mean())
            assert evaluation.validators["oracle"] == evaluation.metrics["accuracy"]
            others = {n: v for n, v in evaluation.validators.items() if n != "oracle"}
            expected = all_of_it.evaluations[number].validators
            assert others == {n: expected[n] for n in others}
    assert len(looked_at) == 1


@pytest.mark.parametrize("name", ["accuracy", "macro_f1", "angle/rmse"])
def test_metrics_asked_for_later_are_over_the_same_examples(sampled, name):
    _, store, runs = sampled
    forgetful = without_metric(runs.records, name)
    for now, then in zip(with_metric(store, forgetful, name), runs.records, strict=True):
        assert [e.metrics for e in now.evaluations] == [e.metrics for e in then.evaluations]


def test_a_line_under_the_table_says_so(whole, sampled):
    for (suite, store, runs), told in ((whole, False), (sampled, True)):
        table = present(suite.header, runs, BenchOptions(out=store.root)).table
        assert any(f"moons->turned ({LIMIT} of " in note for note in table.notes) == told


def test_runs_are_the_same_bytes_again(sampled, tmp_path, monkeypatch):
    bound(monkeypatch)
    _, again, _ = run(tmp_path)
    for record in sampled[2].records:
        first, second = (contents(store.folder(record.digest)) for store in (sampled[1], again))
        assert first == second


@pytest.mark.parametrize(("evaluations", "each"), [(1, None), (2, 96), (4, 32)])
def test_all_before_the_last_predict_no_more_than_is_trained_on(evaluations, each):
    (pack,) = tiny_packs(tiny_suite(6, evaluations=evaluations), seeds=1)
    assert predicted_before_the_last(pack) == each  # Six steps of 8 + 8 examples.


@pytest.mark.parametrize(("most", "tested"), [(None, 40), (180, 40), (170, 30), (10, 20)])
def test_what_validators_see_counts_and_some_are_always_tested(most, tested, monkeypatch):
    monkeypatch.setattr(scoring, "LEAST_TESTED", 20)
    rng = np.random.default_rng(0)
    a, b = (
        domain_from_arrays(name, rng.normal(size=(90, 2)), np.arange(90) % 2, test=40 / 90)
        for name in "ab"
    )
    task = TransferTask("a->b", (a,), b, Setting.UNSUPERVISED_DA)
    scorer = Scorer(task, most=most)  # 50 + 40 of the source and 50 of the target are seen anyhow.
    assert len(scorer._checkpoint_test.index) == tested
