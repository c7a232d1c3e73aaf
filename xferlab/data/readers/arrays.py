"""Domains from arrays, from `.npz` files and from image folders.

The plain form on disk is `<data_dir>/<dataset>/<anything>.npz` with the arrays x_train, y_train,
x_test and y_test (or x and y, which are split at random), and optionally class_names. Without y, no
label is known. Domains from TFDS are in `xferlab.data.readers.tfds`.
"""

from __future__ import annotations

import dataclasses
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from xferlab.core.errors import InputError
from xferlab.core.heads import FIRST, Head
from xferlab.core.inputs import Modalities, StoredRows, map_parts
from xferlab.data.clean_inputs import is_sparse
from xferlab.data.domain import Domain, clean_class_names
from xferlab.data.entrance import as_array, as_path, clean_name
from xferlab.data.labels import (
    all_missing,
    check_labels_in_range,
    integer_labels,
    is_all_missing,
    part_masked,
)
from xferlab.data.readers.archives import check_listed, check_unpacked, memory_bytes
from xferlab.data.split import Split, clean_split, split_train_test

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
    labels: Any = None,
    *,
    class_names: Sequence[str] | None = None,
    test: tuple[Any, Any] | float | None = None,
    seed: int = 0,
) -> Domain:
    """Returns a domain of arrays in memory.

    Arrays are what `np.asarray` or DLPack can read: lists, data frames, tensors on the host.

    Args:
        name: what tables and messages call the domain.
        inputs: uint8 images [n, h, w, c] or [n, h, w], numbers [n, ...] (kept as float32), or a
            SciPy sparse matrix [n, d] (kept sparse); `StoredRows`, which stay on disk; `Modalities`
            of such, of the same examples.
        labels: integers [n]: in [0, k), or without `class_names` any from 0. Those that occur are
            then numbered in their order. Masked ones (`np.ma.masked_array`) are missing; None, and
            nothing but -1, where all are. With more heads a mapping, {"class": classes,
            Head("slant", "numbers", 1): slants}: the labels of the others are [n] or [n, size],
            masked or NaN where one is missing.
        class_names: k names, label i means the i-th; by default each label is the name of its
            class. Without a single label there are none: a task takes those of its source.
        test: the inputs and labels of the test split, or the fraction of the examples that is
            drawn for it at random, class by class. By default 0.2; where no label is known, all
            examples are in both splits, as none needs to be held out.
        seed: of that draw.

    Raises:
        InputError: see `Domain` and `split_train_test`.

    >>> domain = domain_from_arrays("mine", np.eye(10), np.arange(10) % 2, test=0.4)
    >>> domain.input_shape, domain.num_classes, len(domain.splits["test"].labels)
    ((10,), 2, 4)
    """
    name = clean_name(name, "a domain's name", path_like=False)
    pairs = {f"domain {name!r}": (inputs, labels)}
    if isinstance(test, tuple | list):
        pairs[f"domain {name!r}, split 'test'"] = _pair(test, name)
    elif test is None and is_all_missing(labels):
        pairs[f"domain {name!r}, split 'test'"] = (inputs, labels)
    heads = _heads_beside(pairs)
    given = {where: _as_given(*pair, where) for where, pair in pairs.items()}
    chosen, numbered, notes = _named_classes(given, class_names)
    cleaned = [
        clean_split(dataclasses.replace(split, labels=numbered[where]), where, heads)
        for where, split in given.items()
    ]
    names = clean_class_names(chosen, name)
    notes = (*notes, *_missing_notes(cleaned, heads))
    if len(cleaned) == 2:
        return Domain(name, {"train": cleaned[0], "test": cleaned[1]}, names, notes, heads)
    # Before the random draw, so that the index in a message is the caller's.
    where, whole = next(iter(given)), cleaned[0]
    check_labels_in_range(whole.labels, len(names), where, whole.known)
    splits = _drawn(whole, test_fraction=0.2 if test is None else cast(float, test), seed=seed)
    return Domain(name, splits, names, notes, heads)


def _pair(test: Any, name: str) -> tuple[Any, Any]:
    """Returns the inputs and labels of a test split."""
    if len(test) != 2:
        raise InputError(
            f"domain {name!r}: test is a {type(test).__name__} of {len(test)}. Allowed: (inputs,"
            " labels), or a fraction above 0 and below 1"
        )
    return test[0], test[1]


def _heads_beside(pairs: Mapping[str, tuple[Any, Any]]) -> tuple[Head, ...]:
    """Returns the heads beside the classes.

    Raises:
        InputError: labels by head without classes, or of other heads in the test split.
    """
    keys = [tuple(ys) if isinstance(ys, Mapping) else (FIRST,) for _, ys in pairs.values()]
    for where, own in zip(pairs, keys, strict=True):
        if set(own) != set(keys[0]) or FIRST not in own:
            raise InputError(
                f"{where}: labels are of {list(own)}. Needed: the classes under {FIRST!r}, and the"
                " same heads in both splits, {'class': ..., Head('slant', 'numbers', 1): ...}"
            )
    return tuple(key for key in keys[0] if not isinstance(key, str))


def _as_given(inputs: Any, labels: Any, where: str) -> Split:
    """Returns examples before they are cleaned: integer classes, and which of them are known."""
    beside = {}
    if isinstance(labels, Mapping):
        beside = {head: values for head, values in labels.items() if head != FIRST}
        labels = labels[FIRST]
    inputs = _with_channel_axis(inputs, where)
    plain, known = part_masked(all_missing(len(inputs)) if is_all_missing(labels) else labels)
    classes = _filled(integer_labels(plain, where), known)
    return Split(inputs, classes, known, tuple(beside.values()))


def _missing_notes(splits: Sequence[Split], heads: Sequence[Head]) -> Iterator[str]:
    """Yields how many labels are missing, head by head."""
    names = (FIRST, *(head.name for head in heads))
    for place, name in enumerate(names):
        masks = [split.by_head[place].known for split in splits]
        missing = sum(0 if mask is None else int((~mask).sum()) for mask in masks)
        if missing:
            total = sum(len(split.labels) for split in splits)
            yield f"{missing} of {total} labels of head {name!r} are missing"


def _drawn(whole: Split, *, test_fraction: float, seed: int) -> dict[str, Split]:
    """Returns a random train and test split, see `split_train_test`."""
    rows = np.arange(len(whole.labels))
    classes = _filled(whole.labels, whole.known)
    drawn = split_train_test(rows, classes, test_fraction=test_fraction, seed=seed)
    return {part: whole.take(split.inputs) for part, split in drawn.items()}


def _filled(labels: np.ndarray, known: np.ndarray | None) -> np.ndarray:
    """Returns labels with one that is known wherever they are missing, for what counts classes."""
    if known is None or not known.any():
        return labels
    return np.where(known, labels, labels[known.argmax()])


def _named_classes(
    given: Mapping[str, Split], names: Sequence[str] | None
) -> tuple[Sequence[str], dict[str, np.ndarray], tuple[str, ...]]:
    """Returns class names, labels numbered from 0, and what to say of it."""
    labels = {where: split.labels for where, split in given.items()}
    if names is not None:
        return names, labels, ()
    labelled = {where: labels[where] for where, split in given.items() if not split.unlabelled}
    chosen, numbered, notes = _by_label(labelled)
    return chosen, labels | numbered, notes


def _by_label(
    labels: Mapping[str, np.ndarray],
) -> tuple[tuple[str, ...], dict[str, np.ndarray], tuple[str, ...]]:
    """Returns class names, labels numbered from 0, and what to say of it, if no names are given."""
    for where, values in labels.items():
        if values.size and int(values.min()) < 0:
            check_labels_in_range(values, int(values.max()) + 1, where)
    # Lists of Python's integers, as NumPy joins int64 and uint64 to float64.
    classes = sorted({label for values in labels.values() for label in np.unique(values).tolist()})
    names = tuple(map(str, classes))
    if classes == list(range(len(classes))):
        return names, dict(labels), ()
    numbered = {where: np.searchsorted(classes, values) for where, values in labels.items()}
    shown = ", ".join(names if len(names) <= 6 else (*names[:3], "...", names[-1]))
    return names, numbered, (f"the {len(names)} classes are called by their labels, {shown}",)


def _with_channel_axis(inputs: Any, where: str) -> Any:
    """Returns grey images [n, h, w] as [n, h, w, 1] and everything else as an array."""
    if isinstance(inputs, Modalities):
        return map_parts(lambda part: _with_channel_axis(part, where), inputs)
    if is_sparse(inputs) or isinstance(inputs, StoredRows):
        return inputs
    inputs = as_array(inputs, f"{where}: inputs")
    return inputs[..., None] if inputs.dtype == np.uint8 and inputs.ndim == 3 else inputs


def domain_from_npz(
    path: str | Path, *, name: str | None = None, test_fraction: float | None = None, seed: int = 0
) -> Domain:
    """Returns the domain of an `.npz` file in the plain form (see this module's first lines).

    Args:
        path: of the file.
        name: of the domain; by default the file's, without its ending.
        test_fraction: what is held out for testing where the file holds x and y alone; by default
            0.2, and nothing without y.
        seed: of that draw.

    Raises:
        InputError: the file is missing, damaged, pickled or without the arrays named above, or
            they are no valid domain; or examples beside these, such as x_val; or other arrays where
            there is no y, as labels may be among them.
    """
    path = as_path(path)
    arrays = read_npz(path)
    names = arrays.get("class_names")
    if "x_train" in arrays and "x_test" in arrays:
        inputs, labels = arrays["x_train"], arrays.get("y_train")
        held_out = (arrays["x_test"], arrays.get("y_test"))
    elif "x" in arrays:
        inputs, labels, held_out = arrays["x"], arrays.get("y"), test_fraction
    else:
        raise InputError(
            f"{path} holds the arrays {sorted(arrays)}. Allowed: {', '.join(SPLIT_KEYS)}, or "
            f"{' and '.join(WHOLE_KEYS)}; save it by np.savez(path, x_train=..., y_train=..., ...)."
        )
    keys = SPLIT_KEYS if "x_train" in arrays else WHOLE_KEYS
    others = sorted(set(arrays) - {*keys, "class_names"})
    examples = [key for key in others if key.startswith(("x", "y"))]
    if examples:
        raise InputError(
            f"{path} has, beside {', '.join(keys)}, {', '.join(examples)}, which would be left"
            " out. Remove them, or put their examples into the training or the test split"
        )
    lacking = sorted({"y_train", "y_test"} - set(arrays)) if "x_train" in arrays else ["y"]
    if others and not set(lacking) <= set(arrays):
        raise InputError(
            f"{path} lacks {', '.join(lacking)}, and has {', '.join(others)}. If the labels are"
            f" there, call them {lacking[0]}; examples without labels stand alone in their file"
        )
    domain = domain_from_arrays(
        name or path.stem,
        inputs,
        labels,
        class_names=None if names is None else np.atleast_1d(names).tolist(),
        test=held_out,
        seed=seed,
    )
    note = (f"{path.name} has other arrays, left out: {', '.join(others)}",) if others else ()
    return dataclasses.replace(domain, notes=(*domain.notes, *note))


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Returns every array of an `.npz` file; nothing pickled is ever loaded.

    Raises:
        InputError: the file is missing, damaged, not an `.npz` file, holds pickled objects, or
            becomes too large (see `archives.check_unpacked`).
    """
    if not path.is_file():
        raise InputError(f"there is no file {path}. Give the path of an .npz file.")
    try:
        with path.open("rb") as file:  # Closed here: np.load leaves a damaged file open.
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("it is a single array.")
            entries = zipfile.ZipFile(file).infolist()
            check_listed(file, len(entries))
            check_unpacked(path, sum(entry.file_size for entry in entries), memory_bytes())
            return {key: archive[key] for key in archive.files}
    except InputError:
        raise
    except _DAMAGED as error:
        raise InputError(
            f"cannot read {path}: {error} Allowed: a whole .npz archive of plain numeric or "
            "string arrays; pickled objects are refused because loading them can run code. Copy "
            f"{path.name} again from where it came, or save it anew by np.savez with plain arrays."
        ) from error
