"""The plain form on disk, in which every data set of the catalogue ends.

`<data_dir>/<data set>/<domain>.npz` holds

- `x_train`, `y_train`, `x_test`, `y_test`; or `x` and `y` where no split is published;
- `class_names`, strings in the order of the labels.

Inputs that are mostly zero are compressed rows: instead of `x_train` there are `x_train_data`,
`x_train_indices`, `x_train_indptr` and `x_train_shape` (`x_...` and `x_test_...` likewise), the
arrays of SciPy's `csr_array`. Files are written aside and renamed; pickled objects are refused.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse

from xferlab.core.errors import InputError
from xferlab.core.files import aside, disk_errors
from xferlab.core.seeds import canonical_json
from xferlab.core.sparse import SparseRows
from xferlab.data.raw import RawDomain
from xferlab.data.readers.arrays import read_npz
from xferlab.data.split import Split

SPARSE_PARTS = ("data", "indices", "indptr", "shape")


def is_plain(path: Path) -> bool:
    """Tells whether a file is in the plain form: an `.npz` archive that names its classes.

    Authors' and repacked files may have the same name, and have no `class_names`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return "class_names.npy" in archive.namelist()
    except FileNotFoundError:
        return False
    except (OSError, zipfile.BadZipFile):
        return path.is_file()  # Damaged: reading it says so.


def write_plain(folder: Path, domain: str, raw: RawDomain) -> Path:
    """Writes a domain in the plain form; whoever reads sees the old file or the whole new one.

    Returns:
        The file, `<folder>/<domain>.npz`.

    Raises:
        InputError: the disk is full or the folder cannot be written.
    """
    arrays: dict[str, np.ndarray] = {"class_names": np.array(raw.class_names, np.str_)}
    for suffix, split in _parts(raw).items():
        arrays |= {f"x{suffix}{key}": array for key, array in _input_arrays(split.inputs).items()}
        arrays[f"y{suffix}"] = np.asarray(split.labels, np.int32)
    path = folder / f"{domain}.npz"
    with disk_errors(path, option="--data_dir"):
        folder.mkdir(parents=True, exist_ok=True)
        with aside(path) as new:
            np.savez_compressed(new, **arrays)  # type: ignore[arg-type]
    return path


def read_plain(path: Path) -> RawDomain:
    """Returns the domain of a file in the plain form.

    Raises:
        InputError: the file is missing, damaged, pickled, or without the arrays of the plain form.
    """
    arrays = read_npz(path)
    suffixes = ("_train", "_test") if "y_train" in arrays else ("",)
    try:
        names = tuple(str(name) for name in arrays["class_names"])
        splits = [Split(_read_inputs(arrays, f"x{s}"), arrays[f"y{s}"]) for s in suffixes]
    except (KeyError, ValueError, TypeError) as error:
        raise InputError(
            f"{path} is not in the plain form: {error}. It holds {', '.join(sorted(arrays))}."
            " Needed: class_names and x_train, y_train, x_test, y_test, or x, y; remove the file"
            " and run `xferlab data prepare` or `import` again"
        ) from error
    return RawDomain(splits[0], splits[1] if len(splits) > 1 else None, names)


def content_digest(raw: RawDomain) -> str:
    """Returns 16 hex digits of a SHA-256 over classes, labels and inputs, however stored.

    Inputs count as a domain keeps them: uint8, or float32.
    """
    hasher = hashlib.sha256(canonical_json(raw.class_names).encode())
    for suffix, split in _parts(raw).items():
        arrays = _input_arrays(split.inputs) | {"y": np.asarray(split.labels, np.int32)}
        for key, array in arrays.items():
            if array.dtype.kind == "f" or key == "_data":
                array = array.astype(np.float32)
            hasher.update(canonical_json([suffix, key, str(array.dtype), array.shape]).encode())
            hasher.update(np.ascontiguousarray(array).data.cast("B"))
    return hasher.hexdigest()[:16]


def _parts(raw: RawDomain) -> dict[str, Split]:
    """Returns the splits by the suffix of their keys."""
    return {"": raw.train} if raw.test is None else {"_train": raw.train, "_test": raw.test}


def _input_arrays(inputs: Any) -> dict[str, np.ndarray]:
    """Returns the arrays of inputs by what follows x_train in their keys; sparse ones sorted."""
    if not (isinstance(inputs, SparseRows) or scipy.sparse.issparse(inputs)):
        return {"": np.asarray(inputs)}
    rows = inputs.to_scipy() if isinstance(inputs, SparseRows) else inputs
    rows = scipy.sparse.csr_array(rows, copy=True)
    rows.sum_duplicates()
    whole = np.array(rows.shape, np.int64)
    parts = (rows.data, rows.indices.astype(np.int32), rows.indptr.astype(np.int64), whole)
    return {f"_{part}": array for part, array in zip(SPARSE_PARTS, parts, strict=True)}


def _read_inputs(arrays: Mapping[str, np.ndarray], key: str) -> Any:
    """Returns dense or sparse inputs. Raises KeyError or ValueError where they are not whole."""
    if f"{key}_data" not in arrays:
        return arrays[key]
    data, indices, indptr, shape = (arrays[f"{key}_{part}"] for part in SPARSE_PARTS)
    rows = scipy.sparse.csr_array((data, indices, indptr), shape=tuple(map(int, shape)))
    rows.check_format(full_check=True)
    return rows
