"""What a run keeps of its networks' outputs: validators of tomorrow read it.

Kept are the outputs on the examples that validators see, at every evaluation: logits first, then
features, the newest evaluations first, as far as `KEPT_BYTES` allows. No target label is among
them.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

from xferlab.core.tree_files import arrays_to_bytes
from xferlab.evaluation.views import LabelledOutputs, Outputs, ValidationView

KEPT_BYTES = 2**21
"""Most bytes of outputs that a run keeps."""
OUTPUTS = "outputs.npz"
"""The file of a run's folder that holds them."""
PARTS = ("source_train", "source_validation", "target")


class KeptOutputs:
    """The outputs of the evaluations so far."""

    def __init__(self, arrays: Mapping[str, np.ndarray] | None = None):
        """Takes what is kept already: arrays by 'part.kind.evaluation'."""
        self._arrays = dict(arrays or {})

    def add(self, evaluation: int, view: ValidationView) -> None:
        """Keeps what validators saw, and drops of earlier evaluations what is too much.

        Args:
            evaluation: its number, from 0.
            view: what validators saw.
        """
        parts = (view.source_train, view.source_validation, view.target)
        for name, part in zip(PARTS, parts, strict=True):
            if part is None:
                continue
            self._arrays[f"{name}.logits.{evaluation}"] = np.asarray(part.logits, np.float32)
            self._arrays[f"{name}.features.{evaluation}"] = np.asarray(part.features, np.float32)
            if isinstance(part, LabelledOutputs) and part.unknown is not None:
                told = np.asarray(part.unknown, np.float32)
                self._arrays[f"{name}.unknown.{evaluation}"] = told
            if isinstance(part, LabelledOutputs):
                self._arrays[f"{name}.labels"] = np.asarray(part.labels, np.int32)
        self._trim(evaluation)

    def _trim(self, last: int) -> None:
        """Drops features, then logits, the oldest evaluations first, down to the bound."""
        for kinds in (("features",), ("logits", "unknown")):
            for evaluation in range(last + 1):
                if sum(array.nbytes for array in self._arrays.values()) <= KEPT_BYTES:
                    return
                for name, kind in itertools.product(PARTS, kinds):
                    self._arrays.pop(f"{name}.{kind}.{evaluation}", None)

    def view(self, evaluation: int, *, features: bool) -> ValidationView | None:
        """Returns what validators saw at an evaluation; None where it is not kept.

        Args:
            evaluation: its number, from 0.
            features: whether features are wanted. Without, they are a column of zeros.
        """
        parts = {name: self._part(name, evaluation, features) for name in PARTS}
        seen = {name.partition(".")[0] for name in self._arrays}
        if not seen or any(parts[name] is None for name in seen):
            return None
        return ValidationView(**parts)

    def _part(self, name: str, evaluation: int, features: bool) -> Any:
        logits = self._arrays.get(f"{name}.logits.{evaluation}")
        if logits is None:
            return None
        seen = np.zeros((len(logits), 1), np.float32)
        if features:
            seen = self._arrays.get(f"{name}.features.{evaluation}")
        if seen is None:
            return None
        labels = self._arrays.get(f"{name}.labels")
        if labels is None:
            return Outputs(seen, logits)
        unknown = self._arrays.get(f"{name}.unknown.{evaluation}")
        return LabelledOutputs(seen, logits, labels, unknown)

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        """Everything that is kept, by 'part.kind.evaluation', in the order of the names."""
        return dict(sorted(self._arrays.items()))

    def files(self) -> dict[str, bytes]:
        """Returns the file of a finished run that holds what is kept; none where nothing is."""
        return {OUTPUTS: arrays_to_bytes(self.arrays, compress=False)} if self._arrays else {}
