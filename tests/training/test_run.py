"""Stacks of runs, divergence, and the bounds of stages."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.methods.toys import assert_close, make_options, make_spec, make_task, make_training
from xferlab.losses.classification import cross_entropy
from xferlab.methods.base import Method, Stage, Term, method
from xferlab.methods.dann import DANN
from xferlab.methods.source_only import SourceOnly
from xferlab.training.run import Member

TASK = make_task(sizes=(40, 30))
SPEC = make_spec()
OPTIONS = make_options(steps=8, batch_sizes=(12, 10))


def alone(member):
    return make_training(
        member.method, task=TASK, spec=SPEC, options=member.options, seed=member.seed
    )


def test_a_stack_of_runs_is_each_run_alone():
    """Seeds, a hyper-parameter of the method and one of the training differ."""
    members = [
        Member(DANN(weight=1.0), OPTIONS, 0),
        Member(DANN(weight=0.1), OPTIONS, 1),
        Member(DANN(weight=1.0), make_options(steps=8, batch_sizes=(12, 10), lr=0.005), 0),
    ]
    stack = make_training(DANN(), task=TASK, spec=SPEC, members=members)
    assert stack.width == 3
    logs = stack.advance(5)
    outputs = stack.predict(TASK.target.splits["test"].inputs, "target")
    for i, member in enumerate(members):
        single = alone(member)
        (log,) = single.advance(5)
        own = jax.tree.map(lambda leaf, i=i: leaf[i], stack.state.params)
        assert_close(own, single.state.params, rtol=1e-4, atol=1e-5)
        assert log.means.keys() == logs[i].means.keys()
        for name, mean in log.means.items():
            assert mean == pytest.approx(logs[i].means[name], rel=1e-4)
        (output,) = single.predict(TASK.target.splits["test"].inputs, "target")
        np.testing.assert_allclose(outputs[i].logits, output.logits, rtol=1e-3, atol=1e-4)
    assert stack.step == single.step == 5


def test_a_prediction_does_not_depend_on_how_inputs_are_cut():
    training = make_training(SourceOnly(), task=TASK, spec=SPEC, options=OPTIONS)
    inputs = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
    (whole,) = training.predict(inputs, "target")
    (part,) = training.predict(inputs[250:], "target")
    assert whole.logits.shape == (300, 3)
    np.testing.assert_allclose(whole.logits[250:], part.logits, atol=1e-6)


def test_the_divergence_of_one_run_leaves_the_others_alone():
    wild = make_options(steps=8, batch_sizes=(12, 10), lr=1e30)
    members = [Member(DANN(), OPTIONS, 0), Member(DANN(), wild, 1), Member(DANN(), OPTIONS, 2)]
    stack = make_training(DANN(), task=TASK, spec=SPEC, members=members)
    calm, diverged, other = stack.advance(5)
    assert diverged.bad_step in (1, 2)
    assert diverged.bad_term in ("classification", "domain")
    for log in (calm, other):
        assert log.bad_step is None and log.bad_term is None
        assert all(math.isfinite(mean) for mean in log.means.values())
    finite = jax.tree.map(
        lambda leaf: np.isfinite(leaf).all(axis=tuple(range(1, leaf.ndim))), stack.state.params
    )
    assert np.all(jax.tree.leaves(finite), axis=0).tolist() == [True, False, True]


@method
class Fails(Method):
    """Its second term is not a number at step 3 of the stage."""

    def stages(self):
        return (Stage(SourceOnly(), 0.5), Stage(self, 0.5))

    def loss(self, nets, batch, ctx):
        logits = nets.apply(batch.source.inputs).logits
        return {
            "classification": Term(cross_entropy(logits, batch.source.labels).mean()),
            "broken": Term(jnp.where(ctx.step == 3, jnp.nan, 1.0)),
        }


def test_the_step_of_a_fault_is_counted_in_the_whole_recipe():
    training = make_training(Fails(), task=TASK, spec=SPEC, options=OPTIONS)
    (log,) = training.advance(6)
    assert log.bad_step is None
    assert log.means["broken"] == 1.0
    (log,) = training.advance(8)
    assert (log.bad_step, log.bad_term) == (7, "broken")
    assert math.isfinite(log.means["classification"])
