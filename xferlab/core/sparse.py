"""Sparse rows: bags of words and other inputs that are mostly zero, dense only within a batch.

Every row of `SparseRows` holds the same number of (column, value) slots, unused ones are zero.
Unlike compressed rows, this is a pytree of rectangular arrays with a leading axis of examples: rows
are drawn, padded, stacked and sharded by the code that does it for dense inputs. Where rows are
never drawn alone, as in predictions, `SparseBlocks` hold the entries of many rows together, without
the slots that only the fullest row needs.
"""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse
from jaxtyping import Float, Int

from xferlab.core.errors import InputError


@dataclasses.dataclass(frozen=True, eq=False)
class SparseRows:
    """A matrix [n, width] of n sparse rows; NumPy arrays on the host, jax arrays in a program.

    Args:
        indices: columns, int32 in [0, width); 0 in unused slots.
        values: float32; 0 in unused slots. A column that occurs twice in a row counts twice.
        width: number of columns.
    """

    indices: Int[Any, "n slots"]
    values: Float[Any, "n slots"]
    width: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns, as of the dense matrix."""
        return (self.indices.shape[0], self.width)

    @property
    def ndim(self) -> int:
        """Two, as of the dense matrix."""
        return 2

    @property
    def dtype(self) -> np.dtype:
        """The type of the values."""
        return self.values.dtype

    def __len__(self) -> int:
        """The number of rows."""
        return self.indices.shape[0]

    def __getitem__(self, rows: Any) -> SparseRows:
        """Returns the rows that a slice, a mask or an array of positions chooses."""
        return SparseRows(self.indices[rows], self.values[rows], self.width)

    def to_dense(self) -> Float[Any, "n width"]:
        """Returns the dense matrix: a jax array of jax arrays, else NumPy's."""
        rows = np.arange(len(self))[:, None]
        if isinstance(self.values, jax.Array):
            empty = jnp.zeros(self.shape, self.dtype)
            return empty.at[rows, self.indices].add(self.values, mode="promise_in_bounds")
        dense = np.zeros(self.shape, self.dtype)
        np.add.at(dense, (rows, self.indices), self.values)
        return dense

    def to_scipy(self) -> scipy.sparse.csr_array:
        """Returns the host's rows as SciPy's compressed rows, without the unused slots."""
        # 32 bits: liblinear takes no other positions.
        starts = np.arange(len(self) + 1, dtype=np.int32) * self.indices.shape[1]
        parts = (self.values.ravel(), self.indices.ravel(), starts)
        matrix = scipy.sparse.csr_array(parts, shape=self.shape, copy=True)
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
        return matrix

    def with_slots(self, slots: int) -> SparseRows:
        """Returns the host's rows with unused slots added, up to `slots` for each row."""
        missing = max(0, slots - self.indices.shape[1])
        padded = [np.pad(a, ((0, 0), (0, missing))) for a in (self.indices, self.values)]
        return SparseRows(padded[0], padded[1], self.width)

    @classmethod
    def from_scipy(cls, matrix: Any, *, slots: int = 0) -> SparseRows:
        """Returns the rows of a SciPy sparse matrix.

        Args:
            matrix: of real numbers, [n, width]; any of SciPy's formats.
            slots: entries kept for each row, at least as many as the fullest has; 0 for exactly
                these. Matrices with equal slots share a compiled program.

        Raises:
            InputError: a row has more entries than slots.
        """
        compressed: Any = scipy.sparse.csr_array(matrix, copy=True)
        compressed.sum_duplicates()
        counts = np.diff(compressed.indptr)
        fullest = int(counts.max(initial=0))
        slots = slots or max(1, fullest)
        if fullest > slots:
            raise InputError(
                f"a sparse row has {fullest} entries, more than slots={slots}. Allowed: at least"
                " the number of entries of the fullest row, or 0 to choose it"
            )
        used = np.arange(slots) < counts[:, None]
        indices = np.zeros(used.shape, np.int32)
        values = np.zeros(used.shape, np.float32)
        indices[used], values[used] = compressed.indices, compressed.data
        return cls(indices, values, compressed.shape[1])


jax.tree_util.register_dataclass(SparseRows, ["indices", "values"], ["width"])


@dataclasses.dataclass(frozen=True, eq=False)
class SparseBlocks:
    """Blocks of sparse rows in coordinate format; of one block, without the leading axis.

    Args:
        rows: the row of each entry within its block, int32; 0 in unused places.
        columns: its column, int32 in [0, width); 0 in unused places.
        values: float32; 0 in unused places. The entries of a row are in the order of its slots.
        shape: rows of a block, and columns.
    """

    rows: Int[Any, "*blocks entries"]
    columns: Int[Any, "*blocks entries"]
    values: Float[Any, "*blocks entries"]
    shape: tuple[int, int]
    ENTRY_BYTES: ClassVar[int] = 12

    @classmethod
    def of(cls, inputs: SparseRows, block: int, places: int) -> SparseBlocks:
        """Returns the host's rows in blocks; the last one ends with empty rows.

        Args:
            inputs: the rows.
            block: rows of a block.
            places: for entries of a block, at least as many as the fullest has (`places_for`).
        """
        used = inputs.values != 0
        count = -(-len(inputs) // block)
        rows, columns = np.zeros((2, count, places), np.int32)
        values = np.zeros((count, places), inputs.values.dtype)
        for i in range(count):
            own = slice(i * block, (i + 1) * block)
            of_rows, _ = np.nonzero(used[own])
            filled = slice(len(of_rows))
            rows[i, filled] = of_rows
            columns[i, filled] = inputs.indices[own][used[own]]
            values[i, filled] = inputs.values[own][used[own]]
        return cls(rows, columns, values, (block, inputs.width))

    @staticmethod
    def places_for(inputs: SparseRows, block: int) -> int:
        """Returns the entries of the fullest block, rounded up to a power of two.

        Sets of about equally long rows then share a compiled program.
        """
        entries = np.count_nonzero(inputs.values, axis=1)
        starts = range(0, len(entries), block)
        fullest = max((int(entries[i : i + block].sum()) for i in starts), default=0)
        return 1 << max(0, fullest - 1).bit_length()

    def to_dense(self) -> Float[Any, "n width"]:
        """Returns the rows of one block (jax) as `SparseRows.to_dense` does, to the same bits."""
        places = self.rows, self.columns
        empty = jnp.zeros(self.shape, self.values.dtype)
        return empty.at[places].add(self.values, mode="promise_in_bounds")


jax.tree_util.register_dataclass(SparseBlocks, ["rows", "columns", "values"], ["shape"])
