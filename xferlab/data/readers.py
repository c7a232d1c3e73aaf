"""Domains from arrays, from `.npz` files and from image folders.

The plain form on disk is `<data_dir>/<dataset>/<anything>.npz` with the arrays x_train, y_train,
x_test and y_test (or x and y, which are split at random), and optionally class_names. Domains from
TFDS are in `xferlab.data.tfds_reader`.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse

from xferlab.core.errors import InputError
from xferlab.core.sparse import SparseRows
from xferlab.data.domain import Domain
from xferlab.data.split import Split, check_labels_in_range, clean_split, split_train_test

SPLIT_KEYS = ("x_train", "y_train", "x_test", "y_test")
WHOLE_KEYS = ("x", "y")
# What NumPy and zipfile raise on files that are cut off, damaged or something else altogether.
_DAMAGED = (
    OSError,
    ValueError,
    EOFError,
    RuntimeError,
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
)


def domain_from_arrays(
    name: str,
    inputs: Any,
    labels: np.ndarray,
    *,
    class_names: Sequence[str] | None = None,
    test: tuple[np.ndarray, np.ndarray] | float = 0.2,
    seed: int = 0,
) -> Domain:
    """Returns a domain of arrays in memory.

    Args:
        name: what tables and messages call the domain.
        inputs: uint8 images [n, h, w, c] or [n, h, w], numbers [n, ...] (kept as float32), or a
            SciPy sparse matrix [n, d] (kept sparse).
        labels: integers [n] in [0, k).
        class_names: k names; by default "0" ... up to the largest label.
        test: the inputs and labels of the test split, or the fraction of the examples that is
            drawn for it at random, class by class.
        seed: of that draw.

    Raises:
        InputError: see `Domain` and `split_train_test`.

    >>> domain = domain_from_arrays("mine", np.eye(10), np.arange(10) % 2, test=0.4)
    >>> domain.input_shape, domain.num_classes, len(domain.splits["test"].labels)
    ((10,), 2, 4)
    """
    where = f"domain {name!r}"
    train = clean_split(Split(_with_channel_axis(inputs), labels), where)
    if isinstance(test, tuple):
        held_out = clean_split(
            Split(_with_channel_axis(test[0]), test[1]), f"{where}, split 'test'"
        )
        names = _class_names(class_names, train, held_out)
        return Domain(name, {"train": train, "test": held_out}, names)
    names = _class_names(class_names, train)
    # Before the random draw, so that the index in a message is the caller's.
    check_labels_in_range(train.labels, len(names), where)
    return Domain(name, split_train_test(*train, test_fraction=test, seed=seed), names)


def _class_names(given: Sequence[str] | None, *splits: Split) -> tuple[str, ...]:
    """Returns the given names, or "0" ... up to the largest label of the splits."""
    if isinstance(given, str | bytes):
        raise InputError(
            f"class_names {given!r} is one text. Needed: one name for each class, such as"
            " ('cat', 'dog')"
        )
    if given is not None:
        return tuple(given)
    largest = max(int(split.labels.max()) for split in splits)
    return tuple(str(label) for label in range(largest + 1))


def _with_channel_axis(inputs: Any) -> Any:
    """Returns grey images [n, h, w] as [n, h, w, 1] and everything else as it is."""
    if isinstance(inputs, SparseRows) or scipy.sparse.issparse(inputs):
        return inputs
    inputs = np.asarray(inputs)
    return inputs[..., None] if inputs.dtype == np.uint8 and inputs.ndim == 3 else inputs


def domain_from_npz(
    path: str | Path, *, name: str | None = None, test_fraction: float = 0.2, seed: int = 0
) -> Domain:
    """Returns the domain of an `.npz` file in the plain form (see this module's first lines).

    Args:
        path: of the file.
        name: of the domain; by default the file's, without its ending.
        test_fraction: what is held out for testing where the file holds x and y alone.
        seed: of that draw.

    Raises:
        InputError: the file is missing, damaged, pickled or without the arrays named above, or
            they are no valid domain.
    """
    path = Path(path)
    arrays = read_npz(path)
    names = arrays.get("class_names")
    if all(key in arrays for key in SPLIT_KEYS):
        inputs, labels, *test = (arrays[key] for key in SPLIT_KEYS)
        held_out = (test[0], test[1])
    elif all(key in arrays for key in WHOLE_KEYS):
        inputs, labels = (arrays[key] for key in WHOLE_KEYS)
        held_out = test_fraction
    else:
        raise InputError(
            f"{path} holds the arrays {sorted(arrays)}. Allowed: {', '.join(SPLIT_KEYS)}, or "
            f"{' and '.join(WHOLE_KEYS)}; save it by np.savez(path, x_train=..., y_train=..., ...)."
        )
    return domain_from_arrays(
        name or path.stem,
        inputs,
        labels,
        class_names=None if names is None else [str(entry) for entry in names],
        test=held_out,
        seed=seed,
    )


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Returns every array of an `.npz` file; nothing pickled is ever loaded.

    Raises:
        InputError: the file is missing, damaged, not an `.npz` file, or holds pickled objects.
    """
    if not path.is_file():
        raise InputError(f"there is no file {path}. Give the path of an .npz file.")
    try:
        with path.open("rb") as file:  # Closed here: np.load leaves a damaged file open.
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("it is a single array.")
            return {key: archive[key] for key in archive.files}
    except _DAMAGED as error:
        raise InputError(
            f"cannot read {path}: {error} Allowed: a whole .npz archive of plain numeric or "
            "string arrays; pickled objects are refused because loading them can run code. Copy "
            f"{path.name} again from where it came, or save it anew by np.savez with plain arrays."
        ) from error
