"""Kept outputs: what validators saw, within the bound; a validator of tomorrow scores them."""

import dataclasses
import json
from typing import ClassVar

import pytest

from tests.benchmark.runs.test_scoring import Entropy
from tests.benchmark.tiny import execute, tiny_packs, tiny_suite, tiny_task
from tests.evaluation.cases import make_views
from xferlab.benchmark.present import present
from xferlab.benchmark.runs.options import BenchOptions
from xferlab.benchmark.runs.plan import Candidate, make_packs
from xferlab.benchmark.store import outputs, scores
from xferlab.benchmark.store.folders import OUTPUTS, DamagedRunError
from xferlab.benchmark.store.load_suite import read_runs
from xferlab.benchmark.store.manifest import ManifestRun
from xferlab.benchmark.store.outputs import KeptOutputs
from xferlab.benchmark.store.scores import with_scores
from xferlab.core.names import NameTable
from xferlab.core.settings import Setting
from xferlab.core.tree_files import arrays_from_json, arrays_to_json
from xferlab.evaluation.validators.base import Validator
from xferlab.evaluation.validators.table import VALIDATORS

RECORDED = [name for name, validator in VALIDATORS.items() if not validator.oracle]


class Confident(Validator):
    """From outside, of the year after: the fraction of target examples above 0.6."""

    needs_source: ClassVar[bool] = False
    needs_features: ClassVar[bool] = False
    oracle: ClassVar[bool] = False

    def __call__(self, view):
        return float((view.target.probs.max(axis=1) > 0.6).mean())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two runs that train and one that does not, each scored at every checkpoint."""
    root = tmp_path_factory.mktemp("runs")
    suite = tiny_suite(evaluations=3)
    packs = tiny_packs(suite, methods=("dann", "nearest_neighbour"), seeds=2)
    store = execute(root, packs)
    listed = [ManifestRun.of(spec) for pack in packs for spec, _ in pack.runs]
    return suite, store, read_runs(store, listed)


def without(runs, name):
    """The runs as they would be if a validator had come after them."""

    def forget(evaluation):
        kept = {k: v for k, v in evaluation.validators.items() if k != name}
        return dataclasses.replace(evaluation, validators=kept)

    return tuple(
        dataclasses.replace(r, evaluations=tuple(map(forget, r.evaluations))) for r in runs.records
    )


@pytest.mark.parametrize("name", RECORDED)
def test_scores_from_kept_outputs_are_those_of_the_training(folder, name):
    _, store, runs = folder
    scored = with_scores(store, without(runs, name), name)
    assert scored == with_scores(store, scored, name)
    for record, before in zip(scored, runs.records, strict=True):
        for now, then in zip(record.evaluations, before.evaluations, strict=True):
            assert now.validators[name] == pytest.approx(then.validators[name], rel=1e-12)


def test_a_validator_of_tomorrow_selects_among_yesterdays_runs(folder, monkeypatch):
    suite, store, runs = folder
    table = NameTable("validator", {**VALIDATORS, "confident": Confident()})
    for place in ("xferlab.benchmark.store.scores", "xferlab.benchmark.runs.options"):
        monkeypatch.setattr(f"{place}.VALIDATORS", table)
    results = present(suite.header, runs, BenchOptions(out=store.root, validator="confident"))
    assert "confident" in results.table.spec.rules
    for record in results.records:
        assert all(0 <= e.validators["confident"] <= 1 for e in record.evaluations)


def test_a_validator_needs_what_the_setting_showed(tmp_path):
    suite = tiny_suite(task=tiny_task().with_setting(Setting.SOURCE_FREE))
    (pack,) = make_packs(suite, [Candidate("own", Entropy())], seeds=1, width=1)
    kept = execute(tmp_path, [pack]).read_outputs(pack.runs[0][0].digest)
    assert not [name for name in kept if "source" in name]
    assert KeptOutputs(kept).view(0, features=True).source_validation is None


def test_no_target_label_is_kept(folder):
    _, store, runs = folder
    for record in runs.records:
        names = {
            name.split(".")[0] for name in store.read_outputs(record.digest) if "labels" in name
        }
        assert names == {"source_train", "source_validation"}


def test_the_bound_holds_and_the_newest_features_go_last(monkeypatch):
    view, _ = make_views(0, d=50)
    one = KeptOutputs()
    one.add(0, view)
    size = sum(array.nbytes for array in one.arrays.values())
    monkeypatch.setattr(outputs, "KEPT_BYTES", 2 * size)
    kept = KeptOutputs()
    for evaluation in range(6):
        kept.add(evaluation, view)
        assert sum(array.nbytes for array in kept.arrays.values()) <= 2 * size
    seen = [kept.view(e, features=False) is not None for e in range(6)]
    with_features = [kept.view(e, features=True) is not None for e in range(6)]
    assert sum(seen) >= 3 and with_features[-1]
    assert seen == sorted(seen) and with_features == sorted(with_features)
    again = arrays_from_json(json.loads(json.dumps(arrays_to_json(kept.arrays))))
    assert list(again) == list(kept.arrays)
    for name, array in kept.arrays.items():
        assert again[name].tobytes() == array.tobytes()


def test_an_evaluation_that_is_not_kept_stays_without_a_score(folder, monkeypatch):
    _, store, runs = folder
    monkeypatch.setattr(store, "read_outputs", lambda digest: {})
    scored = scores.with_scores(store, without(runs, "dev"), "dev")
    assert not any("dev" in e.validators for record in scored for e in record.evaluations)


def test_damaged_outputs_are_found(tmp_path):
    (pack,) = tiny_packs()
    store = execute(tmp_path, [pack])
    digest = pack.runs[0][0].digest
    path = store.folder(digest) / OUTPUTS
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DamagedRunError, match="outputs"):
        store.read_outputs(digest)
