"""The identity of a run: plain data, a JSON round trip, seeds that pair methods."""

import dataclasses
import json

import pytest

from tests.benchmark.tiny import tiny_packs
from xferlab.benchmark.spec import RunSpec
from xferlab.core.settings import Setting

pytestmark = pytest.mark.fast


@pytest.fixture(scope="module")
def spec():
    ((spec, _),) = tiny_packs()[0].runs
    return spec


def test_json_round_trip_keeps_spec_and_digest(spec):
    again = RunSpec.from_json(json.loads(json.dumps(spec.to_json())))
    assert again == spec
    assert again.digest == spec.digest
    assert len(spec.digest) == 16


def test_linear_heads_keep_the_digest_of_runs_from_before_deeper_ones(spec):
    assert "head_hidden" not in spec.to_json()["network"]
    assert RunSpec.from_json(spec.to_json()).network.head_hidden == ()


@pytest.mark.parametrize(
    "change",
    [
        lambda s: dataclasses.replace(s, seed=1),
        lambda s: dataclasses.replace(s, task=dataclasses.replace(s.task, fingerprint="0")),
        lambda s: dataclasses.replace(s, method=dataclasses.replace(s.method, hyper=(("w", 2.0),))),
        lambda s: dataclasses.replace(s, method=dataclasses.replace(s.method, source="abc")),
        lambda s: dataclasses.replace(s, network=dataclasses.replace(s.network, hidden=(9,))),
        lambda s: dataclasses.replace(s, network=dataclasses.replace(s.network, head_hidden=(9,))),
        lambda s: dataclasses.replace(s, training=dataclasses.replace(s.training, lr=0.5)),
    ],
    ids=["seed", "data", "hyper", "source", "network", "heads", "training"],
)
def test_whatever_changes_numbers_changes_the_digest(spec, change):
    assert change(spec).digest != spec.digest


def test_methods_of_one_seed_share_their_random_seed():
    packs = tiny_packs(methods=("source_only", "dann", "target_only"), seeds=2)
    seeds = {(s.method.name, s.seed): s.random_seed for pack in packs for s, _ in pack.runs}
    assert seeds["source_only", 0] == seeds["dann", 0] == seeds["target_only", 0]
    assert seeds["source_only", 0] != seeds["source_only", 1]


def test_only_supervised_runs_are_oracles():
    packs = tiny_packs(methods=("dann", "target_only"))
    assert [pack.runs[0][0].oracle for pack in packs] == [False, True]
    assert packs[1].task.setting is Setting.SUPERVISED


def test_hyper_json_names_only_what_differs(spec):
    assert spec.hyper_json == ""
    method = dataclasses.replace(spec.method, hyper=(("weight", 0.5),))
    assert dataclasses.replace(spec, method=method).hyper_json == '{"weight":0.5}'
