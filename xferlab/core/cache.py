"""Results of expensive pure functions, kept on disk under a key of everything they depend on.

An entry is one `.npy` file, written aside and renamed: another process sees a whole file or none.
Its name holds a hash of the function's name, its parameters and the bytes of its inputs, so that a
changed input never meets an old result; entries are never changed, and may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from xferlab.core.files import aside
from xferlab.core.seeds import canonical_json


def cached_array(
    name: str,
    compute: Callable[[], np.ndarray],
    *,
    content: Iterable[np.ndarray],
    parameters: Mapping[str, Any],
    folder: str | Path | None = None,
) -> np.ndarray:
    """Returns what `compute` returns, from the cache if it has been computed before.

    Where the folder cannot be written the result is returned all the same, with a warning; a
    damaged entry is computed anew.

    Args:
        name: of the computation; give another one when its code changes.
        compute: takes nothing, and returns an array that follows from content and parameters alone.
        content: the arrays that it reads.
        parameters: the plain values that it reads.
        folder: holds the entries; by default `cache_folder()`.
    """
    folder = cache_folder() if folder is None else Path(folder)
    path = folder / f"{name}-{_key(name, content, parameters)}.npy"
    entry = _read(path)
    if entry is None:
        entry = compute()
        _write(path, entry)
    return entry


def cache_folder() -> Path:
    """Returns `$XDG_CACHE_HOME/xferlab`, by default `~/.cache/xferlab`."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "xferlab"


def _key(name: str, content: Iterable[np.ndarray], parameters: Mapping[str, Any]) -> str:
    """Returns 32 hex digits of a SHA-256 over all that the result depends on."""
    hasher = hashlib.sha256(canonical_json([name, dict(parameters)]).encode())
    for array in content:
        hasher.update(canonical_json([str(array.dtype), array.shape]).encode())
        hasher.update(np.ascontiguousarray(array).data.cast("B"))
    return hasher.hexdigest()[:32]


def _read(path: Path) -> np.ndarray | None:
    """Returns an entry, or None where there is none or a damaged one."""
    try:
        with path.open("rb") as file:  # Closed here: np.load leaves a damaged file open.
            return np.lib.format.read_array(file, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None


def _write(path: Path, entry: np.ndarray) -> None:
    """Writes an entry; where that is impossible it says so."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with aside(path) as new:
            np.save(new, np.asarray(entry), allow_pickle=False)
    except OSError as error:
        warnings.warn(
            f"cannot keep a result in the cache {path.parent}: {error}. It is computed anew next "
            "time; set XDG_CACHE_HOME to a folder that can be written.",
            stacklevel=3,
        )
