"""Sparse rows wherever inputs stand: domains, tasks, batches on the device and on the host."""

import jax
import numpy as np
import pytest
import scipy.sparse

from tests.data.made import make_domain
from xferlab.core.errors import InputError
from xferlab.core.roles import Roles
from xferlab.core.settings import Setting
from xferlab.core.sparse import SparseRows
from xferlab.data.feeds.resident import draw_batch, to_resident
from xferlab.data.feeds.scaling import scale_inputs
from xferlab.data.feeds.streamed import stream_batches
from xferlab.data.split import Split, clean_split, split_train_test
from xferlab.data.task import TransferTask

pytestmark = pytest.mark.fast


def make_matrix(n=12, *, seed=0, density=0.3, width=9):
    rng = np.random.default_rng(seed)
    dense = rng.normal(size=(n, width)) * (rng.random((n, width)) < density)
    return scipy.sparse.csr_array(dense.astype(np.float32))


TEST = Split(make_matrix(6), np.arange(6) % 3)


def bags(name, *, seed=0, density=0.3, n=12):
    """A domain of sparse rows, and the same one dense."""
    train, test = make_matrix(n, seed=seed, density=density), make_matrix(6, seed=seed + 1)
    return [
        make_domain(
            name,
            train=Split(form(train), np.arange(n) % 3),
            test=Split(form(test), np.arange(6) % 3),
        )
        for form in (lambda m: m, lambda m: m.toarray())
    ]


def make_tasks():
    """Two sources of different slots and a target, sparse and dense."""
    parts = [bags("a", seed=1), bags("b", seed=3, density=0.7, n=9), bags("t", seed=5, n=7)]
    return [
        TransferTask("bags", sources, target, Setting.UNSUPERVISED_DA)
        for *sources, target in zip(*parts, strict=True)
    ]


def assert_same_batch(sparse, dense):
    for part, other in zip(sparse[:2], dense[:2], strict=True):
        np.testing.assert_array_equal(scale_inputs(part.inputs), other.inputs)
        for arrays in zip(*map(jax.tree.leaves, (part[1:], other[1:])), strict=True):
            np.testing.assert_array_equal(*arrays)


def test_a_domain_keeps_scipys_matrix_sparse():
    sparse, dense = bags("a")
    inputs = sparse.splits["train"].inputs
    assert isinstance(inputs, SparseRows)
    np.testing.assert_array_equal(inputs.to_dense(), dense.splits["train"].inputs)
    assert (sparse.input_shape, sparse.input_dtype) == (dense.input_shape, np.float32)
    with pytest.raises(ValueError, match="read-only"):
        inputs.values[0, 0] = 1.0


def test_the_fingerprint_follows_every_value_and_column():
    rows = SparseRows.from_scipy(make_matrix())
    values, indices = rows.values.copy(), rows.indices.copy()
    values[4, 0] += 1.0
    indices[4, 0] = (indices[4, 0] + 1) % 9
    variants = [(rows.indices, rows.values), (rows.indices, values), (indices, rows.values)]
    domains = [
        make_domain(train=Split(SparseRows(*arrays, 9), np.arange(12) % 3), test=TEST)
        for arrays in variants
    ]
    assert len({domain.fingerprint for domain in domains}) == 3
    assert bags("a")[0].fingerprint == bags("a")[0].fingerprint != bags("a")[1].fingerprint


def test_values_that_are_not_finite_are_refused():
    matrix = make_matrix()
    matrix.data[3] = np.nan
    row = int(np.searchsorted(matrix.indptr, 3, side="right")) - 1
    with pytest.raises(InputError, match=rf"here: the input at index {row} contains nan"):
        clean_split(Split(matrix, np.arange(12) % 3), "here")


def test_sources_of_different_slots_are_one_source():
    sparse, dense = make_tasks()
    slots = [source.splits["train"].inputs.indices.shape[1] for source in sparse.sources]
    assert slots[0] != slots[1]
    assert_same_batch(sparse.training_arrays(), dense.training_arrays())
    for part, other in zip(sparse.held_out(), dense.held_out(), strict=True):
        assert_same_batch((part,), (other,))


def test_a_sparse_source_with_a_dense_target_is_refused():
    sparse, dense = make_tasks()
    with pytest.raises(InputError, match=r"'a' are sparse float32 \[n, 9\].*'t' float32 \[n, 9\]"):
        TransferTask("mixed", sparse.sources, dense.target, Setting.UNSUPERVISED_DA)


@pytest.mark.parametrize("pad_to", [(0, 0, 0), (30, 20, 0)])
def test_batches_drawn_on_the_device(pad_to):
    residents = [to_resident(t.training_arrays(), pad_to=pad_to) for t in make_tasks()]
    assert len(residents[0].splits.source.inputs) == max(21, pad_to[0])
    assert int(residents[0].sizes.source) == 21 and int(residents[0].sizes.target) == 7
    draw = jax.jit(draw_batch, static_argnums=3)
    for step in range(4):
        sparse, dense = (
            draw(r, jax.random.key(0), np.int32(step), Roles(5, 4, 5)) for r in residents
        )
        assert isinstance(sparse.source.inputs, jax.Array)
        assert_same_batch(sparse, dense)


def test_batches_streamed_from_the_host():
    streams = [stream_batches(task, batch_sizes=Roles(5, 4, 5), seed=3) for task in make_tasks()]
    for _ in range(4):
        sparse, dense = (next(stream) for stream in streams)
        assert isinstance(sparse.source.inputs, SparseRows)
        assert_same_batch(sparse, dense)


def test_scaling_makes_rows_dense_on_either_side():
    matrix = make_matrix()
    rows = SparseRows.from_scipy(matrix)
    assert isinstance(scale_inputs(rows), np.ndarray)
    traced = jax.jit(scale_inputs)(rows)
    np.testing.assert_array_equal(scale_inputs(rows), matrix.toarray())
    np.testing.assert_array_equal(traced, matrix.toarray())


def test_a_stratified_cut_of_rows():
    matrix, labels = make_matrix(30), np.arange(30) % 3
    cuts = [
        split_train_test(inputs, labels, test_fraction=0.2, seed=0)
        for inputs in (SparseRows.from_scipy(matrix), matrix.toarray())
    ]
    for part in ("train", "test"):
        sparse, dense = (cut[part] for cut in cuts)
        np.testing.assert_array_equal(sparse.inputs.to_dense(), dense.inputs)
        np.testing.assert_array_equal(sparse.labels, dense.labels)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (scipy.sparse.csr_array((0, 4)), r"shape \(0, 4\)"),
        (scipy.sparse.csr_array((2, 0)), r"shape \(2, 0\)"),
        (scipy.sparse.csr_array(np.eye(2) * 1j), "complex"),
        (scipy.sparse.csr_array(np.eye(2) * 1e300), "contains inf"),
        (SparseRows(np.array([[9], [0]]), np.ones((2, 1)), 3), "columns from 0 to 9"),
        (SparseRows(np.array([[-1], [0]]), np.ones((2, 1)), 3), "columns from -1 to 0"),
    ],
    ids=["no rows", "no columns", "complex", "too large", "beyond the width", "negative"],
)
def test_bad_sparse_inputs_are_refused(inputs, message):
    with pytest.raises(InputError, match=message):
        clean_split(Split(inputs, np.arange(inputs.shape[0]) % 2), "here")


def test_sparse_rows_are_stored_in_32_bits():
    rows = SparseRows(np.array([[2], [0]], np.int64), np.ones((2, 1)), 3)
    kept = clean_split(Split(rows, np.arange(2)), "here").inputs
    assert (kept.indices.dtype, kept.values.dtype) == (np.int32, np.float32)


def test_the_fingerprint_follows_the_width():
    def fingerprint(width):
        rows = SparseRows(np.zeros((12, 1), np.int32), np.ones((12, 1), np.float32), width)
        split = Split(rows, np.arange(12) % 3)
        return make_domain(train=split, test=split).fingerprint

    assert fingerprint(3) != fingerprint(4)


def test_a_sparse_training_split_with_a_dense_test_split_is_refused():
    with pytest.raises(InputError, match="sparse float32"):
        make_domain(
            train=Split(make_matrix(), np.arange(12) % 3),
            test=Split(make_matrix(6).toarray(), np.arange(6) % 3),
        )
