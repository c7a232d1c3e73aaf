"""Several heads, labels partly missing: what is learnt from, and what stays hidden."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

from tests.methods.toys import (
    UNSUPERVISED,
    NearMeans,
    make_options,
    make_spec,
    make_task,
    make_training,
    same_bits,
    snapshot,
)
from xferlab.core.batch import Labelled
from xferlab.core.errors import InputError
from xferlab.core.heads import Head, Labels
from xferlab.data.domain import Domain
from xferlab.data.split import Split
from xferlab.methods import Method, Term, method
from xferlab.methods.supervised import head_terms, supervised
from xferlab.methods.table import METHODS
from xferlab.models.nets import Output
from xferlab.training.run import Member

TAGS, PLACE = Head("tags", "labels", 3), Head("place", "numbers", 2)
SPEC = make_spec(heads=(("label", 3), ("tags", 3, "labels"), ("place", 2, "numbers")))


LEARN = {name: m for name, m in METHODS.items() if name not in ("adda", "ada_bn")}
LEARN["foreign"] = NearMeans()


def with_heads(domain, *, seed):
    """The domain with tags and places; a third of each kind of label is missing in training."""
    rng = np.random.default_rng(seed)
    splits = {}
    for name, split in domain.splits.items():
        n = len(split.labels)
        tags = np.eye(3, dtype=np.float32)[split.labels] + (rng.random((n, 3)) < 0.2)
        others = [Labels(tags.clip(max=1)), Labels(split.inputs[:, :2] / 3)]
        known = None
        if name == "train":
            masks = [np.arange(n) % 4 != place for place in range(3)]
            known, *rest = masks
            others = [
                labels._replace(known=mask) for labels, mask in zip(others, rest, strict=True)
            ]
        splits[name] = Split(split.inputs, split.labels, known, tuple(others))
    return Domain(domain.name, splits, domain.class_names, others=(TAGS, PLACE))


def make_heads_task():
    task = make_task()
    source, target = (with_heads(d, seed=i) for i, d in enumerate((task.source, task.target)))
    return dataclasses.replace(task, sources=(source,), target=target)


TASK = make_heads_task()


def trained(learner, task=TASK, steps=6, **changes):
    spec = dataclasses.replace(SPEC, **changes)
    training = make_training(learner, task=task, spec=spec)
    training.advance(steps)
    return training


def changed(task, role, change):
    """The task with the training labels of a role as `change` gives them, head by head."""
    domain = getattr(task, role)
    train = domain.splits["train"]
    first, *others = (change(place, labels) for place, labels in enumerate(train.by_head))
    split = Split(train.inputs, *first, tuple(others))
    domain = dataclasses.replace(domain, splits=dict(domain.splits) | {"train": split})
    roles = {"target": domain} if role == "target" else {"sources": (domain,)}
    return dataclasses.replace(task, **roles)


@pytest.mark.parametrize("batch_norm", ["joint", "domain"])
@pytest.mark.parametrize("name", LEARN)
def test_every_method_learns_under_every_batch_norm(name, batch_norm):
    """'separate' is what the tests below train."""
    training = trained(LEARN[name], batch_norm=batch_norm)
    state = snapshot(training.state)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(state))
    (output,) = training.predict(TASK.target.splits["test"].inputs, "target")
    assert [head.shape for head in output.heads] == [(90, 3), (90, 3), (90, 2)]


@pytest.mark.parametrize("name", LEARN)
def test_every_known_label_of_the_source_counts_and_no_missing_one(name):
    if name == "target_only" or name in UNSUPERVISED:
        pytest.skip("it looks at no label of the source")
    before = snapshot(trained(LEARN[name]).state)

    def move(at, missing):
        def change(place, labels):
            rows = ~labels.known if missing else labels.known
            other = (labels.values + 1) % 3 if place == 0 else 1 - labels.values
            mask = rows.reshape(-1, *[1] * (labels.values.ndim - 1)) & (place == at)
            return labels._replace(values=np.where(mask, other, labels.values))

        return change

    for head in range(3):
        hidden = snapshot(trained(LEARN[name], changed(TASK, "source", move(head, True))).state)
        seen = snapshot(trained(LEARN[name], changed(TASK, "source", move(head, False))).state)
        assert same_bits(before, hidden)
        assert not same_bits(before.params, seen.params)


@pytest.mark.parametrize("name", LEARN)
def test_hidden_labels_of_every_head_stay_hidden(name):
    if name == "target_only":
        pytest.skip("it is shown the target's labels")
    rng = np.random.default_rng(0)

    def permute(_, labels):
        order = rng.permutation(len(labels.values))
        return jax.tree.map(lambda a: a[order], labels)

    before = snapshot(trained(LEARN[name]).state)
    assert same_bits(before, snapshot(trained(LEARN[name], changed(TASK, "target", permute)).state))


def test_stacked_runs_are_the_runs_alone():
    members = [Member(METHODS["dann"], make_options(), seed) for seed in (0, 1)]
    stacked = make_training(METHODS["dann"], task=TASK, spec=SPEC, members=members)
    stacked.advance(6)
    outputs = stacked.predict(TASK.target.splits["test"].inputs, "target")
    for seed, output in enumerate(outputs):
        alone = make_training(METHODS["dann"], task=TASK, spec=SPEC, seed=seed)
        alone.advance(6)
        (own,) = alone.predict(TASK.target.splits["test"].inputs, "target")
        for ours, theirs in zip(output.heads, own.heads, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_terms_are_means_over_the_known_labels_of_all_parts():
    rng = np.random.default_rng(0)
    heads = SPEC.outputs
    sizes, total, count = (5, 4), np.zeros(3), np.zeros(3)
    labelled = []
    for n in sizes:
        logits, tags, place = (rng.normal(size=(n, k)) for k in (3, 3, 2))
        classes, there = rng.integers(0, 3, n), rng.integers(0, 2, (n, 3)).astype(float)
        numbers = rng.normal(size=(n, 2))
        known = [rng.random(n) < 0.6, None, rng.random(n) < 0.6]
        masks = [np.ones(n, bool) if mask is None else mask for mask in known]
        losses = (
            -special.log_softmax(logits, axis=1)[np.arange(n), classes],
            -(there * special.log_expit(tags) + (1 - there) * special.log_expit(-tags)).mean(1),
            ((place - numbers) ** 2).mean(1),
        )
        for i, (loss, mask) in enumerate(zip(losses, masks, strict=True)):
            total[i], count[i] = total[i] + loss[mask].sum(), count[i] + mask.sum()
        output = Output(
            jnp.ones((n, 2)), jnp.asarray(logits), (jnp.asarray(tags), jnp.asarray(place))
        )
        values = (classes, there, numbers)
        by_head = tuple(map(Labels, map(jnp.asarray, values), known))
        part = Labelled.of(np.ones((n, 1)), None)._replace(by_head=by_head)
        labelled.append((output, part))
    terms = head_terms(labelled, heads)
    assert list(terms) == ["classification", "head_tags", "head_place"]
    actual = [float(term.value) for term in terms.values()]
    np.testing.assert_allclose(actual, total / count, rtol=1e-5)


def test_a_batch_without_a_known_label_adds_nothing_and_no_gradient():
    labels = Labels(jnp.array([-1, -1]), jnp.array([False, False]))
    part = Labelled.of(np.ones((2, 1)), None)._replace(by_head=(labels,))

    def loss(logits):
        return head_terms([(Output(logits, logits), part)], SPEC.outputs[:1])[
            "classification"
        ].value

    value, gradient = jax.value_and_grad(loss)(jnp.ones((2, 3)))
    assert value == 0 and (gradient == 0).all()


@method
class ForgetsHeads(Method):
    """Predicts features and logits alone."""

    def loss(self, nets, batch, ctx):
        return supervised(nets, nets.forward(batch)[0], batch)

    def predict(self, nets, inputs, state, *, role):
        output = nets.apply(inputs)
        return Output(output.features, output.logits)


def test_a_prediction_without_the_other_heads_is_refused():
    with pytest.raises(InputError, match=r"2 more heads: 'tags' \(3 labels\), 'place'"):
        trained(ForgetsHeads()).predict(TASK.target.splits["test"].inputs, "target")


@method
class TakesLabels(Method):
    """Uses the classes as if all were known."""

    def loss(self, nets, batch, ctx):
        source, _ = nets.forward(batch)
        return {"mean": Term(source.logits[jnp.arange(32), batch.source.labels].mean())}


def test_missing_classes_are_not_taken_for_classes():
    with pytest.raises(InputError, match="some classes of these examples are missing"):
        trained(TakesLabels())
