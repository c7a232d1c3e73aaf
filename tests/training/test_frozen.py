"""Frozen parameters: no gradient, no optimiser state, and norms and dropout of frozen modules."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend.core import jaxprs_in_params

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
from tests.models.foreign import FOREIGN, UsesModule, put_backbone
from xferlab.core.errors import InputError
from xferlab.core.paths import path_of
from xferlab.data.feeds.resident import to_resident
from xferlab.methods.base import Stage
from xferlab.methods.dann import DANN
from xferlab.methods.source_only import SourceOnly
from xferlab.methods.table import METHODS
from xferlab.models.nets import Nets
from xferlab.training.run import Member
from xferlab.training.scan import batch_at
from xferlab.training.stage import make_stage
from xferlab.training.step import train_step

TASK = make_task(sizes=(40, 30))
DATA = to_resident(TASK.training_arrays())
PROBE = (("encoder/**", 0.0), ("**", 1.0))
OPTIONS = make_options(steps=8, batch_sizes=(12, 10), lr_rules=PROBE)
WHOLE = dataclasses.replace(OPTIONS, lr_rules=(("**", 1.0),))


@pytest.fixture(autouse=True)
def foreign_backbone(monkeypatch):
    put_backbone(monkeypatch)


def spec_of(backbone):
    """A perceptron, its bottleneck's norm and dropout; or a user's backbone with nnx's."""
    hidden = () if backbone == FOREIGN else (8,)
    return make_spec(backbone=backbone, hidden=hidden, dropout=0.3)


def program_of(options, some_method, spec):
    """A step as a function of its state, and a first state."""
    functions = make_stage(spec, Stage(some_method), options, options.steps)
    state = functions.init(some_method, options, jax.random.key(0), ({}, {}), 30)

    def step(state):
        batch = batch_at(state, options, DATA)
        return train_step(functions.program, state, some_method, options, batch)

    return step, state


def products(jaxpr):
    """The shapes of all matrix products of a program, those of programs inside it too."""
    shapes = []
    for equation in jaxpr.eqns:
        if equation.primitive.name == "dot_general":
            shapes.append(tuple(equation.outvars[0].aval.shape))
        for inner in jaxprs_in_params(equation.params):
            shapes += products(inner)
    return shapes


@pytest.mark.parametrize("name", ["source_only", "dann"])
def test_a_frozen_encoder_has_no_weight_gradient_in_the_program(name):
    """Kernels are [4, 8] and [8, 6], the head [6, 3]: their gradients are such products."""
    shapes, flops = {}, {}
    for options in (OPTIONS, WHOLE):
        step, state = program_of(options, METHODS[name], make_spec())
        shapes[options] = products(jax.make_jaxpr(step)(state).jaxpr)
        costs = jax.jit(step).lower(state).compile().cost_analysis()
        flops[options] = dict(costs or {})["flops"]

    def has(options, shape):
        return shape in shapes[options] or shape[::-1] in shapes[options]

    assert has(WHOLE, (4, 8)) and has(WHOLE, (8, 6)) and has(WHOLE, (6, 3))
    assert has(OPTIONS, (6, 3)) and not has(OPTIONS, (4, 8)) and not has(OPTIONS, (8, 6))
    assert flops[OPTIONS] < 0.75 * flops[WHOLE]


@pytest.mark.parametrize("optimiser", ["sgd", "adam", "adamw"])
def test_the_optimiser_holds_nothing_of_what_is_frozen(optimiser):
    options = dataclasses.replace(OPTIONS, optimiser=optimiser, weight_decay=0.1)
    training = make_training(SourceOnly(), task=TASK, options=options)
    before = snapshot(training.state)
    training.advance(8)
    leaves = jax.tree_util.tree_leaves_with_path(training.state.optimiser)
    assert not [path_of(p) for p, leaf in leaves if "encoder" in path_of(p) and np.ndim(leaf)]
    assert [path_of(p) for p, leaf in leaves if "heads" in path_of(p) and np.ndim(leaf)]
    assert_same_bits(training.state.params["encoder"], before.params["encoder"])
    assert not same_bits(training.state.params["heads"], before.params["heads"])


BY_OPTIONS = [n for n, m in METHODS.items() if not any(stage.rates for stage in m.stages())]
"""A stage's own rates, such as those of `tent`, take the place of the options' rules."""
COMBINATIONS = [(name, "mlp", "joint") for name in BY_OPTIONS] + [
    (name, backbone, batch_norm)
    for name in ("dann", "self_ensembling")
    for backbone in ("mlp", FOREIGN)
    for batch_norm in ("separate", "domain")
]


@pytest.mark.parametrize(("name", "backbone", "batch_norm"), COMBINATIONS)
def test_norms_of_a_frozen_encoder_hold_in_every_method(name, backbone, batch_norm):
    spec = dataclasses.replace(spec_of(backbone), batch_norm=batch_norm)
    training = make_training(METHODS[name], task=TASK, spec=spec, options=OPTIONS)
    before = snapshot(training.state)
    training.advance(8)
    for part in ("params", "statistics"):
        old, new = (
            tree["encoder"] for tree in (getattr(before, part), getattr(training.state, part))
        )
        assert_same_bits(new, old)


def features_in(rules, spec):
    """Features of one batch in evaluation, and in training passes with two keys."""
    options = dataclasses.replace(OPTIONS, lr_rules=rules)
    functions = make_stage(spec, Stage(SourceOnly()), options, options.steps)
    state = functions.init(SourceOnly(), options, jax.random.key(0), ({}, {}), 30)
    x, modes = jnp.asarray(TASK.source.splits["train"].inputs), ((False, 0), (True, 1), (True, 2))
    nets = [
        Nets(
            functions.program.blueprint, state.params, state.statistics, train=train,
            key=jax.random.key(key),
        )
        for train, key in modes
    ]  # fmt: skip
    return [np.asarray(each.encode(x)) for each in nets]


@pytest.mark.parametrize("backbone", ["mlp", FOREIGN])
def test_a_frozen_encoder_drops_nothing_and_normalises_by_its_averages(backbone):
    evaluated, first, second = features_in(PROBE, spec_of(backbone))
    np.testing.assert_array_equal(first, evaluated)
    np.testing.assert_array_equal(second, evaluated)
    evaluated, first, second = features_in(WHOLE.lr_rules, spec_of(backbone))
    assert not np.allclose(first, evaluated) and not np.allclose(first, second)


PARTS = [
    ("mlp", "encoder/norm/**", ("norm",)),
    (FOREIGN, "encoder/backbone/**", ("backbone", "norm")),
    (FOREIGN, "encoder/backbone/norm/**", ("backbone", "norm")),
]


@pytest.mark.parametrize(("backbone", "pattern", "place"), PARTS)
def test_a_frozen_part_holds_its_norm_and_the_rest_moves(backbone, pattern, place):
    rules = ((pattern, 0.0), ("**", 1.0))
    options = dataclasses.replace(OPTIONS, lr_rules=rules)
    training = make_training(SourceOnly(), task=TASK, spec=spec_of(backbone), options=options)
    before = snapshot(training.state)
    training.advance(8)
    after = training.state
    for tree in ("params", "statistics"):
        old, new = (getattr(state, tree)["encoder"] for state in (before, after))
        for name in place:
            old, new = old[name], new[name]
        assert_same_bits(new, old)
    assert not same_bits(after.params["encoder"], before.params["encoder"])


def test_a_norm_with_a_trained_parameter_moves_its_averages():
    rules = (("encoder/norm/scale", 0.0), ("**", 1.0))
    options = dataclasses.replace(OPTIONS, lr_rules=rules)
    training = make_training(SourceOnly(), task=TASK, options=options)
    before = snapshot(training.state)
    training.advance(2)
    norms = [state.params["encoder"]["norm"] for state in (before, training.state)]
    assert_same_bits(norms[1]["scale"], norms[0]["scale"])
    assert not same_bits(norms[1]["bias"], norms[0]["bias"])
    assert not same_bits(training.state.statistics, before.statistics)


def test_dropout_of_a_frozen_extra_network_is_off():
    rules = (("net/**", 0.0), ("**", 1.0))
    options = dataclasses.replace(OPTIONS, lr_rules=rules)
    some_method = UsesModule(name="nested")
    training = make_training(some_method, task=TASK, options=options)
    before = snapshot(training.state)
    training.advance(4)
    for tree in ("params", "statistics"):
        old, new = (getattr(state, tree)["net"] for state in (before, training.state))
        assert_same_bits(new, old)


def test_stacked_runs_are_the_single_ones():
    members = [Member(DANN(weight=w), OPTIONS, seed) for seed, w in ((0, 1.0), (1, 0.1))]
    assert_stack_is_singles(
        lambda own: make_training(DANN(), task=TASK, members=own), members, 8, rtol=1e-4, atol=1e-6
    )


def test_rules_that_freeze_everything_are_refused():
    options = dataclasses.replace(OPTIONS, lr_rules=(("**", 0.0),))
    with pytest.raises(InputError, match=r"\('\*\*', 0\.0\).*freeze every parameter.*SourceOnly"):
        make_training(SourceOnly(), task=TASK, options=options)
