"""Whole sets of rows on the device, cut into pieces that one compiled program predicts.

A piece has a fixed number of blocks of a fixed number of rows, both a function of the form of a row
and of the backend alone, and a traced number of blocks in use: sets of any size share a program,
and what fills up the last piece is never computed. Sparse rows lie in the form of `SparseBlocks`:
the longest of many reviews has ten times as many words as most, and to write all its slots for each
row costs as much as a small network.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from xferlab.core.inputs import Inputs, map_parts, parts_of
from xferlab.core.sparse import SparseBlocks, SparseRows
from xferlab.data.feeds.resident import pad_rows

CPU_BLOCK, DEVICE_BLOCK = 128, 512
"""Rows that a network sees at once: what a core's cache holds, and what fills an accelerator."""
PIECE_ROWS, PIECE_BYTES = 4096, 2**23
"""A piece has at most so many rows, of at most so many bytes unless one block has more."""
KEPT_BYTES = 2**29
"""Sets of at most so many bytes stay on the device between two passes."""


class Piece(NamedTuple):
    """Some of the rows.

    Attributes:
        blocks: the inputs, [blocks, rows of a block, ...]; zeros after the last row.
        used: number of blocks that have rows.
        rows: number of rows.
    """

    blocks: Inputs
    used: Int[Array, ""]
    rows: int


class Pieces:
    """The rows of one domain that are to be predicted, once or again and again."""

    def __init__(self, inputs: Inputs, *, block: int | None = None):
        """Takes the inputs, NumPy, [n, ...]; they go to the device when they are first asked for.

        Small sets stay there, large ones are brought anew for every pass.

        Args:
            inputs: the rows.
            block: rows of a block; None for what suits the backend.
        """
        self._inputs: Inputs | None = inputs
        self._rows = len(inputs)
        usual = CPU_BLOCK if jax.default_backend() == "cpu" else DEVICE_BLOCK
        self._block = usual if block is None else block
        self._places = [_places(part, self._block) for part in parts_of(inputs)]
        each = zip(parts_of(inputs), self._places, strict=True)
        row_bytes = max(1, sum(_block_bytes(*part, self._block) for part in each) // self._block)
        rows = min(PIECE_ROWS, PIECE_BYTES // row_bytes)
        self._blocks = max(1, rows // self._block)
        self._keeps = row_bytes * len(inputs) <= KEPT_BYTES
        self._kept: list[Piece] | None = None

    def __len__(self) -> int:
        """The number of rows."""
        return self._rows

    def __iter__(self) -> Iterator[Piece]:
        """Yields the pieces in order."""
        if self._kept is not None:
            return iter(self._kept)
        cut = self._cut(self._inputs)
        if not self._keeps:
            return cut
        self._kept, self._inputs = list(cut), None
        return iter(self._kept)

    def _cut(self, inputs: Inputs) -> Iterator[Piece]:
        size = self._blocks * self._block
        for begin in range(0, len(self), size):
            rows = inputs[begin : begin + size]
            used = jnp.int32(math.ceil(len(rows) / self._block))
            yield Piece(self._in_blocks(rows), used, len(rows))

    def _in_blocks(self, rows: Inputs) -> Inputs:
        places = iter(self._places)
        return map_parts(lambda part: self._part_in_blocks(part, next(places)), rows)

    def _part_in_blocks(self, rows: np.ndarray | SparseRows, places: int) -> Any:
        if isinstance(rows, SparseRows):
            blocks = SparseBlocks.of(rows, self._block, places)
            return jax.tree.map(lambda a: jnp.asarray(pad_rows(a, self._blocks)), blocks)
        padded = pad_rows(rows, self._blocks * self._block)
        return jnp.asarray(padded.reshape(self._blocks, self._block, *rows.shape[1:]))


def _places(part: np.ndarray | SparseRows, block: int) -> int:
    """Returns the places for entries in a block of sparse rows; 0 for dense ones."""
    return SparseBlocks.places_for(part, block) if isinstance(part, SparseRows) else 0


def _block_bytes(part: np.ndarray | SparseRows, places: int, block: int) -> int:
    if isinstance(part, SparseRows):
        return SparseBlocks.ENTRY_BYTES * places
    return block * part[:1].nbytes
