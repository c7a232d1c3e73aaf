"""The files that texts and counts of words are in.

The readers check what they read and name the file, and the line or the byte, that is wrong.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse

from xferlab.core.errors import InputError
from xferlab.core.optional import require
from xferlab.data.readers.archives import read_gzip
from xferlab.data.split import Split


def read_text(path: Path, encoding: str = "utf-8") -> str:
    """Returns the text of a file, without a byte-order mark.

    Raises:
        InputError: no such file, an unknown encoding, or bytes that are not of this encoding.
    """
    try:
        return path.read_bytes().decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{path} is not {encoding}: byte 0x{error.object[error.start]:02x} at position "
            f"{error.start} (line {line}). Save it as {encoding}, or say what it is, for instance "
            "encoding='latin-1', 'cp1252' or 'utf-16'."
        ) from error
    except (LookupError, TypeError) as error:
        raise InputError(
            f"unknown encoding {encoding!r}. Allowed: what Python knows, for instance 'utf-8', "
            "'latin-1', 'cp1252' or 'utf-16'."
        ) from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error}. Give the path of a text file.") from error


def read_json_lines(path: Path, fields: Sequence[str]) -> list[dict[str, Any]]:
    """Returns the objects of a file of gzipped JSON lines (UTF-8).

    Raises:
        InputError: no such file, one that is cut off or damaged, another encoding, or a line that
            is no object with these fields.
    """
    try:
        content = read_gzip(path).decode()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InputError(
            f"cannot read {path}: {error}. Expected: a whole gzip file of UTF-8 text; it may be a "
            "partial download, get it anew."
        ) from error
    # Not splitlines(): texts may hold other line separators of Unicode.
    lines = content.removesuffix("\n").split("\n")
    return [_json_object(path, number, line, fields) for number, line in enumerate(lines, 1)]


def _json_object(path: Path, number: int, line: str, fields: Sequence[str]) -> dict[str, Any]:
    """Returns the object of one line, checked for its fields."""
    try:
        record = json.loads(line)
    except ValueError as error:
        raise InputError(
            f"{path}, line {number} is no JSON: {error}. Get the file anew."
        ) from error
    missing = [field for field in fields if not isinstance(record, dict) or field not in record]
    if missing:
        raise InputError(
            f"{path}, line {number} has no {', '.join(missing)}. Needed in each line: an object "
            f"with {', '.join(fields)}; get the file anew."
        )
    return record


def check_labels(labels: Sequence[Any], num_classes: int, path: Path) -> np.ndarray:
    """Returns labels as int32 [n]; raises InputError for the first that is not in [0, k)."""
    for number, label in enumerate(labels, 1):
        if label not in range(num_classes):
            raise InputError(
                f"{path}: example {number} has the label {label!r}. Allowed: 0 to "
                f"{num_classes - 1}; the file is another one, or damaged."
            )
    return np.array(labels, np.int32)


def compressed_rows(arrays: Mapping[str, np.ndarray], prefix: str, width: int, path: Path) -> Split:
    """Returns the examples `<prefix>_data`, `_indices`, `_indptr` and `_y` of an `.npz` file.

    Raises:
        InputError: one of these is missing, or they are no matrix with `width` columns.
    """
    keys = [f"{prefix}_{part}" for part in ("data", "indices", "indptr", "y")]
    missing = [key for key in keys if key not in arrays]
    if missing:
        raise InputError(f"{path} has no {', '.join(missing)}: it is another file, or not whole.")
    data, indices, indptr, labels = (arrays[key] for key in keys)
    try:
        parts = (data.astype(np.float32), indices.astype(np.int32), indptr)
        rows = scipy.sparse.csr_array(parts, shape=(len(labels), width))
        rows.check_format(full_check=True)
    except (ValueError, TypeError) as error:
        raise InputError(f"{path}: {prefix} is no sparse matrix: {error}. Get it anew.") from error
    return Split(rows, check_labels(labels.tolist(), 2, path))


def read_svmlight(path: Path, *, width: int | None = None) -> Split:
    """Returns the examples of lines `<-1 or 1> <column>:<count> ...`, columns from 0.

    Args:
        path: of the file.
        width: number of columns; by default what the largest needs.

    Raises:
        InputError: no such file, a line of another form, another label, or a column beyond.
    """
    load = require("sklearn.datasets", "scikit-learn").load_svmlight_file
    try:
        rows, signs = load(str(path), n_features=width, zero_based=True, dtype=np.float32)
    except (OSError, ValueError, OverflowError) as error:
        raise InputError(
            f"cannot read {path}: {error}. Expected: lines of a label and column:count pairs"
            f"{f', columns below {width}' if width else ''}; it may be partial, get it anew."
        ) from error
    other = np.flatnonzero(~np.isin(signs, (-1, 1)))
    if other.size:
        raise InputError(
            f"{path}, line {other[0] + 1}: label {signs[other[0]]:g}. Allowed: -1 and 1."
        )
    return Split(scipy.sparse.csr_array(rows), (signs > 0).astype(np.int32))
