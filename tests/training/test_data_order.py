"""Batches drawn inside the program: an epoch visits each example once, in its own order."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from xferlab.core.batch import Batch, Labelled, Unlabelled
from xferlab.core.errors import InputError
from xferlab.core.roles import Roles
from xferlab.data.feeds.resident import check_batch_sizes, draw_batch, to_resident
from xferlab.data.feeds.samplers import shuffled_index

pytestmark = pytest.mark.fast

CHUNK = 16
SIZES = (1, 2, 3, 5, 16, 17, 31, 64, 97, 100)


@jax.jit
def chunk_at(key, begin, size):
    return shuffled_index(key, begin + jnp.arange(CHUNK), size)


def draw_stream(size, *, epochs=1, seed=0):
    """The first epochs of the stream, in pieces no longer than an epoch."""
    if size < CHUNK:
        return np.concatenate(
            [
                np.asarray(chunk_at(jax.random.key(seed), jnp.int32(i), jnp.int32(size)))[:1]
                for i in range(epochs * size)
            ]
        )
    pieces = [
        np.asarray(chunk_at(jax.random.key(seed), jnp.int32(begin), jnp.int32(size)))
        for begin in range(0, epochs * size, CHUNK)
    ]
    return np.concatenate(pieces)[: epochs * size]


@pytest.mark.parametrize("size", SIZES)
def test_every_epoch_visits_each_example_once(size):
    """Chunks of 16 also cross the boundary of an epoch."""
    for epoch in draw_stream(size, epochs=3).reshape(3, size):
        np.testing.assert_array_equal(np.sort(epoch), np.arange(size))


@settings(max_examples=25, deadline=None)
@given(st.integers(CHUNK, 3000), st.integers(0, 2**20))
def test_any_size_and_key(size, seed):
    np.testing.assert_array_equal(np.sort(draw_stream(size, seed=seed)), np.arange(size))


def test_a_chunk_is_what_its_positions_say():
    """Random access: the stream does not depend on where a chunk begins."""
    stream, key = draw_stream(97, epochs=2), jax.random.key(0)
    for begin in (1, 40, 90, 97, 150):
        chunk = chunk_at(key, jnp.int32(begin), jnp.int32(97))
        np.testing.assert_array_equal(chunk, stream[begin : begin + CHUNK])


def test_epochs_and_keys_differ():
    first, second = draw_stream(100, epochs=2).reshape(2, 100)
    other = draw_stream(100, seed=1)
    for a, b in ((first, second), (first, other)):
        assert (a == b).mean() < 0.1
    assert (first == np.arange(100)).mean() < 0.1


def test_every_example_is_equally_likely_at_every_position():
    """Chi-squared over a table of position by example, from 2000 keys."""
    size, keys = 7, jax.random.split(jax.random.key(0), 2000)
    orders = jax.jit(jax.vmap(lambda key: shuffled_index(key, jnp.arange(size), jnp.int32(size))))(
        keys
    )
    table = np.array([np.bincount(column, minlength=size) for column in np.asarray(orders).T])
    assert stats.chisquare(table.ravel(), ddof=2 * size - 2).pvalue > 1e-3


def test_every_order_is_equally_likely():
    size, keys = 4, jax.random.split(jax.random.key(1), 4800)
    orders = jax.jit(jax.vmap(lambda key: shuffled_index(key, jnp.arange(size), jnp.int32(size))))(
        keys
    )
    _, counts = np.unique(np.asarray(orders), axis=0, return_counts=True)
    assert len(counts) == 24
    assert stats.chisquare(counts).pvalue > 1e-3


def make_splits(n, m):
    source = Labelled.of(np.ones((n, 2), np.float32), np.zeros(n, np.int32))
    return Batch(source, Unlabelled.of(np.ones((m, 2), np.float32)))


def test_unequal_sizes_share_a_program_and_padding_is_never_drawn():
    draw = jax.jit(lambda data, key, step: draw_batch(data, key, step, Roles(4, 3, 4)))
    for n, m in ((11, 9), (20, 5), (4, 20)):
        data = to_resident(make_splits(n, m), pad_to=(20, 20, 0))
        seen = [draw(data, jax.random.key(0), jnp.int32(step)) for step in range(20)]
        for part, size in ((0, n), (1, m)):
            index = np.concatenate([batch[part].index for batch in seen])
            assert set(index) == set(range(size))
            assert all((np.asarray(batch[part].inputs) == 1).all() for batch in seen)
            whole = index[: len(index) // size * size].reshape(-1, size)
            assert all(len(set(epoch)) == size for epoch in whole)
    assert draw._cache_size() == 1


def test_a_batch_takes_more_shots_than_there_are():
    """They repeat, each as often to within one, and every run of five of them is a whole epoch."""
    shots = Labelled.of(np.ones((5, 2), np.float32), np.arange(5) % 2)
    data = to_resident(make_splits(20, 20)._replace(shots=shots), pad_to=(0, 0, 8))
    seen = [
        draw_batch(data, jax.random.key(0), jnp.int32(step), Roles(4, 4, 12)).shots.index
        for step in range(5)
    ]
    epochs = np.concatenate(seen).reshape(-1, 5)
    assert all(set(epoch) == set(range(5)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) > 6


def test_shots_change_no_order_of_the_others():
    shots = Labelled.of(np.ones((5, 2), np.float32), np.arange(5) % 2)
    splits, sizes = make_splits(20, 20), Roles(4, 3, 4)
    with_shots, without = (
        draw_batch(to_resident(each), jax.random.key(0), jnp.int32(3), sizes)
        for each in (splits._replace(shots=shots), splits)
    )
    np.testing.assert_array_equal(with_shots.source.index, without.source.index)
    np.testing.assert_array_equal(with_shots.target.index, without.target.index)


def test_source_and_target_have_orders_of_their_own():
    data = to_resident(make_splits(20, 20))
    batch = draw_batch(data, jax.random.key(0), jnp.int32(0), Roles(20, 20, 20))
    assert not np.array_equal(batch.source.index, batch.target.index)


def test_images_are_scaled_and_labels_belong_to_their_inputs():
    images = np.arange(40, dtype=np.uint8).reshape(10, 2, 2, 1)
    part = Labelled.of(images, np.arange(10) * 7)
    batch = draw_batch(
        to_resident(Batch(part, None)), jax.random.key(0), jnp.int32(1), Roles(5, 5, 5)
    )
    assert batch.target is None
    np.testing.assert_array_equal(batch.source.labels, batch.source.index * 7)
    expected = images[np.asarray(batch.source.index)] / 127.5 - 1
    np.testing.assert_allclose(batch.source.inputs, expected, atol=1e-6)


def test_a_batch_larger_than_its_split():
    check_batch_sizes(make_splits(4, 3), Roles(4, 3, 9))
    check_batch_sizes(make_splits(4, 3)._replace(source=None), Roles(100, 3, 9))
    with pytest.raises(InputError, match=r"target batch size is 4, but .* only 3 examples"):
        check_batch_sizes(make_splits(4, 3), Roles(4, 4, 4))
