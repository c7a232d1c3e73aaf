"""Probes in a suite: scores on evaluation's labels, from which nothing of a run depends."""

import ast
import dataclasses
from pathlib import Path

import numpy as np
import pytest

import xferlab
from tests.benchmark.tiny import execute, tiny_packs, tiny_suite, tiny_task, two_heads_suite
from xferlab.benchmark.present import report_suite, run_suite
from xferlab.benchmark.runs.executor import Executor
from xferlab.benchmark.runs.methods import find_methods
from xferlab.benchmark.runs.options import BenchOptions, ExecutorOptions
from xferlab.benchmark.runs.plan import Candidate, make_packs
from xferlab.benchmark.runs.probing import Probing
from xferlab.benchmark.runs.suite_run import plan_suite
from xferlab.benchmark.store import load, predictions
from xferlab.benchmark.store.folders import RunStore
from xferlab.core.errors import InputError
from xferlab.core.heads import Labels
from xferlab.core.outputs import HostOutput
from xferlab.core.settings import Setting
from xferlab.data.domain import Domain
from xferlab.data.made.moons import moons
from xferlab.data.split import Split
from xferlab.data.task import TransferTask
from xferlab.evaluation.probes import KnnProbe, LinearProbe
from xferlab.methods.base import method
from xferlab.methods.closed_form.base import ClosedFormMethod, FittedMethod

PROBES = ("knn_probe", "knn_probe@3", "linear_probe")
METHODS = ("dann", "target_only", "nearest_neighbour")
TARGET = moons(rotation_degrees=35.0, points=20)


@method
class Featureless(ClosedFormMethod):
    """From outside: one class for all, from no features."""

    def fit(self, batch, *, num_classes, seed):
        return FittedFeatureless()


class FittedFeatureless(FittedMethod):
    """The first class."""

    def predict(self, inputs, *, role):
        logits = np.tile(np.float32([1, 0]), (len(inputs), 1))
        return HostOutput(np.zeros((len(inputs), 1), np.float32), logits)


def probed(root, packs, probes=PROBES):
    store = RunStore(root)
    executor = Executor(store, ExecutorOptions(1, 60.0, probes=probes), lambda *_: None)
    for failure in executor.run(packs).failures:
        raise failure.error
    return store


def bench(root, suite, methods, metric):
    options = BenchOptions(out=root, metric=metric, seeds=2, jobs=1, width=1)
    packs = plan_suite(suite, list(find_methods(methods).values()), options)
    return run_suite(suite, packs, options, lambda *_: None)


def with_train_labels(domain, labels):
    train = dataclasses.replace(domain.splits["train"], labels=labels)
    return Domain(domain.name, {**domain.splits, "train": train}, domain.class_names)


def test_permuting_what_probes_are_fitted_on_changes_no_other_bit(tmp_path):
    rng = np.random.default_rng(0)
    other = with_train_labels(TARGET, rng.permutation(TARGET.splits["train"].labels))
    files = []
    for name, target in (("as_it_is", TARGET), ("permuted", other)):
        suite = tiny_suite(30, task=tiny_task(target))
        packs = tiny_packs(suite, methods=("dann", "shot", "nearest_neighbour"))
        store = probed(tmp_path / name, packs)
        files.append([store.read(pack.runs[0][0].digest) for pack in packs])
    moved = set()
    for before, after in zip(*files, strict=True):
        for line, now in zip(before["metrics"], after["metrics"], strict=True):
            for probe in PROBES if line["kind"] == "evaluation" else ():
                values = line["metrics"].pop(probe), now["metrics"].pop(probe)
                moved |= {probe} if values[0] != values[1] else set()
        assert before["metrics"] == after["metrics"]
        assert before["arrays"].keys() == after["arrays"].keys()
        for name, array in before["arrays"].items():
            if name != "embedding_labels":
                assert array.tobytes() == after["arrays"][name].tobytes()
    assert moved == set(PROBES)


def test_a_probe_changes_no_bit_of_a_run_nor_its_identity(tmp_path):
    packs = tiny_packs(tiny_suite(30), methods=METHODS)
    plain, scored = execute(tmp_path / "plain", packs), probed(tmp_path / "probed", packs)
    for pack in packs:
        before, after = (store.read(pack.runs[0][0].digest) for store in (plain, scored))
        for name, array in before["arrays"].items():
            assert array.tobytes() == after["arrays"][name].tobytes()
        kept = [{k: v for k, v in e["metrics"].items() if k not in PROBES} if "metrics" in e else e
                for e in after["metrics"]]  # fmt: skip
        assert kept == [e.get("metrics", e) for e in before["metrics"]]


def test_the_score_is_that_of_the_probe_on_the_target_alone(tmp_path):
    packs = tiny_packs(methods=("nearest_neighbour",))  # Its features are the inputs.
    record = load.load_record(probed(tmp_path, packs), packs[0].runs[0][0].digest)
    (evaluation,) = record.evaluations
    train, test = TARGET.splits["train"], TARGET.splits["test"]
    for name, probe in zip(PROBES, (KnnProbe(5), KnnProbe(3), LinearProbe()), strict=True):
        right = probe.predict(train.inputs, train.labels, test.inputs) == test.labels
        assert evaluation.metrics[name] == right.mean()


def test_tables_by_probes_stand_behind_each_other(tmp_path):
    results = bench(tmp_path, tiny_suite(30), METHODS, "accuracy,knn_probe,linear_probe")
    tables = (results.table, *results.table.further)
    assert [table.spec.metric for table in tables] == ["accuracy", "knn_probe", "linear_probe"]
    for table in tables[1:]:
        assert set(table.cells["method"]) == set(METHODS)
        assert table.cells["mean"].between(0, 100).all()
        assert any("WITH LABELS that no method sees" in note for note in table.notes)
        assert "majority class" in set(table.trivial["method"])
    again = report_suite(BenchOptions(out=tmp_path), "tiny")
    assert [t.spec.metric for t in again.table.further] == ["knn_probe", "linear_probe"]


def test_runs_finished_without_a_probe_are_refused_before_any_training(tmp_path):
    suite = tiny_suite()
    bench(tmp_path, suite, ["source_only"], "")
    for methods in (["source_only"], ["dann"]):
        with pytest.raises(InputError, match=r"finished without.*--metric=knn_probe and another"):
            bench(tmp_path, suite, methods, "knn_probe")
    assert sum((path / "DONE").is_file() for path in tmp_path.iterdir()) == 2
    with pytest.raises(InputError, match="finished without"):
        report_suite(BenchOptions(out=tmp_path, metric="linear_probe"), "tiny")


def test_heads_beside_the_first_have_probes_of_their_own(tmp_path):
    suite = two_heads_suite()
    with pytest.raises(InputError, match="unknown metric 'angle/knn_probe'"):
        bench(tmp_path, suite, ["source_only"], "angle/knn_probe")
    results = bench(tmp_path, suite, ["source_only"], "knn_probe")
    assert results.table.cells["mean"].notna().all()


def refused(target, metric="knn_probe", shots=()):
    task = dataclasses.replace(tiny_task(target), shots=shots)
    options = BenchOptions(out=Path("none"), metric=metric)
    suite = tiny_suite(task=task)
    with pytest.raises(InputError) as caught:
        plan_suite(suite, list(find_methods(["source_only"]).values()), options)
    return str(caught.value)


def test_targets_without_labels_to_fit_on_are_refused():
    train = TARGET.splits["train"]
    rows = np.arange(len(train.labels))
    shots = tuple(int(np.flatnonzero(train.labels == label)[0]) for label in (0, 1))
    few = with_train_labels(TARGET, np.ma.array(train.labels, mask=~np.isin(rows, shots)))
    assert "has 0 labelled examples of 0 classes" in refused(few, shots=shots)
    assert "0 labelled" in refused(few, "accuracy,linear_probe", shots=shots)
    zero = np.isin(rows, shots) | (train.labels == 0)
    one = with_train_labels(TARGET, np.ma.array(train.labels, mask=~zero))
    assert "of 1 classes" in refused(one, shots=shots)
    assert "at least 999" in refused(TARGET, "knn_probe@999")
    both = Split(train.inputs, train.labels)
    same = Domain("same", {"train": both, "test": both}, TARGET.class_names)
    assert "is transductive" in refused(same)


def test_a_method_without_features_says_so(tmp_path):
    packs = make_packs(tiny_suite(), [Candidate("none", Featureless())], seeds=1, width=1)
    with pytest.raises(InputError, match="the method has none that a probe could be fitted on"):
        probed(tmp_path, packs)


def test_examples_without_a_class_are_left_out():
    task = tiny_task()
    probing = Probing(task, ("knn_probe",))
    split = probing.splits[0]
    known = np.arange(len(split.index)) % 2 == 0
    probing.splits = (split._replace(by_head=(Labels(split.by_head[0].values, known),)),)
    rows, classes = probing._fitted_on(0)
    assert (rows % 2 == 0).all() and len(classes) == known.sum()


def test_shots_leave_what_probes_are_fitted_on():
    task = dataclasses.replace(tiny_task(), shots=(0, 3))
    (split,) = Probing(task, ("linear_probe",)).splits
    inputs = TARGET.splits["train"].inputs
    assert len(split.inputs) == len(inputs) - 2
    assert (split.inputs == np.delete(inputs, [0, 3], axis=0)).all()


def test_the_scorer_alone_reads_the_labels_of_probes():
    """`probe_arrays` is named in one place beside its definition."""
    root = Path(xferlab.__file__).parent
    callers = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "probe_arrays"
    }
    assert callers == {"benchmark/runs/probing.py"}


def test_a_checkpoint_without_the_probe_is_not_gone_on_with(tmp_path, monkeypatch):
    """A run has the probe at every evaluation or at none."""
    seen = []

    class Watched:
        def __init__(self, folder, identity):
            seen.append(identity)
            raise InputError("enough")

    monkeypatch.setattr("xferlab.benchmark.runs.executor.Checkpoint", Watched)
    packs = tiny_packs()
    for probes in ((), PROBES):
        with pytest.raises(InputError, match="enough"):
            probed(tmp_path, packs, probes)
    assert seen[1] == [*seen[0], *PROBES]


def test_no_label_that_a_probe_is_fitted_on_is_kept(tmp_path):
    (pack,) = tiny_packs()
    store = probed(tmp_path, [pack])
    digest = pack.runs[0][0].digest
    names = {n for n in store.read_outputs(digest) if "labels" in n}
    assert names == {"source_train.labels", "source_validation.labels"}
    arrays = store.read(digest)["arrays"]
    assert len(arrays["labels"]) == len(TARGET.splits["test"].labels)
    assert not any(name.startswith(predictions._PREFIX) for name in arrays)


def test_classes_that_the_source_lacks_are_one_class_for_probes(tmp_path):
    source = Domain("source", dict(TARGET.splits), TARGET.class_names)
    splits = {}
    for name, split in TARGET.splits.items():
        rows = np.arange(len(split.labels))
        splits[name] = Split(split.inputs, np.where(rows % 3 == 0, 2 + rows % 2, split.labels))
    target = Domain("target", splits, (*TARGET.class_names, "third", "fourth"))
    task = TransferTask("open", (source,), target, Setting.OPEN_SET_DA)
    (split,) = Probing(task, ("knn_probe",)).splits
    assert (split.by_head[0].values == np.minimum(splits["train"].labels, 2)).all()
    packs = tiny_packs(tiny_suite(task=task), methods=("nearest_neighbour",))
    record = load.load_record(probed(tmp_path, packs, ("knn_probe",)), packs[0].runs[0][0].digest)
    train, test = splits["train"], splits["test"]
    told = KnnProbe().predict(train.inputs, np.minimum(train.labels, 2), test.inputs)
    right = told == np.minimum(test.labels, 2)
    assert record.evaluations[0].metrics["knn_probe"] == right.mean()
