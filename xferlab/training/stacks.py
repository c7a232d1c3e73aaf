"""Runs along a leading axis: how their trees are joined, and what they predict taken apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from xferlab.core.outputs import HostOutput
from xferlab.data.feeds.pieces import Piece
from xferlab.models.nets import Output


def stack(trees: Sequence[Any]) -> Any:
    """Returns the single tree as it is, or several with their leaves stacked."""
    if len(trees) == 1:
        return trees[0]
    return jax.tree.map(lambda *leaves: jnp.stack([jnp.asarray(a) for a in leaves]), *trees)


def predict_pieces(
    predict: Callable[[Piece], Output], pieces: Iterable[Piece], axis: int
) -> HostOutput:
    """Returns the outputs for all rows of some pieces (NumPy).

    Args:
        predict: the program.
        pieces: the rows.
        axis: along which the examples lie: 1 behind an axis of runs, 0 without one.
    """
    arrays, waiting = [], None
    for piece in pieces:  # The device computes a piece while the host takes the one before.
        output = predict(piece)
        arrays += _on_host(waiting, axis)
        waiting = output, piece.rows
    arrays += _on_host(waiting, axis)
    return jax.tree.map(lambda *a: np.concatenate(a, axis=axis), *arrays)


def _on_host(predicted: tuple[Output, int] | None, axis: int) -> list[HostOutput]:
    """Returns the rows of a piece's outputs, which lie along an axis; nothing of no piece."""
    if predicted is None:
        return []
    output, rows = predicted
    used = (slice(None),) * axis + (slice(rows),)
    return [HostOutput(*jax.tree.map(lambda a: np.asarray(a)[used], output))]
