"""A user's own `nnx` modules, as extra networks and as backbone: training, prediction, resume."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.methods.toys import (
    assert_same_bits,
    assert_stack_is_singles,
    make_options,
    make_spec,
    make_task,
    make_training,
    same_bits,
    snapshot,
)
from tests.models.foreign import FOREIGN, MODULES, UsesModule, put_backbone
from xferlab.core.errors import InputError
from xferlab.methods.table import METHODS
from xferlab.models.nets import Blueprint, Nets
from xferlab.training.checkpoint import Checkpoint
from xferlab.training.run import Member

TASK = make_task(sizes=(40, 30))
OPTIONS = make_options(steps=12, batch_sizes=(12, 10))
STATES = {
    "layer_norm": set(),
    "dropout": set(),
    "batch_norm": {"body"},
    "built_for_evaluation": {"body"},
    "nested": {"body"},
    "spectral_norm": {"body"},
    "recurrent": set(),
    "own_variables": {"passes", "mean"},
}
"""What each module keeps beside parameters."""


def start(name, members=None):
    return make_training(UsesModule(name=name), task=TASK, options=OPTIONS, members=members)


def predict(training, inputs):
    (output,) = training.predict(inputs, "target")
    return output.logits


@pytest.mark.parametrize("name", MODULES)
def test_a_module_trains_predicts_and_resumes(name, tmp_path):
    whole, checkpoint = start(name), Checkpoint(tmp_path / "checkpoint", name)
    whole.advance(5)
    before = snapshot(whole.state.statistics)
    checkpoint.save(whole, [])
    (log,) = whole.advance(12)
    assert log.bad_step is None
    kept = whole.state.statistics.get("net", {})
    assert set(kept) == STATES[name]
    assert not STATES[name] or not same_bits(before["net"], kept)
    resumed = start(name)
    checkpoint.restore(resumed)
    assert_same_bits(resumed.state.statistics, before)
    resumed.advance(12)
    assert_same_bits(resumed.state, whole.state)
    inputs = TASK.target.splits["test"].inputs
    row = predict(whole, inputs)[4]
    np.testing.assert_array_equal(predict(whole, inputs[4:5])[0], row)
    np.testing.assert_array_equal(predict(whole, np.vstack([90 + inputs, inputs[4:5]]))[-1], row)


@pytest.mark.parametrize("name", ["nested", "own_variables"])
def test_a_stack_of_runs_is_each_run_alone(name):
    members = [Member(UsesModule(name=name), OPTIONS, seed) for seed in (0, 1)]
    assert_stack_is_singles(lambda own: start(name, own), members, 3, rtol=1e-3, atol=1e-4)


def make_nets(name, *, train, key):
    extra = UsesModule(name=name).extra_networks
    blueprint = Blueprint.of(make_spec(), extra)
    return Nets(blueprint, *blueprint.init(extra, jax.random.key(0)), train=train, key=key)


@pytest.mark.parametrize("name", ["dropout", "built_for_evaluation", "own_variables"])
def test_noise_is_fresh_at_each_pass_and_step_and_repeats_by_key(name):
    x = jnp.asarray(np.random.default_rng(0).normal(size=(5, 6)), jnp.float32)
    nets = make_nets(name, train=True, key=jax.random.key(1))
    first, second = nets["net"](x), nets["net"](x)
    again, other = (make_nets(name, train=True, key=jax.random.key(i))["net"](x) for i in (1, 2))
    teacher = nets.with_weights({}, {}, train=True)["net"](x)
    np.testing.assert_array_equal(again, first)
    for different in (second, other, teacher):
        assert not np.allclose(different, first)


@pytest.mark.parametrize("name", ["source_only", "ada_bn", "self_ensembling", "shot", "adda"])
def test_a_backbone_of_nnx_layers_goes_through_every_stage(name, monkeypatch, tmp_path):
    put_backbone(monkeypatch)

    def begin():
        spec = make_spec(backbone=FOREIGN, hidden=())
        return make_training(METHODS[name], task=TASK, spec=spec, options=OPTIONS)

    whole, checkpoint = begin(), Checkpoint(tmp_path / "checkpoint", name)
    whole.advance(11)
    checkpoint.save(whole, [])
    whole.advance(12)
    resumed = begin()
    checkpoint.restore(resumed)
    resumed.advance(12)
    assert_same_bits(resumed.state, whole.state)
    norm = whole.state.statistics["encoder"]["backbone"]["norm"]
    assert np.abs(norm["mean"]).max() > 0
    inputs = TASK.target.splits["test"].inputs
    np.testing.assert_array_equal(predict(whole, inputs)[4], predict(whole, inputs[4:5])[0])


def change_shape(nets):
    nets["net"].mean[...] = jnp.zeros(3)


def change_type(nets):
    nets["net"].passes.set_value(jnp.zeros(()))


def remove(nets):
    del nets["net"].passes


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (change_shape, r"'net/mean' changes from float32\[6\] to float32\[3\]"),
        (change_type, r"'net/passes' changes from int32\[\] to float32\[\]"),
        (remove, "'net/passes' is gone after a pass"),
    ],
)
def test_variables_that_change_are_refused(change, message):
    nets = make_nets("own_variables", train=True, key=jax.random.key(0))
    try:
        change(nets)
    except ValueError:
        pytest.skip("this version of flax refuses it itself")
    with pytest.raises(InputError, match=message):
        nets.statistics()


def test_an_unknown_network_is_refused():
    with pytest.raises(InputError, match=r"unknown network 'nett'. Did you mean: net"):
        make_nets("dropout", train=False, key=None)["nett"]
