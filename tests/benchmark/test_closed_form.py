"""Closed-form methods in a suite, beside trained ones."""

import dataclasses

import numpy as np
import pytest

from tests.benchmark.tiny import contents, execute, tiny_packs, tiny_suite
from xferlab.benchmark.runs.methods import find_method
from xferlab.benchmark.runs.plan import Candidate, make_packs
from xferlab.benchmark.store.folders import RunStore
from xferlab.benchmark.store.load import load_record
from xferlab.benchmark.tables.per_task import build_table
from xferlab.benchmark.tables.selection import select
from xferlab.benchmark.tables.spec import TableSpec
from xferlab.core.errors import InputError
from xferlab.core.settings import Setting
from xferlab.methods.closed_form.coral import CORAL

METHODS = ("nearest_neighbour", "svm", "source_only")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The packs of two seeds, where they ran, and what was reported."""
    packs, seen = tiny_packs(methods=METHODS, seeds=2), []
    root = tmp_path_factory.mktemp("runs")
    execute(root, packs, report=lambda pack, steps, state: seen.append((name(pack), steps, state)))
    return packs, RunStore(root), seen


def name(pack):
    return pack.runs[0][0].method.name


def records(packs, store):
    return [load_record(store, spec.digest) for pack in packs for spec, _ in pack.runs]


def test_a_record_is_one_evaluation_at_step_zero(finished):
    packs, store, _ = finished
    for record in records(packs, store):
        fitted = record.method != "source_only"
        assert [e.step for e in record.evaluations] == ([0] if fitted else [3, 6])
        assert bool(record.curve.steps) != fitted
        assert not record.diverged and not record.oracle and record.seconds > 0
        assert {"oracle", "source_accuracy", "entropy"} <= set(record.evaluations[0].validators)


def test_the_accuracy_is_that_of_the_nearest_neighbour(finished):
    packs, store, _ = finished
    source, target = (packs[0].task.source.splits["train"], packs[0].task.target.splits["test"])
    distances = ((target.inputs[:, None] - source.inputs[None]) ** 2).sum(axis=2)
    expected = np.mean(source.labels[distances.argmin(axis=1)] == target.labels)
    found = [each for each in records(packs, store) if each.method == "nearest_neighbour"]
    assert len(found) == 1
    for record in found:
        assert record.evaluations[0].metrics["accuracy"] == pytest.approx(expected)
        assert record.confusion.sum() == len(target.labels)


def test_every_step_of_a_cell_is_reported(finished):
    _, _, seen = finished
    for method, runs in {"nearest_neighbour": 1, "svm": 2}.items():
        assert [each for each in seen if each[0] == method] == [(method, 6, "fitted")] * runs
    assert sum(steps for method, steps, _ in seen if method == "source_only") == 12


def test_rules_and_table(finished):
    """`last` and every validator take the only evaluation."""
    packs, store, _ = finished
    runs = records(packs, store)
    for rule in ("last", "entropy", "oracle"):
        frame = select(runs, rule).set_index("method")
        assert set(frame.loc["svm", "step"]) == {0}
    table = build_table(
        runs, TableSpec(title="tiny", rules=("last", "oracle"), baseline="nearest_neighbour")
    )
    cells = table.cells.set_index(["rule", "method"])["mean"]
    assert cells["last", "svm"] == cells["oracle", "svm"]
    assert {method for _, method in cells.index} == set(METHODS)


def test_finished_runs_are_not_fitted_again(finished, monkeypatch):
    packs, store, _ = finished
    before = {folder.name: contents(folder) for folder in folders(packs, store)}
    monkeypatch.setattr("xferlab.benchmark.runs.executor.ClosedFormRuns", None)
    seen = []
    execute(store.root, packs, report=lambda pack, steps, state: seen.append(state))
    assert seen == ["recorded"] * 5
    assert {folder.name: contents(folder) for folder in folders(packs, store)} == before


def test_another_folder_gets_the_same_bytes(finished, tmp_path):
    packs, store, _ = finished
    again = execute(tmp_path, packs[:4])
    for folder, other in zip(folders(packs[:4], store), folders(packs[:4], again), strict=True):
        assert contents(folder) == contents(other)


def folders(packs, store):
    return [store.folder(spec.digest) for pack in packs for spec, _ in pack.runs]


def test_a_sweep_in_one_pack_is_each_run_alone(tmp_path):
    grid = ({}, {"ridge": 0.1}, {"ridge": 10.0})
    candidate = Candidate("coral", CORAL(classifier="1nn"), grid=grid)
    stores = []
    for width in (3, 1):
        packs = make_packs(tiny_suite(), [candidate], seeds=1, width=width)
        stores.append((packs, execute(tmp_path / str(width), packs)))
    together, alone = (records(*each) for each in stores)
    assert [run.hyper for run in together] == ["", '{"ridge":0.1}', '{"ridge":10.0}']
    assert [run.evaluations for run in together] == [run.evaluations for run in alone]


def test_a_setting_that_closed_form_methods_do_not_have():
    suite = tiny_suite()
    (only,) = suite.tasks
    changed = dataclasses.replace(only, task=only.task.with_setting(Setting.SOURCE_FREE))
    suite = dataclasses.replace(suite, tasks=(changed,))
    with pytest.raises(InputError, match=r"'nearest_neighbour' needs the labels of the source"):
        make_packs(suite, [find_method("nearest_neighbour")], seeds=1, width=1)
