"""Arrays of MATLAB files, as several data sets are published in."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import scipy.io
from scipy.io.matlab import MatReadError

from xferlab.core.errors import InputError
from xferlab.data.readers.archives import ALWAYS_ALLOWED, check_unpacked, memory_bytes

COMPRESSED = 15
"""The type of a deflated element in a file of version 5, whose header has 128 bytes."""
_DEFLATE_RATIO = 1032
_PIECE = 2**16

_DAMAGED = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    EOFError,
    IndexError,
    NotImplementedError,  # A file of version 7.3, which is HDF5.
    MemoryError,
    MatReadError,
    zlib.error,
)


def read_mat(path: Path, *names: str) -> list[np.ndarray]:
    """Returns numeric arrays of a MATLAB file by name.

    Raises:
        InputError: the file is missing, damaged or of version 7.3, has no such numeric array, or
            becomes too large (see `archives.check_unpacked`).
    """
    if not path.is_file():
        raise InputError(f"there is no file {path}. Copy or unpack the data set again.")
    _check_unpacked(path)
    try:
        content = scipy.io.loadmat(path, variable_names=names)
    except _DAMAGED as error:
        raise InputError(
            f"cannot read {path}: {error} Allowed: whole MATLAB files of version 4 to 7.2; copy "
            "the file again, or save it anew in MATLAB with save -v7."
        ) from error
    for name in names:
        if name not in content or content[name].dtype.kind not in "biuf":
            found = sorted(entry[0] for entry in scipy.io.whosmat(path))
            raise InputError(
                f"{path} has no numeric array {name!r}; it holds {', '.join(found) or 'nothing'}. "
                f"Needed: {', '.join(names)}; is it a file of this data set?"
            )
    return [content[name] for name in names]


def _check_unpacked(path: Path) -> None:
    """Raises InputError if the deflated elements of a file become too large together."""
    content = path.read_bytes()
    if len(content) * _DEFLATE_RATIO <= ALWAYS_ALLOWED:
        return
    order = "big" if content[126:128] == b"MI" else "little"
    at, unpacked, room = 128, 0, memory_bytes()
    while at + 8 <= len(content):
        kind, size = (int.from_bytes(content[i : i + 4], order) for i in (at, at + 4))
        at += 8
        stream = zlib.decompressobj()
        for start in range(at, min(at + size, len(content)) if kind == COMPRESSED else at, _PIECE):
            try:
                unpacked += len(stream.decompress(content[start : min(start + _PIECE, at + size)]))
            except zlib.error:
                return  # Reading says what is wrong with it.
            check_unpacked(path, unpacked, room)
        at += size
