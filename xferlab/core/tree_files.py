"""Arrays by name, and nested dicts of arrays, as NumPy's `.npz` without pickles, or as JSON."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping
from typing import Any

import ml_dtypes  # noqa: F401  NumPy knows bfloat16 by its name from here on.
import numpy as np


def arrays_to_bytes(arrays: Mapping[str, np.ndarray], *, compress: bool = True) -> bytes:
    """Returns arrays by name as the bytes of an `.npz` file.

    Args:
        arrays: by name.
        compress: whether to compress them: of floats that a network computed it saves a tenth.
    """
    buffer = io.BytesIO()
    save = np.savez_compressed if compress else np.savez
    save(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def arrays_from_bytes(data: bytes) -> dict[str, np.ndarray]:
    """Returns the arrays of an `.npz` file."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return dict(arrays)


def tree_to_bytes(tree: Any) -> bytes:
    """Returns a nested dict of arrays as the bytes of an `.npz` file.

    Each array has its type and the keys that lead to it, as JSON, for a name: keys may be numbers,
    and types such as bfloat16, which NumPy does not know, are kept.

    >>> tree = {"layers": {0: {"kernel": np.eye(2)}}}
    >>> tree_from_bytes(tree_to_bytes(tree))["layers"][0]["kernel"].shape
    (2, 2)
    """
    arrays = {json.dumps([str(a.dtype), *path]): a for path, a in leaves_by_path(tree)}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def tree_from_bytes(data: bytes) -> dict[Any, Any]:
    """Returns the nested dict of NumPy arrays that `tree_to_bytes` wrote."""
    tree: dict[Any, Any] = {}
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        for name, array in arrays.items():
            kind, *path, last = json.loads(name)
            place = tree
            for key in path:
                place = place.setdefault(key, {})
            place[last] = array.view(np.dtype(kind)) if array.dtype.kind == "V" else array
    return tree


def leaves_by_path(
    tree: Any, path: tuple[Any, ...] = ()
) -> list[tuple[tuple[Any, ...], np.ndarray]]:
    """Returns the arrays of a nested dict with the keys that lead to each."""
    if not isinstance(tree, dict):
        return [(path, np.asarray(tree))]
    return [found for key, part in tree.items() for found in leaves_by_path(part, (*path, key))]


def arrays_to_json(arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Returns arrays by name as plain JSON, to the last bit."""
    return {
        name: [str(a.dtype), a.shape, base64.b64encode(a.tobytes()).decode()]
        for name, a in arrays.items()
    }


def arrays_from_json(data: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Returns the arrays that `arrays_to_json` was given."""
    return {
        name: np.frombuffer(base64.b64decode(text), kind).reshape(shape)
        for name, (kind, shape, text) in data.items()
    }
