"""What is special in PADA's weights, OSBP's unknown class, and M3SDA's domains."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

from tests.methods.toys import make_options, make_spec, make_task, make_training
from xferlab.core.settings import Setting
from xferlab.data.domain import Domain
from xferlab.losses import moment_distance, unknown_boundary_loss
from xferlab.methods.osbp import OSBP
from xferlab.methods.pada import PADA, class_weights
from xferlab.models.nets import Blueprint, Nets


def partial_task():
    """The target has no example of class c."""
    task = make_task()
    splits = {
        name: split.take(np.flatnonzero(split.labels < 2))
        for name, split in task.target.splits.items()
    }
    target = Domain("target", splits, ("a", "b"))
    return dataclasses.replace(task, target=target, setting=Setting.PARTIAL_DA)


def class_weights_at(training):
    return np.asarray(training.state.statistics["class_weights"]["values"])


@pytest.mark.parametrize("seed", range(3))
def test_class_weights_are_the_mean_prediction_by_its_largest(seed):
    logits = 3 * np.random.default_rng(seed).normal(size=(9, 4)).astype(np.float32)
    mean = special.softmax(logits[:7], axis=1).mean(axis=0)
    mask = jnp.asarray(np.arange(9) < 7, jnp.float32)
    np.testing.assert_allclose(
        class_weights(jnp.asarray(logits), mask), mean / mean.max(), rtol=1e-5
    )


def test_pada_weighs_classes_by_what_it_predicts_for_the_whole_target():
    """One at first; then by the network as it is before the step of each refresh."""
    task = partial_task()
    training = make_training(PADA(), task=task, options=make_options(steps=200))
    training.advance(10)  # The second refresh is due before the next step.
    np.testing.assert_array_equal(class_weights_at(training), np.ones(3))
    (output,) = training.predict(task.target.splits["train"].inputs, "target")
    training.advance(11)
    mean = special.softmax(output.logits, axis=1).mean(axis=0)
    np.testing.assert_allclose(class_weights_at(training), mean / mean.max(), rtol=1e-4)
    training.advance(200)
    found = class_weights_at(training)
    assert found.argmin() == 2 and found[2] < 0.5
    assert int(training.state.method_state["refreshes"]) == 20


def test_osbp_calls_unknown_where_its_last_class_wins():
    spec = make_spec()
    blueprint = Blueprint.of(spec, OSBP().extra_networks)
    nets = Nets(blueprint, *blueprint.init(OSBP().extra_networks, jax.random.key(0)), train=False)
    inputs = jnp.asarray(np.random.default_rng(0).normal(size=(40, 4)), jnp.float32)
    output = OSBP().predict(nets, inputs, (), role="target")
    every = np.asarray(nets["open_head"](output.features))
    assert output.logits.shape == (40, 3)
    np.testing.assert_array_equal(np.asarray(output.unknown) > 0, every.argmax(axis=1) == 3)
    assert 0 < (np.asarray(output.unknown) > 0).sum() < 40


def test_a_boundary_is_where_the_classifier_stops_and_the_encoder_flees():
    """The loss has its least value at p = t, and grows to both sides."""
    p = np.array([0.05, 0.3, 0.5, 0.7, 0.95])
    logits = jnp.asarray(np.stack([np.log(1 - p), np.log(p)], axis=1), jnp.float32)
    for boundary, place in ((0.3, 1), (0.5, 2), (0.7, 3)):
        assert int(unknown_boundary_loss(logits, boundary=boundary).argmin()) == place


def test_sources_that_a_batch_lacks_are_in_no_mean():
    rng = np.random.default_rng(0)
    source, target = (jnp.asarray(rng.normal(size=(8, 3)), jnp.float32) for _ in range(2))
    ids = jnp.asarray([0, 0, 2, 2, 2, 0, 2, 0])
    with_gap = moment_distance(source, target, ids, domains=5)
    np.testing.assert_allclose(
        with_gap, moment_distance(source, target, ids // 2, domains=2), rtol=1e-6
    )
    outside = moment_distance(source, target, jnp.where(ids == 2, 9, ids), domains=5)
    alone = moment_distance(source[ids == 0], target, jnp.zeros(4, int), domains=1)
    np.testing.assert_allclose(outside, alone, rtol=1e-6)


def test_the_moment_distance_grows_with_the_distance_of_one_source_alone():
    points = jnp.asarray(np.random.default_rng(0).normal(size=(6, 2)), jnp.float32)
    ids, twice = jnp.repeat(jnp.arange(2), 6), jnp.concatenate([points, points])
    same = moment_distance(twice, points, ids, domains=2)
    np.testing.assert_allclose(same, 0, atol=1e-5)
    shift = jnp.where(ids[:, None] == 1, jnp.ones((1, 2)) * 3.0, 0.0)
    means = moment_distance(twice + shift, points, ids, domains=2, moments=1)
    np.testing.assert_allclose(means, 1.5 * 3 * np.sqrt(2), rtol=1e-5)  # 1/2 + 1 of one length.
