"""Which methods stand in a table of episodes, and what such a table is made of."""

import dataclasses

import numpy as np
import pytest

from tests.benchmark.tiny import execute, tiny_suite
from tests.methods.episodic.toys import INPUTS_TOO, OPTIONS, SPEC, make_few_shot
from xferlab.benchmark.runs.methods import find_method, find_methods
from xferlab.benchmark.runs.plan import Candidate, make_packs
from xferlab.benchmark.store.load import load_record
from xferlab.benchmark.suites.header import SuiteHeader
from xferlab.benchmark.suites.own import own_suite, own_task
from xferlab.benchmark.suites.suite import Suite, SuiteRequest, SuiteTask
from xferlab.cli.bench import choose_candidates
from xferlab.core.errors import InputError
from xferlab.core.settings import Setting
from xferlab.methods.episodic.prototypical import Prototypical


def suite_of(setting=Setting.FEW_SHOT):
    task = make_few_shot(setting=setting)
    options = dataclasses.replace(OPTIONS, evaluations=1)
    header = SuiteHeader(
        name="toy", title="Toy", protocol=("A line.",), validator="source_accuracy"
    )
    tasks = (SuiteTask(task=task, network=SPEC, training=options),)
    return Suite(header=header, tasks=tasks, methods=("source_only",), seeds=1)


@pytest.mark.fast
@pytest.mark.parametrize(
    ("name", "suite", "message"),
    [
        ("prototypical", tiny_suite(), "'prototypical' answers episodes of new classes, and task"),
        ("maml", tiny_suite(), "Choose a suite whose setting is 'few_shot'"),
        ("target_only", suite_of(), "'target_only' needs the labels of the target, whose classes"),
        ("dann", suite_of(), "'dann' needs the inputs of the target, which setting 'few_shot'"),
    ],
)
def test_methods_and_tasks_that_do_not_go_together(name, suite, message):
    with pytest.raises(InputError, match=message):
        make_packs(suite, [find_method(name)], seeds=1, width=1)


@pytest.mark.fast
def test_all_methods_are_those_that_answer():
    few, more = (
        {each.name for each in choose_candidates(suite, "all", [], [])}
        for suite in (suite_of(), suite_of(INPUTS_TOO))
    )
    assert {"source_only", "prototypical", "maml"} <= few and not {"dann", "target_only"} & few
    assert {"source_only", "prototypical", "dann", "simclr"} <= more and "target_only" not in more
    others = {each.name for each in choose_candidates(tiny_suite(), "all", [], [])}
    assert not {"prototypical", "maml"} & others


@pytest.mark.fast
def test_the_protocol_says_how_many_episodes_there_are():
    header = suite_of().header
    expected = "Task 'new classes' is scored by 20 episodes of 3 ways, 2 shots and 4 queries"
    assert any(line.startswith(expected) for line in header.protocol)
    assert header.class_names["new classes"] == ("way 1", "way 2", "way 3")


@pytest.mark.fast
def test_two_domains_alone_have_no_episodes():
    task = make_few_shot()
    with pytest.raises(InputError, match="episodes"):
        own_task(task.source, task.target, setting=Setting.FEW_SHOT)
    suite = own_suite(
        own_task(task.source, task.target, setting=Setting.FEW_SHOT, episodes=task.episodes),
        "",
        SuiteRequest(),
    )
    assert suite.tasks[0].task.episodes == task.episodes
    assert suite.tasks[0].training.evaluations == 1


def test_a_recorded_run_has_the_queries_of_all_episodes(tmp_path):
    candidates = [
        Candidate("prototypical", Prototypical(ways=3, shots=2)),
        *find_methods(("source_only", "nearest_neighbour")).values(),
    ]
    packs = make_packs(suite_of(), candidates, seeds=1, width=1)
    store = execute(tmp_path, packs)
    labels = packs[0].task.drawn_episodes.labels.ravel()
    for pack in packs:
        record = load_record(store, pack.runs[0][0].digest)
        np.testing.assert_array_equal(record.labels, labels)
        assert record.num_classes == 3 and record.confusion.shape == (3, 3)
        accuracy = record.evaluations[-1].metrics["accuracy"]
        assert accuracy == pytest.approx((record.predictions[-1] == labels).mean())
        assert accuracy > 0.6
