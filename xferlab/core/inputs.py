"""The inputs of examples in all their forms, and what is done with each of them alike."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import jax
import numpy as np
from jaxtyping import Int, Shaped

from xferlab.core.sparse import SparseRows

READ_AT_ONCE = 1024
"""Rows that are read together where all are gone through."""
Inputs = Any
"""What a split holds: an array with a leading axis of examples, `SparseRows`, `StoredRows` on disk,
or `Modalities` of such.

Most code takes one of them alone, as its data have it, so the type checker leaves the choice open.
"""


@jax.tree_util.register_pytree_node_class
class Modalities:
    """Inputs of several kinds of the same n examples, such as images and sound, in a fixed order.

    Its parts are arrays [n, ...], sparse or stored rows. Rows are chosen in all of them together,
    so that whatever draws, pads, cuts or joins examples does so here as with a single array.

    >>> both = Modalities(np.zeros((5, 8, 8, 1)), np.zeros((5, 3)))
    >>> len(both), both[:2].shapes
    (5, ((8, 8, 1), (3,)))
    """

    def __init__(self, *parts: Any):
        """Takes the parts. Their lengths are compared where examples become a split."""
        self.parts = parts

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shape of an example in each part."""
        return tuple(part.shape[1:] for part in self.parts)

    def __len__(self) -> int:
        """The number of examples."""
        return len(self.parts[0])

    def __getitem__(self, rows: Any) -> Modalities:
        """Returns the examples that a slice, a mask or an array of positions chooses."""
        return Modalities(*(part[rows] for part in self.parts))

    def __repr__(self) -> str:
        """Names the type and the shapes of the parts."""
        return f"Modalities({', '.join(str(np.shape(part)) for part in self.parts)})"

    def tree_flatten(self) -> tuple[tuple[Any, ...], None]:
        """Returns the parts as children of a pytree."""
        return self.parts, None

    @classmethod
    def tree_unflatten(cls, aux: None, parts: Sequence[Any]) -> Modalities:
        """Returns the modalities of a pytree's children."""
        del aux
        return cls(*parts)


def parts_of(inputs: Inputs) -> tuple[Any, ...]:
    """Returns the parts of inputs: those of modalities, or the inputs as their only one."""
    return inputs.parts if isinstance(inputs, Modalities) else (inputs,)


def map_parts(function: Callable[..., Any], *inputs: Inputs) -> Inputs:
    """Returns inputs whose every part is made of those of one or several inputs of one form."""
    made = [function(*parts) for parts in zip(*map(parts_of, inputs), strict=True)]
    return Modalities(*made) if isinstance(inputs[0], Modalities) else made[0]


def concatenate_inputs(several: Sequence[Inputs]) -> Inputs:
    """Returns the examples of several inputs of one form, one after the other (on the host)."""
    return map_parts(lambda *parts: _concatenate(parts), *several)


def in_memory(inputs: Inputs) -> Inputs:
    """Returns inputs on the host, read where they lie on disk."""

    def read(part: Any) -> Any:
        return np.asarray(part) if isinstance(part, StoredRows) else part

    return map_parts(read, inputs)


def take_lazily(inputs: Inputs, rows: Int[np.ndarray, " r"]) -> Inputs:
    """Returns the rows of given numbers (on the host), where one may occur many times.

    Arrays are not copied: what comes is `StoredRows`. Sparse rows are.

    >>> taken = take_lazily(np.array([[1.0], [2.0]]), np.array([1, 1, 0]))
    >>> len(taken), np.asarray(taken[:2]).tolist()
    (3, [[2.0], [2.0]])
    """

    def take(part: Any) -> Any:
        kept = part if isinstance(part, SparseRows | StoredRows) else StoredRows.joined([part])
        return kept[rows]

    return map_parts(take, inputs)


def _concatenate(parts: Sequence[Any]) -> Any:
    if any(isinstance(part, StoredRows) for part in parts):
        return StoredRows.joined(parts)
    if not isinstance(parts[0], SparseRows):
        return np.concatenate(parts)
    slots = max(part.indices.shape[1] for part in parts)
    padded = [part.with_slots(slots) for part in parts]
    indices, values = (
        np.concatenate(arrays)
        for arrays in zip(*((p.indices, p.values) for p in padded), strict=True)
    )
    return SparseRows(indices, values, parts[0].width)


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
