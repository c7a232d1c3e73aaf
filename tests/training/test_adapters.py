"""Stages with an adapter: what is trained, what passes see, what the next stage begins with."""

from __future__ import annotations

import dataclasses

import jax
import numpy as np
import pytest

from tests.methods.toys import (
    assert_close,
    assert_same_bits,
    make_options,
    make_spec,
    make_task,
    make_training,
    same_bits,
    snapshot,
)
from tests.models.foreign import Backbone
from tests.training.test_frozen import products
from xferlab.core.errors import InputError
from xferlab.core.paths import path_of
from xferlab.data.feeds.resident import to_resident
from xferlab.methods.base import Method, Phase, Stage, Term, method, static
from xferlab.methods.dann import DANN
from xferlab.methods.recipes import FROZEN_ENCODER, lora
from xferlab.methods.source_only import SourceOnly
from xferlab.methods.table import METHODS
from xferlab.models.adapters import LoRA, effective
from xferlab.models.backbones import BACKBONES
from xferlab.models.nets import Nets
from xferlab.training.checkpoint import Checkpoint
from xferlab.training.recipe import stages_of
from xferlab.training.run import Member
from xferlab.training.scan import batch_at
from xferlab.training.stage import make_stage
from xferlab.training.step import train_step

TASK = make_task(sizes=(40, 30))
DATA = to_resident(TASK.training_arrays())
OPTIONS = make_options(steps=8, batch_sizes=(12, 10))
ADAPTER = LoRA(2, scale=0.5)
NO_FACTORS = (("adapter/**", 0.0), ("**/bias", 0.0), ("**/scale", 0.0))
INPUTS = TASK.target.splits["test"].inputs


def train(*stages, steps=8, seed=0, spec=None, until=None):
    options = dataclasses.replace(OPTIONS, steps=steps)
    member = Member(stages[0].method, options, seed, stages)
    training = make_training(stages[0].method, task=TASK, spec=spec, members=[member])
    training.advance(steps if until is None else until)
    return training


def adapted(some_method, *, fraction=1.0, **changes):
    return Stage(some_method, fraction, rates=FROZEN_ENCODER, adapter=ADAPTER, **changes)


def leaves_of(tree, pattern):
    return [
        leaf
        for path, leaf in jax.tree_util.tree_leaves_with_path(tree)
        if pattern in path_of(path) and np.ndim(leaf)
    ]


def test_only_the_factors_of_the_encoder_are_trained():
    before = snapshot(train(adapted(DANN()), until=0).state)
    state = train(adapted(DANN())).state
    assert_same_bits(state.params["encoder"], before.params["encoder"])
    for group in ("adapter/encoder", "heads", "discriminator"):
        assert not same_bits(state.params[group], before.params[group])
    assert leaves_of(state.optimiser, "adapter/encoder")
    assert not leaves_of(state.optimiser["encoder"], "")
    sizes = sorted(np.shape(a) for a in jax.tree.leaves(state.params["adapter/encoder"]))
    assert sizes == sorted([(4, 2), (2, 8), (8, 2), (2, 6)])


def test_kernels_rest_and_the_rest_moves_where_no_rule_freezes():
    stage = Stage(SourceOnly(), adapter=ADAPTER)
    before = snapshot(train(stage, until=0).state.params["encoder"])
    after = train(stage).state.params["encoder"]
    for path, old in jax.tree_util.tree_leaves_with_path(before):
        new = value_at(after, path)
        if path_of(path).endswith("kernel"):
            np.testing.assert_array_equal(new, old)
        elif "bottleneck" not in path_of(path):  # A bias before a batch norm has no gradient.
            assert not np.array_equal(new, old)


def value_at(tree, path):
    for key in path:
        tree = tree[key.key]
    return tree


def test_the_base_has_no_moments_under_adam():
    options = dataclasses.replace(OPTIONS, optimiser="adamw", weight_decay=0.1)
    member = Member(SourceOnly(), options, 0, (Stage(SourceOnly(), adapter=ADAPTER),))
    training = make_training(SourceOnly(), task=TASK, members=[member])
    training.advance(8)
    kernels = leaves_of(training.state.optimiser["encoder"], "kernel")
    assert not kernels and leaves_of(training.state.optimiser["encoder"], "bias")
    assert len(leaves_of(training.state.optimiser["adapter/encoder"], "kernel")) == 8


def test_the_program_moves_no_kernel_but_through_its_factors():
    """The gradient of W is a product that the factors' gradients are made of, but no update."""
    stage = Stage(SourceOnly(), adapter=LoRA(1))
    functions = make_stage(make_spec(), stage, OPTIONS, 8)
    state = functions.init(SourceOnly(), OPTIONS, jax.random.key(0), ({}, {}), 30)

    def step(state):
        batch = batch_at(state, OPTIONS, DATA)
        return train_step(functions.program, state, SourceOnly(), OPTIONS, batch)

    shapes = products(jax.make_jaxpr(step)(state).jaxpr)
    for shape in ((4, 1), (1, 8), (8, 1), (1, 6)):
        assert shape in shapes or shape[::-1] in shapes
    moved = step(state)[0].params["encoder"]
    assert moved["bottleneck"]["kernel"] is state.params["encoder"]["bottleneck"]["kernel"]


def test_predictions_are_those_of_the_effective_network():
    training = train(adapted(SourceOnly()))
    ((params, statistics),) = training.weights()
    assert set(params) == {"encoder", "heads"}
    expected = effective(ADAPTER, training.state.params)
    assert_close(params, jax.device_get(expected), rtol=1e-6, atol=1e-7)
    assert not same_bits(params["encoder"], training.state.params["encoder"])
    blueprint = make_stage(make_spec(), Stage(SourceOnly()), OPTIONS, 8).program.blueprint
    output = Nets(blueprint, params, statistics, train=False).apply(INPUTS)
    (found,) = training.predict(INPUTS, "target")
    np.testing.assert_allclose(found.logits, output.logits, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.features, output.features, rtol=1e-4, atol=1e-5)


def test_a_first_step_starts_from_the_network_as_it_is():
    plain, with_adapter = (train(Stage(SourceOnly(), adapter=a), until=0) for a in (None, ADAPTER))
    outputs = [training.predict(INPUTS, "target")[0] for training in (plain, with_adapter)]
    np.testing.assert_array_equal(outputs[0].logits, outputs[1].logits)


def test_the_next_stage_begins_with_the_merged_weights():
    stages = (adapted(SourceOnly(), fraction=0.5), Stage(SourceOnly(), 0.5))
    training = train(*stages, until=4)
    ((params, statistics),) = training.weights()
    (before,) = training.predict(INPUTS, "target")
    training.restore(1, lambda template: template)
    assert_same_bits(training.state.params, params)
    assert_same_bits(training.state.statistics, statistics)
    (after,) = training.predict(INPUTS, "target")
    np.testing.assert_allclose(after.logits, before.logits, rtol=1e-4, atol=1e-5)
    training.advance(8)
    assert not same_bits(training.state.params["encoder"], params["encoder"])


def test_an_adapter_after_an_adapter_is_a_new_one_on_merged_weights():
    training = train(*(adapted(DANN(), fraction=0.5),) * 2, until=4)
    ((params, _),) = training.weights()
    training.restore(1, lambda template: template)
    own = training.state.params
    assert_same_bits({group: own[group] for group in params}, params)
    assert not any(np.any(a) for a in leaves_of(own["adapter/encoder"], "/b"))


def test_norms_rest_with_their_parameters_and_dropout_is_on():
    spec = make_spec(dropout=0.3)
    before, after = (train(adapted(SourceOnly()), spec=spec, until=n).state for n in (0, 8))
    assert_same_bits(after.statistics, before.statistics)
    functions = make_stage(spec, adapted(SourceOnly()), OPTIONS, 8)
    state = functions.init(SourceOnly(), OPTIONS, jax.random.key(0), ({}, {}), 30)
    nets = [
        functions.program.nets(state.params, state.statistics, train=True, key=jax.random.key(n))
        for n in (1, 2)
    ]
    first, second = (np.asarray(each.encode(INPUTS)) for each in nets)
    assert not np.allclose(first, second)


@method
class OneGroup(Method):
    """Trains one parameter group of the two that its loss depends on."""

    only: str = static(default="encoder")

    def phases(self):
        return (Phase("first", self.loss, (self.only,)),)

    def loss(self, nets, batch, ctx):
        source, _ = nets.forward(batch)
        return {"size": Term((source.logits**2).mean())}


def test_a_phase_trains_the_factors_of_its_groups_alone():
    stage = {g: adapted(OneGroup(only=g)) for g in ("encoder", "heads")}
    for group, moved, held in (
        ("encoder", "adapter/encoder", "heads"),
        ("heads", "heads", "adapter/encoder"),
    ):
        before = snapshot(train(stage[group], until=0).state.params)
        after = train(stage[group]).state.params
        assert not same_bits(after[moved], before[moved])
        assert_same_bits(after[held], before[held])


@pytest.mark.parametrize("name", [name for name in METHODS if name != "untrained"])
def test_every_method_trains_with_an_adapter(name):
    """Phases, teachers, critics, refreshes: all see the effective network."""
    stages = lora(stages_of(METHODS[name]))
    options = dataclasses.replace(OPTIONS, steps=2 * len(stages))
    training = make_training(
        METHODS[name], task=TASK, members=[Member(METHODS[name], options, 0, stages)]
    )
    training.advance(1)
    factors = snapshot(training.state.params["adapter/encoder"])
    kernels = snapshot(training.state.params["encoder"])
    training.advance(2)
    assert_same_bits(training.state.params["encoder"], kernels)
    assert not same_bits(training.state.params["adapter/encoder"], factors)
    training.advance(options.steps)
    (output,) = training.predict(INPUTS, "target")
    assert np.isfinite(output.logits).all()


def test_resumed_is_uninterrupted(tmp_path):
    stages = (adapted(DANN(), fraction=0.5), Stage(DANN(), 0.5))
    whole = train(*stages)
    for stop, checkpoint in (
        (3, Checkpoint(tmp_path / "a", 1)),
        (6, Checkpoint(tmp_path / "b", 1)),
    ):
        checkpoint.save(train(*stages, until=stop), [])
        part = train(*stages, until=0)
        assert checkpoint.restore(part) == []
        part.advance(8)
        assert_same_bits(part.state, whole.state)


def test_stacked_runs_are_the_single_ones():
    stages = (adapted(DANN(), fraction=0.5), Stage(DANN(), 0.5))
    members = [Member(DANN(), OPTIONS, seed, stages) for seed in (0, 1)]
    stacked = make_training(DANN(), task=TASK, members=members)
    for until in (4, 8):
        stacked.advance(until)
        for seed, own in enumerate(stacked.weights()):
            (single,) = train(*stages, seed=seed, until=until).weights()
            assert_close(own, single, rtol=1e-3, atol=1e-5)


def test_a_users_backbone(monkeypatch):
    entries = {**BACKBONES, "foreign": Backbone}
    monkeypatch.setattr("xferlab.models.networks.BACKBONES", entries)
    monkeypatch.setattr("xferlab.models.spec.BACKBONE_NAMES", tuple(entries))
    spec = make_spec(backbone="foreign", hidden=())
    before, after = (train(*lora((Stage(DANN()),)), spec=spec, until=n).state for n in (0, 8))
    assert_same_bits(after.params["encoder"], before.params["encoder"])
    assert_same_bits(after.statistics, before.statistics)
    assert set(after.params["adapter/encoder"]) == {"backbone", "bottleneck"}
    assert not same_bits(after.params["adapter/encoder"], before.params["adapter/encoder"])


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        (Stage(DANN(), adapter=LoRA(2, ("body/**",))), r"path 'body/\*\*' of LoRA matches no"),
        (Stage(DANN(), adapter=LoRA(5)), "rank of LoRA is 5, but 'encoder/"),
        (Stage(DANN(), adapter=LoRA(1, ("encoder/norm/**",))), "matches no kernel, only encoder/n"),
        (
            Stage(DANN(), adapter=ADAPTER, rates=(("adapter/heads/**", 2.0), ("**", 1.0))),
            r"rule 'adapter/heads/\*\*' matches no parameter.*'adapter/encoder/",
        ),
        (
            Stage(DANN(), adapter=LoRA(1, ("**",)), rates=(*NO_FACTORS, ("**", 1.0))),
            "freeze every parameter, so DANN has nothing to train",
        ),
    ],
)
def test_adapters_that_do_not_fit_are_refused_before_the_first_step(stage, message):
    with pytest.raises(InputError, match=message):
        train(stage, until=0)
