"""Online tasks in a benchmark: scores are of the predictions at arrival, in every form."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import xferlab
from tests.benchmark.tiny import execute, tiny_packs, tiny_suite, tiny_task
from xferlab.benchmark.runs.executor import Executor
from xferlab.benchmark.runs.options import ExecutorOptions
from xferlab.benchmark.runs.residents import Residents
from xferlab.benchmark.runs.reverse import check_way_back
from xferlab.benchmark.runs.scoring import Scorer
from xferlab.benchmark.store.folders import RunStore
from xferlab.benchmark.suites.own import own_suite, own_task
from xferlab.benchmark.suites.suite import SuiteRequest
from xferlab.core.errors import InputError
from xferlab.core.roles import TARGET
from xferlab.core.settings import Setting
from xferlab.data import as_stream, moons

STEPS = 7
"""Of which 20 points in batches of 8 take three."""
TARGET_DOMAIN = as_stream(moons(rotation_degrees=35.0, points=20))


def online_suite():
    task = dataclasses.replace(tiny_task(TARGET_DOMAIN), setting=Setting.TEST_TIME)
    suite = tiny_suite(STEPS, task=task, evaluations=1)
    (own,) = suite.tasks
    network = dataclasses.replace(own.network, bottleneck=6)
    return dataclasses.replace(suite, tasks=(dataclasses.replace(own, network=network),))


def training_of(name, root):
    (pack,) = tiny_packs(online_suite(), methods=(name,))
    executor = Executor(
        RunStore(root), ExecutorOptions(jobs=1, checkpoint_seconds=60.0), lambda *_: None
    )
    executor._residents = Residents((pack,))
    return pack, executor._start(pack, keep_data=False)


@pytest.mark.parametrize("name", ["tent", "tent+pretrained"])
def test_what_has_come_is_scored_as_it_came_and_the_rest_by_the_network(name, tmp_path):
    if "pretrained" in name:
        execute(tmp_path, tiny_packs(online_suite(), methods=(name,)))
    pack, training = training_of(name, tmp_path)
    training.advance(STEPS - 1)
    (now,) = training.predict(TARGET_DOMAIN.splits["test"].inputs, TARGET)
    (record,) = training.arrived()
    expected = np.where(record.come[:, None], record.output.logits, now.logits)
    assert record.come.sum() == 16 and not np.array_equal(expected, now.logits)
    scorer = Scorer(pack.task)
    (score,) = scorer.score(training, last=True)
    np.testing.assert_array_equal(score.predictions[0], expected.argmax(axis=1))
    np.testing.assert_array_equal(score.view.target.logits, expected)
    right = expected.argmax(axis=1) == TARGET_DOMAIN.splits["test"].labels
    assert score.metrics["accuracy"] == pytest.approx(right.mean())
    np.testing.assert_array_equal(scorer.final_arrays(training)[0]["logits"], expected)


def test_a_method_that_does_not_adapt_is_scored_by_its_network(tmp_path):
    pack, training = training_of("source_only", tmp_path)
    training.advance(STEPS)
    (score,) = Scorer(pack.task).score(training, last=True)
    (now,) = training.predict(TARGET_DOMAIN.splits["test"].inputs, TARGET)
    np.testing.assert_array_equal(score.predictions[0], now.classes)


def test_tables_from_two_domains(tmp_path):
    methods = ["source_only", "ada_bn", "tent", "nearest_neighbour"]
    source, target = moons(points=40), moons(rotation_degrees=35.0, points=40)
    given = {"methods": methods, "seeds": 2, "steps": 20, "setting": Setting.TEST_TIME}
    table = xferlab.compare(source, target, **given, out=tmp_path)
    assert set(table.cells["method"]) == set(methods) and not table.cells["mean"].isna().any()
    assert (tmp_path / "own-moons-to-moons_35-test_time.html").is_file()
    streamed = xferlab.compare(source, as_stream(target), **given)
    assert streamed.cells.equals(table.cells)


def test_own_data_are_scaled_by_the_source_alone_and_the_order_is_said():
    source, target = moons(points=40), moons(rotation_degrees=35.0, points=40)
    request = SuiteRequest(steps=20)
    (own,) = own_suite(own_task(source, target, setting=Setting.TEST_TIME), "", request).tasks
    moved = target.map_inputs(lambda inputs: 100 + inputs)
    suite = own_suite(own_task(source, moved, setting=Setting.TEST_TIME), "", request)
    protocol = " ".join(suite.header.protocol)
    assert "the training inputs of the source;" in protocol
    assert "The 40 target examples come in order, once, each batch predicted before" in protocol
    scaled = [each.task.source.splits["train"].inputs for each in (own, suite.tasks[0])]
    np.testing.assert_array_equal(*scaled)
    assert own.training.evaluations == 1


def test_reverse_validation_has_no_way_back():
    with pytest.raises(InputError, match="the target does not come in order"):
        check_way_back(online_suite().tasks[0].task)
