"""Shots: what is learnt from them, and that the other target labels stay hidden."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.benchmark.tiny import tiny_suite, tiny_task
from tests.methods.toys import (
    UNSUPERVISED,
    make_options,
    make_spec,
    make_task,
    make_training,
    same_bits,
    snapshot,
)
from xferlab.benchmark.runs.methods import find_method
from xferlab.benchmark.runs.plan import expand_grid, make_packs
from xferlab.core.batch import Batch, Labelled, Unlabelled
from xferlab.core.errors import InputError
from xferlab.core.roles import SOURCE, TARGET
from xferlab.core.settings import Setting
from xferlab.data.shots import draw_shots
from xferlab.losses import cross_entropy
from xferlab.methods import Method, Term, method
from xferlab.methods.source_only import SourceOnly
from xferlab.methods.supervised import supervised
from xferlab.methods.table import METHODS
from xferlab.models.nets import SOURCE_ROW, TARGET_ROW, Blueprint, Nets
from xferlab.training.run import Member


@method
class FewLabels(Method):
    """A foreign method, as short as one is, that learns from source and shots by itself."""

    needs = Setting.SEMI_SUPERVISED
    weight: float = 1.0

    def loss(self, nets, batch, ctx):
        source, _ = nets.forward(batch)
        shots = nets.apply(batch.shots.inputs)
        return {
            "classification": Term(cross_entropy(source.logits, batch.source.labels).mean()),
            "shots": Term(cross_entropy(shots.logits, batch.shots.labels).mean(), self.weight),
        }


OTHERS = {"target_only", "adda", "ada_bn"} | UNSUPERVISED
LEARN = {name: m for name, m in METHODS.items() if name not in OTHERS}
LEARN["foreign"] = FewLabels()
each_method = pytest.mark.parametrize("learner", LEARN.values(), ids=list(LEARN))


def semi_supervised(task=None, seed=0):
    task = task or make_task()
    shots = draw_shots(task.target, 2, seed=seed)
    return dataclasses.replace(task, setting=Setting.SEMI_SUPERVISED, shots=shots)


def trained(learner, task, **spec):
    training = make_training(learner, task=task, spec=make_spec(**spec))
    training.advance(6)
    return snapshot(training.state)


def relabelled(task, rows):
    """The task with other labels at some rows of the target's training split."""
    train = task.target.splits["train"]
    labels = train.labels.copy()
    labels[rows] = (labels[rows] + 1) % task.target.num_classes
    splits = task.target.splits | {"train": dataclasses.replace(train, labels=labels)}
    return dataclasses.replace(task, target=dataclasses.replace(task.target, splits=splits))


@each_method
def test_labels_of_shots_are_learnt_from_and_no_others_of_the_target(learner):
    task = semi_supervised()
    before = trained(learner, task)
    count = len(task.target.splits["train"].labels)
    hidden = np.setdiff1d(np.arange(count), task.shots)
    assert same_bits(before, trained(learner, relabelled(task, hidden)))
    assert not same_bits(before, trained(learner, relabelled(task, list(task.shots))))


@pytest.mark.parametrize("batch_norm", ["joint", "domain"])
@pytest.mark.parametrize("name", LEARN)
def test_shots_are_learnt_from_under_every_batch_norm(name, batch_norm):
    """'separate' is what the test above trains."""
    task = semi_supervised()
    state = trained(LEARN[name], task, batch_norm=batch_norm)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(state))
    other = trained(LEARN[name], relabelled(task, list(task.shots)), batch_norm=batch_norm)
    assert not same_bits(state.params, other.params)


def test_source_only_keeps_shots_in_the_statistics_that_it_predicts_by():
    task = semi_supervised()
    before = snapshot(
        make_training(SourceOnly(), task=task, spec=make_spec(batch_norm="domain")).state
    )
    after = trained(SourceOnly(), task, batch_norm="domain")
    for old, new in zip(
        jax.tree.leaves(before.statistics), jax.tree.leaves(after.statistics), strict=True
    ):
        np.testing.assert_array_equal(new[TARGET_ROW], old[TARGET_ROW])
        assert not np.array_equal(new[SOURCE_ROW], old[SOURCE_ROW])


def test_reverse_validation_has_no_way_back_with_shots():
    suite = tiny_suite(task=semi_supervised_moons())
    header = dataclasses.replace(suite.header, validator="reverse_validation")
    suite = dataclasses.replace(suite, header=header)
    for name, key in (("dann", "weight"), ("coral", "ridge")):
        candidate = expand_grid(find_method(name), {key: [0.1, 1.0]})
        with pytest.raises(InputError, match="'moons->turned' has labelled target examples"):
            make_packs(suite, [candidate], seeds=1, width=1)


def semi_supervised_moons():
    task = tiny_task()
    return dataclasses.replace(task, shots=draw_shots(task.target, 2))


def test_stacked_runs_are_the_runs_alone():
    task, options = semi_supervised(), make_options()
    members = [Member(METHODS["dann"], options, seed) for seed in (0, 1)]
    stacked = make_training(METHODS["dann"], task=task, members=members)
    stacked.advance(6)
    for seed in (0, 1):
        alone = make_training(METHODS["dann"], task=task, seed=seed)
        alone.advance(6)
        for both, one in zip(
            jax.tree.leaves(stacked.state.params), jax.tree.leaves(alone.state.params), strict=True
        ):
            np.testing.assert_allclose(both[seed], one, rtol=2e-4, atol=2e-5)


def test_the_classification_term_is_the_mean_over_all_labelled_examples():
    spec, rng = make_spec(), np.random.default_rng(0)
    blueprint = Blueprint.of(spec, lambda *_: {})
    params, statistics = blueprint.init(lambda *_: {}, jax.random.key(0))
    nets = Nets(blueprint, params, statistics, train=False)

    def part(kind, n):
        inputs = jnp.asarray(rng.normal(size=(n, *spec.input_shape)), jnp.float32)
        return kind.of(inputs, *([jnp.arange(n) % 3] if kind is Labelled else []))

    batch = Batch(part(Labelled, 7), part(Unlabelled, 5), part(Labelled, 3))
    source = nets.apply(batch.source.inputs, role=SOURCE)
    logits = np.concatenate(
        [source.logits, nets.apply(batch.shots.inputs, role=TARGET).logits]
    ).astype(np.float64)
    labels = np.concatenate([batch.source.labels, batch.shots.labels])
    expected = np.log(np.exp(logits).sum(1)) - logits[np.arange(10), labels]
    terms = supervised(nets, source, batch)
    np.testing.assert_allclose(terms["classification"].value, expected.mean(), rtol=1e-5)
    alone = supervised(nets, source, batch._replace(shots=None))
    np.testing.assert_allclose(alone["classification"].value, expected[:7].mean(), rtol=1e-5)
