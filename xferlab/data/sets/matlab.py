"""Arrays of MATLAB files, as several data sets are published in."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import scipy.io
from scipy.io.matlab import MatReadError

from xferlab.core.errors import InputError

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
        InputError: the file is missing, damaged or of version 7.3, or has no such numeric array.
    """
    if not path.is_file():
        raise InputError(f"there is no file {path}. Copy or unpack the data set again.")
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
