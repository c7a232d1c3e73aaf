"""Sparse rows are the matrix that SciPy says they are, on the host and in a program."""

import jax
import numpy as np
import pytest
import scipy.sparse
from sklearn.svm import LinearSVC

from xferlab.core.errors import InputError
from xferlab.core.inputs import concatenate_inputs
from xferlab.core.sparse import SparseBlocks, SparseRows

pytestmark = pytest.mark.fast


def draw(n=7, width=11, *, density=0.3, seed=0):
    """A random compressed matrix of float32, some rows of it empty."""
    rng = np.random.default_rng(seed)
    dense = rng.normal(size=(n, width)) * (rng.random((n, width)) < density)
    dense[0] = 0
    return scipy.sparse.csr_array(dense.astype(np.float32))


def same(rows, dense):
    np.testing.assert_array_equal(rows.to_dense(), dense)
    np.testing.assert_array_equal(rows.to_scipy().toarray(), dense)
    assert rows.shape == dense.shape and len(rows) == len(dense) and rows.ndim == 2


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "lil"])
def test_they_are_scipys_matrix(form):
    matrix = draw()
    rows = SparseRows.from_scipy(matrix.asformat(form))
    same(rows, matrix.toarray())
    assert (rows.indices.dtype, rows.values.dtype, rows.dtype) == (np.int32, np.float32, np.float32)
    assert rows.indices.shape[1] == np.diff(matrix.indptr).max()


def test_counts_become_float32():
    same(
        SparseRows.from_scipy(scipy.sparse.csr_array([[0, 3], [1, 0]])),
        np.float32([[0, 3], [1, 0]]),
    )


def test_a_matrix_of_zeros_has_one_slot():
    rows = SparseRows.from_scipy(scipy.sparse.csr_array((3, 4)))
    assert rows.indices.shape == (3, 1)
    same(rows, np.zeros((3, 4)))
    assert rows.to_scipy().nnz == 0


@pytest.mark.parametrize(
    "choose", [slice(2, 5), np.array([3, 3, 0]), np.arange(7) % 2 == 0, slice(0, 0)]
)
def test_chosen_rows(choose):
    matrix = draw()
    same(SparseRows.from_scipy(matrix)[choose], matrix.toarray()[choose])


def test_a_column_that_occurs_twice_counts_twice():
    rows = SparseRows(np.int32([[2, 0, 2], [1, 1, 0]]), np.float32([[1, 5, 2], [3, -3, 0]]), 3)
    dense = np.float32([[5, 0, 3], [0, 0, 0]])
    same(rows, dense)
    np.testing.assert_array_equal(jax.jit(SparseRows.to_dense)(rows), dense)
    assert rows.to_scipy().nnz == 2


def test_duplicates_of_scipys_matrix_are_added_and_the_matrix_is_left_alone():
    data, columns = np.array([1.0, 2.0, 4.0]), np.array([2, 0, 2])
    matrix = scipy.sparse.csr_array((data, columns, np.array([0, 3])), shape=(1, 4))
    same(SparseRows.from_scipy(matrix), np.float32([[2, 0, 5, 0]]))
    assert matrix.nnz == 3
    assert matrix.data.tolist() == [1, 2, 4] and matrix.indices.tolist() == [2, 0, 2]


def test_a_batch_of_rows_in_a_program_is_scipys():
    matrix = draw(40, 30)
    rows = jax.device_put(SparseRows.from_scipy(matrix))
    chosen = np.random.default_rng(1).integers(0, 40, 16)
    gather = jax.jit(lambda rows, index: rows[index].to_dense())
    dense = gather(rows, chosen)
    assert isinstance(dense, jax.Array)
    np.testing.assert_array_equal(dense, matrix.toarray()[chosen])
    stack = jax.tree.map(lambda a: a.reshape(4, 10, *a.shape[1:]), rows)
    np.testing.assert_array_equal(
        jax.vmap(SparseRows.to_dense)(stack).reshape(40, 30), matrix.toarray()
    )


def test_the_gradient_goes_to_the_slots():
    rows = SparseRows(np.int32([[2, 0, 2]]), np.float32([[1, 5, 2]]), 3)
    weights = np.float32([[10.0, 20.0, 30.0]])
    product = jax.grad(
        lambda values: (SparseRows(rows.indices, values, 3).to_dense() * weights).sum()
    )
    np.testing.assert_array_equal(product(jax.numpy.asarray(rows.values)), [[30, 10, 30]])


def test_liblinear_takes_the_rows():
    """It accepts positions of 32 bits alone."""
    matrix = draw(60, 20, density=0.5)
    labels = np.asarray(matrix[:, [3]].toarray().ravel() > 0, int)
    back = SparseRows.from_scipy(matrix).to_scipy()
    assert back.indices.dtype == back.indptr.dtype == np.int32
    fit = LinearSVC(C=100.0, random_state=0).fit
    np.testing.assert_array_equal(fit(back, labels).coef_, fit(matrix, labels).coef_)


def test_slots_are_chosen_or_given():
    matrix = draw()
    fullest = int(np.diff(matrix.indptr).max())
    assert SparseRows.from_scipy(matrix, slots=fullest).indices.shape == (7, fullest)
    wide = SparseRows.from_scipy(matrix, slots=fullest + 4)
    assert wide.indices.shape == wide.values.shape == (7, fullest + 4)
    same(wide, matrix.toarray())
    with pytest.raises(InputError, match=rf"has {fullest} entries, more than slots={fullest - 1}"):
        SparseRows.from_scipy(matrix, slots=fullest - 1)


def test_slots_are_added_and_never_taken_away():
    matrix = draw()
    rows = SparseRows.from_scipy(matrix)
    own = rows.indices.shape[1]
    wide = rows.with_slots(own + 3)
    assert wide.values.shape == (7, own + 3)
    same(wide, matrix.toarray())
    assert rows.with_slots(1).values.shape == rows.values.shape


def test_concatenation_brings_slots_together():
    matrices = [draw(seed=1), draw(5, density=0.8, seed=2), draw(1, seed=3)]
    rows = [SparseRows.from_scipy(matrix) for matrix in matrices]
    assert len({each.indices.shape[1] for each in rows}) > 1
    same(concatenate_inputs(rows), scipy.sparse.vstack(matrices).toarray())
    dense = [matrix.toarray() for matrix in matrices]
    np.testing.assert_array_equal(concatenate_inputs(dense), np.concatenate(dense))


def test_the_width_is_structure_and_the_arrays_are_leaves():
    rows = SparseRows.from_scipy(draw())
    assert len(jax.tree.leaves(rows)) == 2
    other = SparseRows(rows.indices, rows.values, rows.width + 1)
    assert jax.tree.structure(rows) != jax.tree.structure(other)
    assert jax.tree.map(np.asarray, rows).width == rows.width


@pytest.mark.parametrize("block", [1, 3, 7, 16])
def test_blocks_in_coordinate_format_are_the_same_rows_to_the_last_bit(block):
    rng = np.random.default_rng(1)
    columns = rng.integers(0, 5, (7, 9)).astype(np.int32)  # Columns that occur twice add up.
    values = (rng.normal(size=(7, 9)) * (rng.random((7, 9)) < 0.6)).astype(np.float32)
    values[2] = 0
    rows = SparseRows(columns, values, 5)
    blocks = SparseBlocks.of(rows, block, SparseBlocks.places_for(rows, block))
    assert blocks.values.shape[1] in (8, 16, 32, 64)
    to_dense = jax.jit(jax.vmap(SparseBlocks.to_dense))
    dense = np.asarray(to_dense(jax.tree.map(jax.numpy.asarray, blocks))).reshape(-1, 5)
    expected = jax.jit(SparseRows.to_dense)(jax.tree.map(jax.numpy.asarray, rows))
    assert dense[:7].tobytes() == np.asarray(expected).tobytes()
    assert not dense[7:].any()


def test_blocks_without_an_entry_have_a_place():
    rows = SparseRows(np.zeros((3, 2), np.int32), np.zeros((3, 2), np.float32), 4)
    assert SparseBlocks.places_for(rows, 2) == 1
    blocks = SparseBlocks.of(rows, 2, 1)
    assert not jax.vmap(SparseBlocks.to_dense)(jax.tree.map(jax.numpy.asarray, blocks)).any()
