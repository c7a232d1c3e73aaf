"""The sampler of episodes: what a batch is made of, on the device and on the host."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.data.feeds.test_samplers import part_of
from tests.methods.toys import quick_jit
from xferlab.core.batch import Batch, Episodes, Unlabelled
from xferlab.core.errors import InputError
from xferlab.core.roles import Roles
from xferlab.data.feeds.resident import draw_batch, to_resident, with_sampler
from xferlab.data.feeds.streamed import Streamed

pytestmark = pytest.mark.fast

COUNTS = (9, 4, 7, 5, 6)
SOURCE = part_of(COUNTS, domains=2)
SPLITS = Batch(SOURCE, Unlabelled(*part_of((5, 5), seed=1)[:3]))
SIZES = Roles(12, 6, 1)
SAMPLER = Episodes(3)


def draw_steps(data, key, steps, sizes):
    """The batches of some steps."""
    return jax.vmap(lambda step: draw_batch(data, key, step, sizes))(steps)


drawn_at = quick_jit(draw_steps, static_argnums=3)


def batches(sampler=SAMPLER, steps=60, *, splits=SPLITS, pad_to=(0, 0, 0), seed=0, sizes=SIZES):
    data = with_sampler(to_resident(splits, pad_to=pad_to), sampler, sizes, len(COUNTS))
    key = jax.random.key(seed)
    return drawn_at(data, key, jnp.arange(steps), sizes)


def test_every_batch_has_a_few_classes_one_after_the_other_and_no_example_twice():
    drawn = batches()
    labels = np.asarray(drawn.source.labels).reshape(60, 3, 4)
    assert (labels == labels[..., :1]).all()
    assert all(len(set(ways)) == 3 for ways in labels[..., 0])
    assert all(len(set(index)) == 12 for index in np.asarray(drawn.source.index))
    np.testing.assert_array_equal(drawn.source.labels, SOURCE.labels[drawn.source.index])
    np.testing.assert_array_equal(drawn.source.inputs[..., 0], drawn.source.labels)


def test_classes_and_examples_have_their_turn():
    drawn = batches(steps=200)
    labels = np.asarray(drawn.source.labels)
    orders = {tuple(row[::4]) for row in labels}
    assert len(orders) > 40  # Of 60 ordered draws of 3 of 5 classes.
    shares = np.bincount(labels[:, ::4].ravel(), minlength=5) / 600
    np.testing.assert_allclose(shares, 0.2, atol=0.04)
    index = np.asarray(drawn.source.index).ravel()
    for label, count in enumerate(COUNTS):
        drawn_of = np.bincount(index[labels.ravel() == label], minlength=31)
        expected = (labels == label).sum() / count
        found = drawn_of[SOURCE.labels == label]
        assert found.min() > 0.6 * expected and found.max() < 1.5 * expected


def test_a_batch_is_a_function_of_key_and_step_whatever_the_padding():
    whole, other = batches(), batches(seed=1)
    data = with_sampler(to_resident(SPLITS, pad_to=(50, 20, 0)), SAMPLER, SIZES, len(COUNTS))
    alone = drawn_at(data, jax.random.key(0), jnp.arange(7, 8), SIZES)
    jax.tree.map(lambda a, b: np.testing.assert_array_equal(a[7], b[0]), whole, alone)
    assert not np.array_equal(whole.source.index, other.source.index)


def test_streamed_batches_are_those_of_resident_data_from_any_step_on():
    feed = Streamed.of(SPLITS).with_sampler(SAMPLER, SIZES, len(COUNTS))
    drawn = batches()
    for start in (0, 31):  # A resumed run begins where it was.
        stream = feed.batches(jax.random.key(0), start, SIZES)
        for step in range(start, start + 4):
            batch = next(stream)
            jax.tree.map(lambda a, b, s=step: np.testing.assert_array_equal(a[s], b), drawn, batch)


def test_other_roles_are_shuffled_as_ever_and_ways_change_no_program():
    plain = batches("shuffled")
    np.testing.assert_array_equal(batches().target.index, plain.target.index)
    draw = quick_jit(lambda data: draw_steps(data, jax.random.key(0), jnp.arange(1), SIZES))
    for ways in (3, 4):
        data = with_sampler(to_resident(SPLITS), Episodes(ways), SIZES, len(COUNTS))
        assert len(set(np.asarray(draw(data).source.labels)[0])) == ways
    assert draw._cache_size() == 1


def test_examples_whose_class_is_missing_are_not_drawn():
    known = np.arange(sum(COUNTS)) % 31 != 0
    splits = SPLITS._replace(source=part_of(COUNTS, domains=2, known=known))
    drawn = batches(sizes=Roles(6, 6, 1), splits=splits)
    assert known[np.asarray(drawn.source.index)].all()


@pytest.mark.parametrize(
    ("sampler", "size", "message"),
    [
        (Episodes(6), 12, "episodes of 6 ways, but the source has 5 classes"),
        (Episodes(3), 13, "batch size of the source is 13. Give a multiple of 3"),
        (Episodes(2), 10, "take 5 examples of a class, but class 1 of the source has 4"),
    ],
)
def test_what_does_not_fit_is_refused(sampler, size, message):
    with pytest.raises(InputError, match=message):
        batches(sampler, sizes=Roles(size, 6, 1))


def test_roles_without_labels_have_no_episodes():
    splits = Batch(Unlabelled(*SOURCE[:3]), SPLITS.target)
    with pytest.raises(InputError, match="no role has labels that the setting shows"):
        batches(splits=splits)
