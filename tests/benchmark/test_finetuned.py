"""Features of networks fine-tuned on a source: kept runs, whose labels they know, who gets them."""

import dataclasses
import signal
import subprocess
import sys

import numpy as np
import pytest

from tests.benchmark.featured_suite import (
    FEATURES,
    TUNED,
    TUNING,
    domains,
    featured_suite,
    features_by,
    tasks_of,
)
from tests.benchmark.killed import resumable_packs
from tests.benchmark.tiny import contents, execute, tiny_packs
from tests.shared import REPOSITORY
from xferlab.benchmark.present import run_suite
from xferlab.benchmark.runs.executor import Executor
from xferlab.benchmark.runs.featured import Featured
from xferlab.benchmark.runs.kept import kept_waves
from xferlab.benchmark.runs.methods import find_method
from xferlab.benchmark.runs.options import BenchOptions, ExecutorOptions
from xferlab.benchmark.runs.plan import make_packs
from xferlab.benchmark.store.folders import RunStore
from xferlab.benchmark.store.load import load_record
from xferlab.benchmark.store.records import REVERSE_VALIDATION
from xferlab.benchmark.store.spec import RunSpec
from xferlab.core.roles import SOURCE
from xferlab.core.settings import Setting
from xferlab.data.feeds.resident import to_resident
from xferlab.losses import cross_entropy
from xferlab.methods.base import Method, Term, method
from xferlab.methods.source_only import SourceOnly
from xferlab.training.run import Member, StageCache, Training

ONE = ("flat->turned",)


@pytest.fixture
def seen(monkeypatch):
    """The tasks that runs were given, by method and name."""
    tasks = {}
    on = Featured.on

    def noting(self, pack):
        given = on(self, pack)
        tasks[pack.runs[0][0].method.name, pack.task.name] = given.task
        return given

    monkeypatch.setattr(Featured, "on", noting)
    return tasks


def counted(root, packs):
    """Executes packs and counts the trained steps of every method on every task."""
    steps = {}

    def report(pack, done, state):
        if state in ("training", "fitted"):
            spec, _ = pack.runs[0]
            cell = spec.method.name, spec.task.name
            steps[cell] = steps.get(cell, 0) + done

    return execute(root, packs, report=report), steps


def features_of(task):
    return [s.inputs for d in (task.source, task.target) for s in d.splits.values()]


@pytest.mark.fast
def test_the_kept_run_is_of_the_source_alone_and_part_of_the_identity_of_runs():
    packs = tiny_packs(featured_suite(), methods=("source_only", "svm"), seeds=2)
    kept, begun = kept_waves(packs, 2)
    specs = [pack.runs[0][0] for pack in kept]
    assert [spec.task.name for spec in specs] == ["flat", "turned"] and not begun
    for spec in specs:
        assert spec.task.views == (2, 0, 0) and spec.task.target == "" and spec.random_seed == 0
        assert (spec.network, spec.training.steps) == (TUNED, TUNING.steps)
        assert RunSpec.from_json(spec.to_json()) == spec and not spec.inputs
    for spec, _ in (run for pack in packs for run in pack.runs):
        assert spec.inputs == specs[spec.task.name.startswith("turned")].digest
        assert RunSpec.from_json(spec.to_json()) == spec and "key" not in spec.to_json()
    for change in ({"network": dataclasses.replace(TUNED, dropout=0.1)}, {"seed": 1}):
        other = featured_suite(features=dataclasses.replace(FEATURES, **change))
        (run, *_), (before, *_) = tiny_packs(other), packs
        assert run.runs[0][0].inputs != before.runs[0][0].inputs
    plain = tiny_packs()[0].runs[0][0].to_json()
    assert "inputs" not in plain and "key" not in plain


def test_one_training_for_each_source_whatever_the_targets_methods_and_seeds(tmp_path, seen):
    packs = tiny_packs(featured_suite(), methods=("source_only", "svm"), seeds=2)
    _, steps = counted(tmp_path, packs)
    tuned = {cell: n for cell, n in steps.items() if "(kept)" in cell[0]}
    assert tuned == {("SourceOnly (kept)", name): TUNING.steps for name in ("flat", "turned")}
    tasks = [seen["source_only", name] for name in ("flat->turned", "flat->steep")]
    assert tasks[0].source is tasks[1].source  # Predicted once.
    for name in ("flat->turned", "turned->flat"):
        for trained, fitted in zip(
            *(features_of(seen[row, name]) for row in ("source_only", "svm")), strict=True
        ):
            assert trained is fitted and trained.shape[1:] == (5,)
    _, again = counted(tmp_path, [*packs, *tiny_packs(featured_suite(), methods=("dan",))])
    assert {cell[0] for cell in again} == {"dan"}


def test_features_are_those_of_a_direct_training(tmp_path, seen):
    suite = featured_suite(tasks_of(domains(), ONE))
    store = execute(tmp_path, tiny_packs(suite))
    raw = suite.tasks[0].task
    data = to_resident(raw.training_arrays(Setting.DOMAIN_GENERALISATION))
    member = Member(SourceOnly(), TUNING, seed=0)
    setting = Setting.DOMAIN_GENERALISATION
    training = Training(TUNED, [member], {setting: data}, setting, StageCache())
    training.advance(TUNING.steps)
    given = seen["source_only", raw.name]
    for before, after in zip(features_of(raw), features_of(given), strict=True):
        np.testing.assert_array_equal(after, training.predict(before, SOURCE)[0].features)
    for before, after in ((raw.source, given.source), (raw.target, given.target)):
        np.testing.assert_array_equal(after.splits["test"].labels, before.splits["test"].labels)
    assert store.has(tiny_packs(suite)[0].runs[0][0].inputs)


def permuted(domain):
    generator = np.random.default_rng(0)
    splits = {
        name: dataclasses.replace(split, labels=generator.permutation(split.labels))
        for name, split in domain.splits.items()
    }
    return dataclasses.replace(domain, splits=splits)


def test_permuted_target_labels_change_no_feature_and_no_output(tmp_path, seen):
    results = []
    for number, change in enumerate((lambda d: d, permuted)):
        given = domains()
        given["turned"] = change(given["turned"])
        packs = tiny_packs(featured_suite(tasks_of(given, ONE)), methods=("dann", "svm"))
        store = execute(tmp_path / str(number), packs)
        read = [store.read(pack.runs[0][0].digest)["arrays"] for pack in packs]
        results.append((packs[0].runs[0][0], read, features_of(seen["dann", *ONE])))
    (spec, runs, features), (other, changed, same) = results
    assert spec.inputs == other.inputs and spec.digest != other.digest
    for a, b in zip(features, same, strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(runs, changed, strict=True):
        assert not np.array_equal(a["labels"], b["labels"])
        assert a["logits"].tobytes() == b["logits"].tobytes()


def test_features_follow_the_labels_of_the_source(tmp_path, seen):
    found = []
    for number, change in enumerate((lambda d: d, permuted)):
        given = domains()
        given["flat"] = change(given["flat"])
        execute(tmp_path / str(number), tiny_packs(featured_suite(tasks_of(given, ONE))))
        found.append(features_of(seen["source_only", *ONE])[-1])
    assert np.abs(found[0] - found[1]).max() > 1e-4


def test_kept_stages_begin_on_features_too(tmp_path, seen):
    suite = featured_suite(tasks_of(domains(), ONE))
    packs = tiny_packs(suite, methods=("source_only+pretrained",))
    features, begun = kept_waves(packs, 1)
    ((spec, _),) = begun[0].runs
    assert spec.inputs == packs[0].runs[0][0].inputs == features[0].runs[0][0].digest
    store = execute(tmp_path, packs)
    assert all(store.has(s.digest) for pack in (*packs, *begun) for s, _ in pack.runs)
    assert seen["SourceOnly (kept)", *ONE].source.input_shape == (5,)


@pytest.mark.parametrize("fatal_step", [3, 9], ids=["while features train", "after them"])
def test_a_killed_suite_ends_with_the_same_bytes(tmp_path, fatal_step):
    packs = resumable_packs("source_only on features", 1)
    whole = execute(tmp_path / "whole", packs)
    command = [sys.executable, "-m", "tests.benchmark.killed", str(tmp_path / "killed")]
    command += ["source_only on features", "1", str(fatal_step)]
    assert subprocess.run(command, cwd=REPOSITORY).returncode == -signal.SIGKILL
    states = []
    resumed = execute(tmp_path / "killed", packs, report=lambda p, n, state: states.append(state))
    assert "resumed" in states and ("recorded" in states) == (fatal_step > TUNING.steps)
    for spec, _ in (*kept_waves(packs, 1)[0][0].runs, *packs[0].runs):
        folders = [store.folder(spec.digest) for store in (whole, resumed)]
        assert contents(folders[0]) == contents(folders[1])


def test_damaged_weights_are_trained_anew(tmp_path):
    suite = featured_suite(tasks_of(domains(), ONE))
    store = execute(tmp_path, tiny_packs(suite))
    digest = tiny_packs(suite)[0].runs[0][0].inputs
    before = contents(store.folder(digest))
    path = store.folder(digest) / "weights.npz"
    path.write_bytes(path.read_bytes()[:-7])
    options = ExecutorOptions(jobs=1, checkpoint_seconds=60.0)
    outcome = Executor(store, options, lambda *_: None).run(tiny_packs(suite, methods=("svm",)))
    assert list(outcome.repaired) == [digest] and not outcome.failures
    assert contents(store.folder(digest)) == before


@method
class Explodes(Method):
    """A method whose training diverges."""

    def loss(self, nets, batch, ctx):
        value = cross_entropy(nets.apply(batch.source.inputs).logits, batch.source.labels).mean()
        return {"ce": Term(value / (1.0 - (ctx.step > 1)))}


@method
class Fails(Method):
    """A method that cannot run."""

    def loss(self, nets, batch, ctx):
        raise RuntimeError("not today")


@pytest.mark.parametrize(
    ("first", "message"),
    [(Explodes(), "that diverged at step 2"), (Fails(), "that could not run: ")],
)
def test_rows_say_why_there_are_no_features(tmp_path, first, message):
    suite = featured_suite(tasks_of(domains(), ONE), features=features_by(first))
    plain = dataclasses.replace(featured_suite(tasks_of(domains(), ("turned->flat",))))
    suite = dataclasses.replace(suite, tasks=(*suite.tasks, *plain.tasks))
    packs = tiny_packs(suite, methods=("source_only", "svm"))
    run_suite(suite, packs, BenchOptions(out=tmp_path, seeds=1), lambda *_: None)
    page = (tmp_path / "tiny.md").read_text()
    for row in ("source_only", "svm"):
        assert f"{row} on flat->turned, seed 0, has for its inputs the features of kept" in page
    assert message in page
    done = {
        spec.task.name: RunStore(tmp_path).has(spec.digest) for p in packs for spec, _ in p.runs
    }
    assert done == {"flat->turned": False, "turned->flat": True}


def test_reverse_validation_goes_back_on_features(tmp_path):
    suite = featured_suite(tasks_of(domains(), ONE))
    header = dataclasses.replace(suite.header, validator=REVERSE_VALIDATION)
    suite = dataclasses.replace(suite, header=header)
    rows = [
        find_method(name)._replace(grid=({}, {field: 0.5}))
        for name, field in (("dan", "weight"), ("coral", "ridge"))
    ]
    packs = make_packs(suite, rows, seeds=1, width=1)
    assert all(pack.reverse for pack in packs)
    store = execute(tmp_path, packs)
    for spec, _ in (run for pack in packs for run in pack.runs):
        last = load_record(store, spec.digest).evaluations[-1]
        assert 0.0 <= last.validators[REVERSE_VALIDATION] <= 1.0
