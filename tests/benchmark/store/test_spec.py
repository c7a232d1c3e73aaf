"""The identity of a run: plain data, a JSON round trip, seeds that pair methods."""

import dataclasses
import json

import pytest

from tests.benchmark.tiny import tiny_packs
from xferlab.benchmark.store.spec import MethodSpec, RunSpec
from xferlab.core.settings import Setting
from xferlab.models.spec import NetworkSpec
from xferlab.training.options import TrainingOptions

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


DEFAULTS = {
    NetworkSpec: {
        "hidden": (),
        "head_hidden": (),
        "bottleneck": 0,
        "dropout": 0.0,
        "batch_norm": "separate",
        "convolution": "auto",
        "compute": "float32",
        "further_inputs": (),
        "target_inputs": (),
        "source_domains": 1,
    },
    TrainingOptions: {
        "batch_sizes": (64, 64),
        "optimiser": "sgd",
        "lr": 0.01,
        "momentum": 0.9,
        "nesterov": False,
        "weight_decay": None,
        "schedule": "constant",
        "lr_rules": (("**", 1.0),),
        "augment": "none",
        "train_view": "none",
        "evaluations": 10,
    },
    MethodSpec: {"hyper": (), "source": "", "recipe": ""},
    RunSpec: {
        "sees": "",
        "deterministic": False,
        "code": "",
        "arithmetic": "",
        "start": "",
        "kept": (),
        "inputs": "",
        "key": None,
    },
}
"""What a spec on disk leaves out. A default that is changed here needs another name for the field:
runs that are recorded without it were trained with the old value."""


@pytest.mark.parametrize("part", DEFAULTS)
def test_what_is_left_out_of_a_spec_keeps_its_meaning(part):
    defaults = {f.name: f.default for f in dataclasses.fields(part)}
    known = {k: v for k, v in defaults.items() if v is not dataclasses.MISSING}
    assert known == DEFAULTS[part]


def test_only_what_differs_from_the_defaults_is_written(spec):
    plain = dataclasses.replace(spec, network=dataclasses.replace(spec.network, bottleneck=0))
    other = dataclasses.replace(spec, network=dataclasses.replace(spec.network, bottleneck=7))
    assert "bottleneck" not in plain.to_json()["network"]
    assert other.to_json()["network"]["bottleneck"] == 7
    assert RunSpec.from_json(plain.to_json()) == plain


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
    assert packs[1].task.setting == Setting.SUPERVISED


def test_hyper_json_names_only_what_differs(spec):
    assert spec.hyper_json == ""
    method = dataclasses.replace(spec.method, hyper=(("weight", 0.5),))
    assert dataclasses.replace(spec, method=method).hyper_json == '{"weight":0.5}'
