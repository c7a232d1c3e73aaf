"""The file of a trained network, `model.safetensors`: arrays by name, and notes as JSON.

Names of arrays are paths: `params/<network>/...` and `statistics/<network>/...` (averages of batch
norm, and other variables), with adapters merged; `state/<i>`, the leaves of the method's own state;
and `inputs/<role>/<modality>/mean` and `deviation`, by which inputs are scaled. The notes stand in
the metadata of the file under 'xferlab'. Nothing in it is executed when it is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import safetensors
import safetensors.numpy

from xferlab.core.errors import InputError
from xferlab.core.tree_files import leaves_by_path

MODEL = "model.safetensors"
"""The name of the file in a run's folder."""
FORMAT = 1
_NOTES = "xferlab"


class ModelFile(NamedTuple):
    """What the file holds: all arrays by name, and the notes."""

    arrays: Mapping[str, np.ndarray]
    notes: Mapping[str, Any]

    def to_bytes(self) -> bytes:
        """Returns the bytes of the file."""
        arrays = {name: np.ascontiguousarray(array) for name, array in self.arrays.items()}
        notes = json.dumps({"format": FORMAT, **self.notes}, sort_keys=True)
        return safetensors.numpy.save(arrays, metadata={_NOTES: notes})

    @classmethod
    def from_bytes(cls, data: bytes, where: str) -> ModelFile:
        """Returns what `to_bytes` wrote.

        Args:
            data: the bytes.
            where: the file, for messages.

        Raises:
            InputError: they are damaged, of another program, or of a later version.
        """
        try:
            arrays = safetensors.numpy.load(data)
            length = int.from_bytes(data[:8], "little")
            header = json.loads(data[8 : 8 + length])
            notes = json.loads(header["__metadata__"][_NOTES])
            version = notes["format"]
        except (safetensors.SafetensorError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{where} is no trained model of xferlab ({type(error).__name__}: {error}). Give"
                " the folder of a run that was trained with its weights kept"
            ) from error
        if version != FORMAT:
            raise InputError(
                f"{where} is written in format {version}, and this version of xferlab reads"
                f" {FORMAT}. Read it with the version that wrote it"
            )
        return cls(arrays, notes)

    def tree(self, prefix: str) -> dict[str, Any]:
        """Returns the arrays under a prefix as nested dicts; numbers among the keys are numbers."""
        tree: dict[Any, Any] = {}
        for name, array in self.arrays.items():
            first, *path = name.split("/")
            if first != prefix:
                continue
            *above, last = (int(key) if key.isdecimal() else key for key in path)
            place = tree
            for key in above:
                place = place.setdefault(key, {})
            place[last] = array
        return tree

    def under(self, prefix: str) -> dict[str, np.ndarray]:
        """Returns the arrays under a prefix by the rest of their names."""
        begin = f"{prefix}/"
        return {k.removeprefix(begin): a for k, a in self.arrays.items() if k.startswith(begin)}


def named_arrays(
    params: Mapping[str, Any], statistics: Mapping[str, Any], state: Sequence[np.ndarray]
) -> dict[str, np.ndarray]:
    """Returns what a run has learnt as arrays by name."""
    named = {f"state/{place}": np.asarray(leaf) for place, leaf in enumerate(state)}
    for prefix, tree in (("params", params), ("statistics", statistics)):
        for path, array in leaves_by_path(tree):
            named["/".join((prefix, *_checked(path)))] = array
    return named


def _checked(path: Iterable[Any]) -> Iterable[str]:
    """Yields the keys of a path as text. Raises InputError for one that the file cannot hold."""
    for key in path:
        if not isinstance(key, int) and ("/" in key or key.isdecimal()):
            raise InputError(
                f"a network has a variable under the name {key!r}, which a file of weights cannot"
                " hold. Give it a name without slashes that is no number"
            )
        yield str(key)
