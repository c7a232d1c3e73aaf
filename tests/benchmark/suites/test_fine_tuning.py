"""The suite `fine_tuning`: what is seen of what, one pre-training for all, no oracle."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.benchmark.tiny import execute
from xferlab.benchmark.runs.kept import kept_packs
from xferlab.benchmark.runs.methods import find_method
from xferlab.benchmark.runs.plan import make_packs
from xferlab.benchmark.suites.fine_tuning import METHODS, PER_CLASS, fine_tuning
from xferlab.benchmark.suites.suite import SuiteRequest
from xferlab.core.settings import Setting


def packs_of(suite, methods=METHODS, seeds=5):
    return make_packs(suite, [find_method(name) for name in methods], seeds=seeds, width=1)


@pytest.mark.fast
def test_the_targets_show_so_many_of_each_class_and_no_run_is_an_oracle():
    suite = fine_tuning(SuiteRequest())
    for each, count in zip(suite.tasks, PER_CLASS, strict=True):
        labels = each.task.target.splits["train"].labels
        assert np.bincount(labels).tolist() == [count] * 10
        assert each.task.setting == Setting.SUPERVISED and not each.task.target.transductive
        assert each.training.batch_sizes[1] <= len(labels)
        tests = [task.task.target.splits["test"].inputs for task in suite.tasks]
        assert all(np.array_equal(test, tests[0]) for test in tests)
    specs = [spec for pack in packs_of(suite) for spec, _ in pack.runs]
    assert len(specs) == len(METHODS) * len(PER_CLASS) * 5
    assert not any(spec.oracle for spec in specs)


@pytest.mark.fast
def test_one_pre_training_a_seed_for_all_rows_and_tasks():
    packs = packs_of(fine_tuning(SuiteRequest()))
    kept = [spec for pack in kept_packs(packs, 1) for spec, _ in pack.runs]
    assert [spec.seed for spec in kept] == [0, 1, 2, 3, 4]
    assert {spec.task.name for spec in kept} == {"optdigits"}
    assert {spec.task.views for spec in kept} == {(2, 0, 0)}


def test_labels_of_the_test_split_reach_no_weight(tmp_path):
    suite = fine_tuning(SuiteRequest(steps=5))
    task = suite.tasks[0].task
    splits = dict(task.target.splits)
    labels = np.random.default_rng(0).permutation(splits["test"].labels)
    splits["test"] = dataclasses.replace(splits["test"], labels=labels)
    other = dataclasses.replace(task, target=dataclasses.replace(task.target, splits=splits))
    logits = []
    for number, each in enumerate((task, other)):
        only = dataclasses.replace(suite.tasks[0], task=each)
        packs = packs_of(dataclasses.replace(suite, tasks=(only,)), METHODS[-1:], seeds=1)
        store = execute(tmp_path / str(number), packs)
        logits.append(store.read(packs[0].runs[0][0].digest)["arrays"]["logits"])
    np.testing.assert_array_equal(logits[0], logits[1])
