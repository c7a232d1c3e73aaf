"""Trees of arrays as bytes: nested dicts in NumPy's `.npz`, without pickles."""

from __future__ import annotations

import io
import json
from typing import Any

import jax.numpy as jnp
import numpy as np


def tree_to_bytes(tree: Any) -> bytes:
    """Returns a nested dict of arrays as the bytes of an `.npz` file.

    Each array has its type and the keys that lead to it, as JSON, for a name: keys may be numbers,
    and types such as bfloat16, which NumPy does not know, are kept.

    >>> tree = {"layers": {0: {"kernel": np.eye(2)}}}
    >>> tree_from_bytes(tree_to_bytes(tree))["layers"][0]["kernel"].shape
    (2, 2)
    """
    arrays = {json.dumps([str(a.dtype), *path]): a for path, a in _leaves(tree, ())}
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
            place[last] = array.view(jnp.dtype(kind)) if array.dtype.kind == "V" else array
    return tree


def _leaves(tree: Any, path: tuple[Any, ...]) -> list[tuple[tuple[Any, ...], np.ndarray]]:
    if not isinstance(tree, dict):
        return [(path, np.asarray(tree))]
    return [found for key, part in tree.items() for found in _leaves(part, (*path, key))]
