"""Samplers: as many of each class or domain in a batch, on the device and on the host."""

from __future__ import annotations

import dataclasses
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xferlab.core.batch import Batch, Labelled, Unlabelled
from xferlab.core.errors import InputError
from xferlab.core.heads import Labels
from xferlab.core.roles import Roles
from xferlab.core.settings import Setting
from xferlab.data.domain import Domain
from xferlab.data.feeds.resident import draw_batch, to_resident, with_sampler
from xferlab.data.feeds.samplers import SAMPLERS, Groups, group_rows, grouped_index, shuffled_index
from xferlab.data.feeds.streamed import stream_batches
from xferlab.data.split import Split
from xferlab.data.task import TransferTask

pytestmark = pytest.mark.fast

SIZES = Roles(9, 6, 5)
NAMES = ("a", "b", "c")


def labels_of(counts, seed=0):
    """Labels in random order, so many of each class."""
    labels = np.repeat(np.arange(len(counts)), counts).astype(np.int32)
    return np.random.default_rng(seed).permutation(labels)


def part_of(counts, *, seed=0, domains=1, known=None):
    labels = labels_of(counts, seed)
    n = len(labels)
    domain_id = (np.arange(n) ** 2 * domains // n**2).astype(np.int32)  # Of other sizes each.
    inputs = np.stack([labels, domain_id], 1).astype(np.float32)
    return Labelled(inputs, np.arange(n, dtype=np.int32), domain_id, (Labels(labels, known),))


def splits_of(**changes):
    source, target = part_of((20, 7, 3), domains=3), part_of((5, 5, 5), seed=1)
    shots = part_of((2, 1, 1), seed=2)
    unlabelled = Unlabelled(*target[:3])
    return Batch(source, unlabelled, shots)._replace(**changes)


def device_batches(splits, sampler, steps, *, sizes=SIZES, pad_to=(0, 0, 0), seed=0):
    data = with_sampler(to_resident(splits, pad_to=pad_to), sampler, sizes, 3)
    key = jax.random.key(seed)
    return jax.vmap(lambda step: draw_batch(data, key, step, sizes))(jnp.arange(steps))


def counts_of(values, size):
    return np.array([np.bincount(row, minlength=size) for row in np.asarray(values)])


def test_every_batch_has_every_class_as_often():
    batches = device_batches(splits_of(), "per_class", 40)
    assert (counts_of(batches.source.labels, 3) == 3).all()
    counts = counts_of(batches.shots.labels, 3)  # Five places for three classes.
    assert set(counts.ravel()) == {1, 2} and np.ptp(counts.sum(0)) <= 1


def test_examples_of_a_class_are_drawn_in_epochs_of_their_own():
    """Of 20, 7 and 3 examples: each is drawn once before one of its class is drawn again."""
    batches = device_batches(splits_of(), "per_class", 70)
    index, labels = (np.asarray(a).ravel() for a in (batches.source.index, batches.source.labels))
    orders = []
    for label, size in enumerate((20, 7, 3)):
        own = index[labels == label]
        epochs = own[: len(own) // size * size].reshape(-1, size)
        assert len(epochs) > 9
        np.testing.assert_array_equal(np.sort(epochs), np.sort(epochs[:1]) + 0 * epochs)
        assert len(set(map(tuple, epochs))) > 1
        orders.append(epochs)
    np.testing.assert_array_equal(np.sort(np.concatenate([o[0] for o in orders])), np.arange(30))


def test_examples_belong_together():
    batch = jax.tree.map(np.asarray, device_batches(splits_of(), "per_class", 5))
    np.testing.assert_array_equal(batch.source.inputs[..., 0], batch.source.labels)
    np.testing.assert_array_equal(batch.source.inputs[..., 1], batch.source.domain_id)


def test_what_has_no_labels_or_one_domain_stays_shuffled_to_the_bit():
    plain, per_class, per_domain = (
        device_batches(splits_of(), name, 7) for name in ("shuffled", "per_class", "per_domain")
    )
    for sampled in (per_class, per_domain):
        np.testing.assert_array_equal(sampled.target.index, plain.target.index)
        assert not np.array_equal(sampled.source.index, plain.source.index)
    np.testing.assert_array_equal(per_domain.shots.index, plain.shots.index)
    assert not np.array_equal(per_class.shots.index, plain.shots.index)


def test_every_batch_has_every_domain_as_often():
    source = splits_of().source
    assert len(set(np.bincount(source.domain_id))) > 1
    batches = device_batches(splits_of(), "per_domain", 40)
    assert (counts_of(batches.source.domain_id, 3) == 3).all()
    unlabelled = Unlabelled(*source[:3])  # Domains have no labels to be known.
    again = device_batches(splits_of(source=unlabelled), "per_domain", 40)
    np.testing.assert_array_equal(again.source.index, batches.source.index)


def test_examples_whose_class_is_missing_are_not_drawn():
    known = np.arange(30) % 5 != 0
    batches = device_batches(splits_of(source=part_of((20, 7, 3), known=known)), "per_class", 40)
    drawn = np.asarray(batches.source.index)
    assert known[drawn].all() and set(drawn.ravel()) == set(np.flatnonzero(known))
    assert (counts_of(batches.source.by_head[0].values, 3) == 3).all()


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_batch_is_a_function_of_key_and_step(sampler):
    sizes = SIZES
    data = with_sampler(to_resident(splits_of()), sampler, sizes, 3)
    whole = device_batches(splits_of(), sampler, 9)
    alone = draw_batch(data, jax.random.key(0), jnp.int32(7), sizes)
    jax.tree.map(lambda a, b: np.testing.assert_array_equal(a[7], b), whole, alone)
    other = device_batches(splits_of(), sampler, 9, seed=1)
    same = np.array_equal(other.source.index, whole.source.index)
    assert same == (sampler == "in_order")


def test_in_order_position_p_is_example_p_mod_n_of_every_role():
    for splits, pad_to in ((splits_of(), (0, 0, 0)), (splits_of(), (50, 20, 8))):
        batches = device_batches(splits, "in_order", 12, pad_to=pad_to)
        for part, own, size in zip(batches, splits, SIZES, strict=True):
            expected = np.arange(12 * size).reshape(12, size) % len(own.index)
            np.testing.assert_array_equal(part.index, expected)


def test_padding_changes_no_draw_and_tasks_share_a_program():
    draw = jax.jit(lambda data, key, step: draw_batch(data, key, step, SIZES))
    first = splits_of()
    second = splits_of(source=part_of((3, 4, 9), domains=2))
    for splits, sampler in itertools.product((first, second), ("per_domain", "per_class")):
        data = with_sampler(to_resident(splits, pad_to=(50, 20, 8)), sampler, SIZES, 3)
        padded = draw(data, jax.random.key(0), jnp.int32(4))
        plain = device_batches(splits, sampler, 5)
        jax.tree.map(lambda a, b: np.testing.assert_array_equal(a[4], b), plain, padded)
    assert draw._cache_size() == 2


def test_one_group_is_the_shuffled_stream():
    groups = Groups.of([np.arange(17)], 20)
    position, key = jnp.arange(60), jax.random.key(3)
    np.testing.assert_array_equal(
        grouped_index(key, position, groups), shuffled_index(key, position, jnp.int32(17))
    )


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.integers(0, 2**20))
def test_any_groups(sizes, seed):
    rows = np.split(np.random.default_rng(seed).permutation(sum(sizes)), np.cumsum(sizes)[:-1])
    place = np.empty(sum(sizes), int)
    for number, own in enumerate(rows):
        place[own] = number
    groups = Groups.of(rows, sum(sizes) + 3)
    length = len(sizes) * max(sizes)
    drawn = np.asarray(grouped_index(jax.random.key(seed), jnp.arange(length), groups))
    np.testing.assert_array_equal(place[drawn], np.arange(length) % len(sizes))
    for number, own in enumerate(rows):
        assert set(drawn[number :: len(sizes)][: len(own)]) == set(own)


def test_groups_of_one_size_have_orders_of_their_own():
    groups = Groups.of(list(np.arange(60).reshape(3, 20)), 60)
    drawn = np.asarray(grouped_index(jax.random.key(0), jnp.arange(60), groups)).reshape(20, 3)
    orders = drawn % 20
    assert (orders[:, 0] == orders[:, 1]).mean() < 0.4
    assert (orders[:, 1] == orders[:, 2]).mean() < 0.4


def make_task(sources=2):
    domains = []
    for number in range(sources + 1):
        splits = {}
        for name, seed in (("train", 3 * number), ("test", 3 * number + 1)):
            labels = labels_of((9, 6, 3), seed)
            inputs = np.stack([labels, np.full(18, number)], 1).astype(np.float32)
            splits[name] = Split(inputs, labels)
        domains.append(Domain(f"d{number}", splits, NAMES))
    return TransferTask("t", tuple(domains[:-1]), domains[-1], Setting.UNSUPERVISED_DA)


def streamed(sampler, steps, **changes):
    options = {"batch_sizes": Roles(6, 4, 6), "sampler": sampler, **changes}
    stream = stream_batches(make_task(), **options)
    return [next(stream) for _ in range(steps)]


def test_streamed_batches_are_as_balanced():
    for batch in streamed("per_class", 12):
        np.testing.assert_array_equal(np.bincount(batch.source.labels), [2, 2, 2])
        np.testing.assert_array_equal(batch.source.inputs[:, 0], batch.source.labels)
    for batch in streamed("per_domain", 12):
        np.testing.assert_array_equal(np.bincount(batch.source.domain_id), [3, 3])
    for name in ("per_class", "per_domain"):
        for plain, sampled in zip(streamed("shuffled", 5), streamed(name, 5), strict=True):
            np.testing.assert_array_equal(sampled.target.index, plain.target.index)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_streamed_batches_are_a_function_of_the_step(sampler):
    whole = streamed(sampler, 9)
    for batch, later in zip(whole[4:], streamed(sampler, 5, first_step=4), strict=True):
        jax.tree.map(np.testing.assert_array_equal, batch, later)
    ahead = streamed(sampler, 9, prefetch_batches=6)
    for batch, other in zip(whole, ahead, strict=True):
        jax.tree.map(np.testing.assert_array_equal, batch, other)


def test_streamed_classes_have_epochs_of_their_own():
    batches = streamed("per_class", 30)
    index = np.concatenate([batch.source.index for batch in batches])
    labels = np.concatenate([batch.source.labels for batch in batches])
    for label, size in enumerate((18, 12, 6)):
        epochs = index[labels == label][: 3 * size].reshape(3, size)
        assert len({tuple(np.sort(epoch)) for epoch in epochs}) == 1
        assert len({tuple(epoch) for epoch in epochs}) == 3


WITHOUT_B = part_of((20, 0, 3))
WRONG = [
    ("per_clas", splits_of(), SIZES, "unknown sampler 'per_clas'. Did you mean: per_class"),
    ("per_class", splits_of(source=None, shots=None), SIZES, "no role has labels that the setting"),
    ("per_class", splits_of(), Roles(2, 6, 5), "every class of the source .* size is 2 .* are 3"),
    ("per_class", splits_of(), Roles(9, 6, 2), "every class of the shots .* size is 2 .* are 3"),
    ("per_domain", splits_of(), Roles(2, 6, 5), "every domain of the source .* size is 2 .* are 3"),
    ("per_class", splits_of(source=WITHOUT_B), SIZES, "class 1 has no examples in the training"),
    ("per_class", splits_of(shots=part_of((4, 4, 0))), SIZES, "of the shots, but class 2 has no"),
]


def test_shots_are_balanced_between_their_classes_where_the_target_may_lack_some():
    splits, sizes = splits_of(shots=part_of((4, 4, 0))), Roles(9, 6, 2)
    groups = group_rows("per_class", splits, sizes, 3, "partial")
    assert [len(own) for own in groups.shots] == [4, 4] and len(groups.source) == 3
    with pytest.raises(InputError, match="class 1 has no examples"):
        group_rows("per_class", splits_of(source=WITHOUT_B), SIZES, 3, "partial")


def test_one_domain_is_drawn_as_without_a_sampler():
    splits = splits_of(source=part_of((9, 9, 9)))
    assert group_rows("per_domain", splits, SIZES, 3) == (None, None, None)
    plain, sampled = (device_batches(splits, name, 7) for name in ("shuffled", "per_domain"))
    jax.tree.map(np.testing.assert_array_equal, sampled, plain)
    streams = [stream_batches(make_task(sources=1), sampler=s) for s in ("shuffled", "per_domain")]
    jax.tree.map(np.testing.assert_array_equal, *map(next, streams))


@pytest.mark.parametrize(("sampler", "splits", "sizes", "message"), WRONG)
def test_samplers_that_a_role_cannot_serve(sampler, splits, sizes, message):
    with pytest.raises(InputError, match=message):
        group_rows(sampler, splits, sizes, 3)
    with pytest.raises(InputError, match=message):
        with_sampler(to_resident(splits), sampler, sizes, 3)


def test_a_streamed_sampler_that_does_not_fit_is_refused_when_it_is_made():
    with pytest.raises(InputError, match=r"every class of the source .* size is 2"):
        streamed("per_class", 1, batch_sizes=Roles(2, 4, 6))
    hidden = dataclasses.replace(make_task(), setting=Setting.SOURCE_FREE)
    with pytest.raises(InputError, match="no role has labels"):
        stream_batches(hidden, sampler="per_class")
