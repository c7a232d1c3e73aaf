"""The streaming path: determinism, resume, epochs of unequal sizes, hidden labels."""

import jax
import numpy as np
import pytest

from tests.data.made import make_domain, make_split
from xferlab.core.batch import Labelled, Unlabelled
from xferlab.core.errors import InputError
from xferlab.core.roles import Roles
from xferlab.core.settings import Setting
from xferlab.data.feeds.resident import draw_batch, to_resident
from xferlab.data.feeds.streamed import AHEAD, Streamed, stream_batches
from xferlab.data.task import TransferTask


def make_stream(sizes=(4, 4), seed=0, setting=None, prefetch=0):
    target = make_domain("target", train=make_split(7, seed=3))
    task = TransferTask("task", (make_domain("source"),), target, Setting.UNSUPERVISED_DA)
    return task, stream_batches(
        task,
        setting=setting,
        batch_sizes=Roles(*sizes, sizes[0]),
        seed=seed,
        prefetch_batches=prefetch,
    )


def take(stream, steps):
    return [next(stream) for _ in range(steps)]


def orders(batches, part):
    return np.concatenate([getattr(batch, part).index for batch in batches])


def assert_same(batches, others):
    for batch, other in zip(batches, others, strict=True):
        jax.tree.map(np.testing.assert_array_equal, batch, other)


def test_the_seed_decides_the_order():
    batches = take(make_stream()[1], 6)
    assert_same(batches, take(make_stream()[1], 6))
    assert (orders(batches, "source") != orders(take(make_stream(seed=1)[1], 6), "source")).any()


@pytest.mark.parametrize("sizes", [(4, 4), (5, 3), (1, 7), (30, 30)])
def test_each_domain_has_its_own_epochs(sizes):
    batches = take(make_stream(sizes)[1], 12)
    for part, n, size in (("source", 12, sizes[0]), ("target", 7, sizes[1])):
        assert all(len(getattr(batch, part).index) == size for batch in batches)
        order = orders(batches, part)
        epochs = order[: len(order) // n * n].reshape(-1, n)
        assert len(epochs) > 0 and (np.sort(epochs) == np.arange(n)).all()
        assert len(epochs) == 1 or (epochs[0] != epochs[1]).any()


def test_examples_belong_together():
    task, stream = make_stream()
    source, target = task.source.splits["train"], task.target.splits["train"]
    for batch in take(stream, 5):
        np.testing.assert_array_equal(batch.source.inputs, source.inputs[batch.source.index])
        np.testing.assert_array_equal(batch.source.labels, source.labels[batch.source.index])
        np.testing.assert_array_equal(batch.target.inputs, target.inputs[batch.target.index])


def test_prefetching_changes_no_batch():
    assert_same(take(make_stream()[1], 12), take(make_stream(prefetch=6)[1], 12))


@pytest.mark.parametrize("prefetch", [0, 6])
def test_resumes_where_it_was(prefetch):
    stream = make_stream(prefetch=prefetch)[1]
    take(stream, 5)
    state = stream.get_state()
    rest = take(stream, 8)
    again = make_stream()[1]
    again.set_state(state)
    assert_same(rest, take(again, 8))


def test_orbax_saves_the_position(tmp_path):
    from orbax.checkpoint import v1 as ocp

    stream = make_stream()[1]
    take(stream, 5)
    ocp.save_checkpointables(tmp_path / "saved", {"batches": stream})
    rest = take(stream, 3)
    again = make_stream()[1]
    ocp.load_checkpointables(tmp_path / "saved", {"batches": again})
    assert_same(rest, take(again, 3))


@pytest.mark.parametrize("first", [0, 3, AHEAD, 10_000 * AHEAD - 1])
@pytest.mark.parametrize("runs", [0, 2])
def test_batches_are_those_of_resident_splits(first, runs):
    task, sizes = make_stream()[0], Roles(5, 3, 5)
    splits = task.training_arrays()
    key = jax.random.split(jax.random.key(2), runs) if runs else jax.random.key(2)
    draw = jax.jit(draw_batch, static_argnums=3)
    batches = Streamed.of(splits).batches(key, first, sizes)
    for step in range(first, first + 4):
        for run in range(max(1, runs)):
            own = key[run] if runs else key
            expected = draw(to_resident(splits), own, step, sizes)
            batch = next(batches) if run == 0 else batch
            found = jax.tree.map(lambda a, n=run: a[n], batch) if runs else batch
            jax.tree.map(np.testing.assert_array_equal, found, expected)


def test_inputs_are_asked_for_the_rows_of_a_batch_alone():
    task, _ = make_stream()
    splits = task.training_arrays()
    asked = []

    class Rows:
        """Inputs that lie somewhere else, of which rows can be had."""

        def __getitem__(self, rows):
            asked.append(rows)
            return splits.source.inputs[rows]

    feed = Streamed.of(splits._replace(source=splits.source._replace(inputs=Rows())))
    batch = next(feed.batches(jax.random.key(0), 0, Roles(4, 4, 4)))
    np.testing.assert_array_equal(batch.source.inputs, splits.source.inputs[batch.source.index])
    (rows,) = asked
    np.testing.assert_array_equal(rows, batch.source.index)


def test_hidden_parts_are_absent():
    batch = next(make_stream()[1])
    assert type(batch.source) is Labelled and type(batch.target) is Unlabelled
    batch = next(make_stream(setting=Setting.SOURCE_FREE)[1])
    assert batch.source is None and type(batch.target) is Unlabelled


def test_batch_sizes_are_positive():
    with pytest.raises(
        InputError, match=r"batch_sizes Roles\(source=4, target=0, shots=4\) are not possible"
    ):
        make_stream((4, 0))
