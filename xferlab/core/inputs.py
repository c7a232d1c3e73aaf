"""The inputs of examples in all their forms, and what is done with each of them alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from xferlab.core.sparse import SparseRows
from xferlab.core.stored import StoredRows

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
