"""GroupDRO: whose loss counts, how the weights move, and what a run sees of its domains."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.methods.toys import (
    CLASSES,
    assert_same_bits,
    make_options,
    make_spec,
    make_split,
    make_task,
    make_training,
    same_bits,
    snapshot,
)
from xferlab.core.batch import Batch, Labelled
from xferlab.core.errors import InputError
from xferlab.core.heads import Labels
from xferlab.core.settings import Setting
from xferlab.data.domain import Domain
from xferlab.methods.base import Context, identity_view
from xferlab.methods.group_dro import GroupDRO
from xferlab.methods.source_only import SourceOnly
from xferlab.models.nets import Blueprint, Nets
from xferlab.training.run import Member


def sources(*sizes):
    """A task of so many sources; the second one is moved. Nothing of the target is seen."""
    parts = tuple(
        Domain(
            f"s{g}", {k: make_split(n, seed=g, moved=g == 1) for k in ("train", "test")}, CLASSES
        )
        for g, n in enumerate(sizes)
    )
    setting = Setting.DOMAIN_GENERALISATION
    return dataclasses.replace(make_task(), sources=parts, setting=setting)


def weights_after(step_size, steps, task):
    training = make_training(GroupDRO(step_size=step_size), task=task)
    training.advance(steps)
    return np.asarray(training.state.statistics["domain_weights"]["values"])


def test_with_one_source_it_is_source_only():
    task = make_task().with_setting(Setting.DOMAIN_GENERALISATION)
    robust, plain = (make_training(method, task=task) for method in (GroupDRO(), SourceOnly()))
    for training in (robust, plain):
        training.advance(20)
    assert same_bits(robust.state.params, plain.state.params)


def test_weights_are_one_for_each_domain_and_stay_equal_without_steps():
    task = sources(60, 12, 30)
    np.testing.assert_allclose(weights_after(0.0, 20, task), [1 / 3] * 3, rtol=1e-6)
    moved = weights_after(0.5, 20, task)
    assert moved.shape == (3,) and np.ptp(moved) > 0.05
    assert moved.sum() == pytest.approx(1, rel=1e-5)


def make_case(domain_id, known=None, weights=(0.6, 0.4)):
    """Networks with weights of two domains, and a batch of theirs."""
    rng = np.random.default_rng(0)
    spec = make_spec(bottleneck=0, source_domains=2)
    blueprint = Blueprint.of(spec, GroupDRO().extra_networks)
    params, statistics = blueprint.init(GroupDRO().extra_networks, jax.random.key(0))
    statistics["domain_weights"] = {"values": jnp.asarray(weights, jnp.float32)}
    inputs = jnp.asarray(rng.normal(size=(6, 4)), jnp.float32)
    part = Labelled.of(inputs, jnp.arange(6) % 3)._replace(domain_id=jnp.asarray(domain_id))
    if known is not None:
        part = part._replace(by_head=(Labels(part.by_head[0].values, jnp.asarray(known)),))
    nets = Nets(blueprint, params, statistics, train=True, key=jax.random.key(1))
    ctx = Context(jax.random.key(2), jnp.int32(0), jnp.float32(0), (), identity_view)
    term = GroupDRO(step_size=1.0).loss(nets, Batch(part), ctx)["classification"]
    logits = np.asarray(nets.apply(inputs, role="source").logits, np.float64)
    losses = np.log(np.exp(logits).sum(1)) - logits[np.arange(6), np.arange(6) % 3]
    return float(term.value), losses, np.asarray(nets.statistics()["domain_weights"]["values"])


def test_only_known_labels_count_in_a_domains_mean():
    ids, known = np.array([0, 0, 0, 1, 1, 1]), np.array([1, 1, 0, 1, 0, 0], bool)
    value, losses, q = make_case(ids, known)
    means = np.array([losses[:2].mean(), losses[3]])
    expected = np.array([0.6, 0.4]) * np.exp(means)
    np.testing.assert_allclose(q, expected / expected.sum(), rtol=1e-5)
    assert value == pytest.approx(expected @ means / expected.sum(), rel=1e-5)


def test_a_domain_without_examples_has_no_loss_and_keeps_its_place():
    value, losses, q = make_case(np.zeros(6, int))
    expected = np.array([0.6 * np.exp(losses.mean()), 0.4])
    np.testing.assert_allclose(q, expected / expected.sum(), rtol=1e-5)
    assert value == pytest.approx(q[0] * losses.mean(), rel=1e-5)


def test_stacked_runs_are_the_runs_alone():
    task, sizes = sources(40, 20), (1.0, 0.1)
    members = [Member(GroupDRO(step_size=s), make_options(), n) for n, s in enumerate(sizes)]
    stack = make_training(GroupDRO(), task=task, members=members)
    stack.advance(6)
    for number, member in enumerate(members):
        alone = make_training(member.method, task=task, members=[member])
        alone.advance(6)
        kept, own = stack.state.statistics, alone.state.statistics
        np.testing.assert_allclose(
            kept["domain_weights"]["values"][number], own["domain_weights"]["values"], rtol=1e-5
        )


def test_the_target_changes_no_bit():
    task = sources(40, 20)
    other = dataclasses.replace(task, target=task.sources[1])
    states = []
    for each in (task, other):
        training = make_training(GroupDRO(), task=each)
        training.advance(10)
        states.append(snapshot(training.state))
    assert_same_bits(*states)


def test_a_batch_has_room_for_every_domain():
    with pytest.raises(InputError, match="every domain of the source in each step, but the batch"):
        make_training(GroupDRO(), task=sources(9, 9, 9), options=make_options(batch_sizes=(2, 2)))
