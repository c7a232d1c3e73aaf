"""Inputs that lie on disk and are read row by row, where they are asked for as an array."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from jaxtyping import Int, Shaped

READ_AT_ONCE = 1024
"""Rows that are read together where all are gone through."""


class RowStore(Protocol):
    """Where rows lie: a file, many files, or what else can be read by row numbers.

    Attributes:
        row_shape: of one row.
        dtype: of the rows, uint8 (images) or float32.
    """

    row_shape: tuple[int, ...]
    dtype: np.dtype

    def __len__(self) -> int:
        """The number of rows."""
        ...

    def read(self, rows: Int[np.ndarray, " r"]) -> Shaped[np.ndarray, "r ..."]:
        """Returns these rows, from several threads at a time."""
        ...


@dataclasses.dataclass(frozen=True, eq=False)
class StoredRows:
    """Some rows of a store, [n, ...]: choosing rows reads nothing, `np.asarray` reads them.

    Wherever a domain's inputs may be an array they may be these. What trains on them streams them
    where they are too many for the device.

    Args:
        store: where they lie.
        rows: their numbers there; all of them by default.

    >>> class Squares:
    ...     row_shape, dtype = (1,), np.dtype(np.float32)
    ...     def __len__(self): return 9
    ...     def read(self, rows): return np.square(rows, dtype=np.float32)[:, None]
    >>> inputs = StoredRows(Squares())
    >>> inputs.shape, np.asarray(inputs[[2, 3]]).tolist()
    ((9, 1), [[4.0], [9.0]])
    """

    store: RowStore
    rows: Int[np.ndarray, " n"] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        """Takes all rows by default."""
        if self.rows is None:
            object.__setattr__(self, "rows", np.arange(len(self.store)))

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the array that the rows make."""
        return (len(self.rows), *self.store.row_shape)

    @property
    def ndim(self) -> int:
        """Of the array that the rows make."""
        return len(self.shape)

    @property
    def dtype(self) -> np.dtype:
        """Of the array that the rows make."""
        return self.store.dtype

    @property
    def nbytes(self) -> int:
        """Of the array that the rows make."""
        return math.prod(self.shape) * self.dtype.itemsize

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.rows)

    def __getitem__(self, rows: Any) -> StoredRows:
        """Returns the rows that a slice, a mask or an array of positions chooses, unread."""
        return StoredRows(self.store, self.rows[rows])

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yields row by row, read in chunks."""
        for chunk in self.chunks():
            yield from chunk

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Reads the rows."""
        del copy  # They are always made anew.
        array = self.store.read(self.rows)
        return array if dtype is None else array.astype(dtype, copy=False)

    def chunks(self) -> Iterator[np.ndarray]:
        """Yields the rows as arrays of at most `READ_AT_ONCE` of them."""
        for begin in range(0, len(self), READ_AT_ONCE):
            yield np.asarray(self[begin : begin + READ_AT_ONCE])

    @classmethod
    def joined(cls, parts: Sequence[Any]) -> StoredRows:
        """Returns the rows of several, one after the other; arrays among them stay in memory."""
        return cls(_Joined([part if isinstance(part, cls) else np.asarray(part) for part in parts]))


class ArrayFile:
    """The rows of a `.npy` file, of which only what is asked for is read."""

    def __init__(self, path: str | Path):
        """Opens the file.

        Raises:
            OSError, ValueError: it is missing, or no array of numbers.
        """
        self._array = np.load(path, mmap_mode="r", allow_pickle=False)
        self.row_shape, self.dtype = self._array.shape[1:], self._array.dtype

    def __len__(self) -> int:
        """The number of rows."""
        return len(self._array)

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Returns these rows."""
        return np.asarray(self._array[rows])


class _Joined:
    """The rows of several stores."""

    def __init__(self, parts: Sequence[StoredRows | np.ndarray]):
        self._parts = parts
        self._starts = np.cumsum([0, *map(len, parts)])
        self.row_shape, self.dtype = parts[0].shape[1:], parts[0].dtype

    def __len__(self) -> int:
        return int(self._starts[-1])

    def read(self, rows: np.ndarray) -> np.ndarray:
        whole = np.empty((len(rows), *self.row_shape), self.dtype)
        of_part = np.searchsorted(self._starts, rows, side="right") - 1
        for number in np.unique(of_part):
            own = of_part == number
            whole[own] = np.asarray(self._parts[number][rows[own] - self._starts[number]])
        return whole
