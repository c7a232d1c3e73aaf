"""What a run keeps of its predictions on the target's test split: metrics of tomorrow read it.

The classes that the first head predicts at every evaluation stand in predictions.npz whole, with
the true ones (`labels`), -1 where none is known, and where the user's rows are told apart by other
names than their place, these (`rows`, see `Split.row_names`). Here is what stands beside them of
the heads behind the first one, by 'head.place.evaluation', as far as `FURTHER_BYTES` allows, the
newest evaluations first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from xferlab.core.heads import Labels

FURTHER_BYTES = 2**21
"""Most bytes that a run keeps of what further heads predict, before compression."""
_PREFIX = "head."


class FurtherHeads:
    """What the heads behind the first one predicted at the evaluations so far."""

    def __init__(self, arrays: Mapping[str, np.ndarray] | None = None):
        """Takes what is kept already: arrays by 'head.place.evaluation'."""
        self.arrays: dict[str, np.ndarray] = dict(arrays or {})

    def add(self, evaluation: int, predictions: Sequence[np.ndarray]) -> None:
        """Keeps an evaluation, and drops the oldest ones where it is too much.

        Args:
            evaluation: its number, from 0.
            predictions: of each head behind the first one, classes [n] or outputs [n, size].
        """
        for place, array in enumerate(predictions, start=1):
            kind = np.int32 if array.dtype.kind == "i" else np.float32
            self.arrays[f"{_PREFIX}{place}.{evaluation}"] = np.asarray(array, kind)
        for oldest in range(evaluation + 1):
            if sum(array.nbytes for array in self.arrays.values()) <= FURTHER_BYTES:
                return
            for place in range(1, len(predictions) + 1):
                self.arrays.pop(f"{_PREFIX}{place}.{oldest}", None)


def place_rows(predictions: np.ndarray, rows: np.ndarray, count: int) -> np.ndarray:
    """Returns predictions of some of the examples at their places among all.

    Where an example was not predicted stands -1 as a class, NaN as a number.
    """
    if len(rows) == count:
        return predictions
    nothing = -1 if predictions.dtype.kind == "i" else np.nan
    placed = np.full((count, *predictions.shape[1:]), nothing, predictions.dtype)
    placed[rows] = predictions
    return placed


def _is_there(predictions: np.ndarray) -> np.ndarray:
    """Returns which examples were predicted."""
    lacking: Any = predictions < 0 if predictions.dtype.kind == "i" else np.isnan(predictions)
    there = ~lacking
    return there.reshape(len(there), -1).all(axis=1)


def further_labels(by_head: Sequence[Labels]) -> dict[str, np.ndarray]:
    """Returns the true labels under the heads behind the first one, and which are known."""
    arrays = {}
    for place, (values, known) in enumerate(by_head[1:], start=1):
        arrays[f"{_PREFIX}{place}.labels"] = np.asarray(values)
        if known is not None:
            arrays[f"{_PREFIX}{place}.known"] = np.asarray(known)
    return arrays


def of_every_seed(name: str) -> bool:
    """Tells whether an array is kept of every run: the others are for pictures, of the first."""
    return name in ("logits", "labels", "unknown", "rows") or name.startswith(_PREFIX)


class KeptPredictions:
    """The predictions and true labels of a finished run on the target's test split."""

    def __init__(self, arrays: Mapping[str, np.ndarray]):
        """Takes the arrays of its predictions.npz."""
        self._arrays = arrays

    def at(self, place: int, evaluation: int) -> np.ndarray | None:
        """Returns what a head predicted at an evaluation; None where it is not kept.

        Args:
            place: of the head, from 0.
            evaluation: its number, from 0.
        """
        if place:
            return self._arrays.get(f"{_PREFIX}{place}.{evaluation}")
        classes = self._arrays.get("predictions")
        return None if classes is None else classes[evaluation]

    def labels(self, place: int, evaluation: int) -> Labels | None:
        """Returns the true labels under a head; None where these or the predictions are not kept.

        Known are those of the examples that were predicted at the evaluation.
        """
        predictions = self.at(place, evaluation)
        values = self._arrays.get(f"{_PREFIX}{place}.labels" if place else "labels")
        if predictions is None or values is None:
            return None
        known = self._arrays.get(f"{_PREFIX}{place}.known") if place else values >= 0
        there = _is_there(predictions)
        if there.all():
            return Labels(values, known)
        return Labels(values, there if known is None else there & known)
