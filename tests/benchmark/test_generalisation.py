"""Domain generalisation from request to table: nothing of the target reaches a run."""

import dataclasses

import numpy as np
import pytest

import xferlab
from tests.benchmark.tiny import tiny_suite, tiny_task
from xferlab.benchmark.runs.methods import find_method
from xferlab.benchmark.runs.options import BenchOptions
from xferlab.benchmark.runs.suite_run import plan_suite
from xferlab.benchmark.suites.own import own_suite, own_task
from xferlab.benchmark.suites.suite import SuiteRequest
from xferlab.core.errors import InputError
from xferlab.core.settings import Setting
from xferlab.data.made.moons import moons

UNSEEN = Setting.DOMAIN_GENERALISATION
PAIR = moons(points=20), moons(rotation_degrees=35.0, points=20)


def test_a_table_is_selected_by_what_the_source_says():
    methods = ["source_only", "nearest_neighbour", "target_only"]
    table = xferlab.compare(*PAIR, methods=methods, seeds=2, steps=10, setting=UNSEEN)
    assert table.spec.rules == ("last", "source_accuracy", "oracle")
    assert set(table.cells["method"]) == set(methods)


def test_a_method_that_adapts_is_no_oracle_but_refused():
    with pytest.raises(InputError, match="'dann' needs the inputs of the target, which setting"):
        xferlab.compare(*PAIR, methods=["source_only", "dann"], steps=10, setting=UNSEEN)


def test_the_scale_of_own_data_is_the_sources():
    suite = own_suite(own_task(*PAIR, setting=UNSEEN), "", SuiteRequest())
    ((source,), target) = suite.tasks[0].task.sources, suite.tasks[0].task.target
    inputs = source.splits["train"].inputs
    np.testing.assert_allclose(inputs.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(inputs.std(axis=0), 1, atol=1e-6)
    before = PAIR[0].splits["train"].inputs
    expected = (PAIR[1].splits["test"].inputs - before.mean(axis=0)) / before.std(axis=0)
    np.testing.assert_allclose(target.splits["test"].inputs, expected, atol=1e-5)
    assert any("over the training inputs of the source;" in s for s in suite.header.protocol)


@pytest.mark.parametrize(
    ("setting", "validator", "role"),
    [
        (UNSEEN, "", "target"),
        (UNSEEN, "dev", "target"),
        (Setting.SOURCE_FREE, "source_accuracy", "source"),
    ],
)
def test_a_validator_of_what_is_hidden_is_refused_before_training(
    tmp_path, setting, validator, role
):
    suite = tiny_suite(task=tiny_task().with_setting(setting))
    options = BenchOptions(out=tmp_path, validator=validator)
    with pytest.raises(InputError, match=f"looks at the {role}, which setting '{setting.label}'"):
        plan_suite(suite, [find_method("source_only")], options)
    header = dataclasses.replace(suite.header, validator="reverse_validation")
    suite = dataclasses.replace(suite, header=header)
    if setting == UNSEEN:
        assert plan_suite(suite, [find_method("source_only")], BenchOptions(out=tmp_path))
