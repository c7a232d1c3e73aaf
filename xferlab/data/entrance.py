"""What users hand in, made plain: arrays of any framework, names, counts and fractions.

Every reader and `Domain` itself pass through here, so that a value that one refuses is refused by
all, with the same words. What the values mean is checked where they are used.
"""

from __future__ import annotations

import numbers
import os
import unicodedata
from pathlib import Path
from typing import Any, cast

import numpy as np

from xferlab.core.errors import InputError

LONGEST_NAME = 200
"""Characters of the longest name."""
_UNPRINTABLE = ("Cc", "Cs", "Zl", "Zp")  # Controls, lone surrogates, separators of lines.


def as_array(values: Any, what: str) -> np.ndarray:
    """Returns the array that a list, a data frame or a tensor holds, without changing a value.

    Args:
        values: what `np.asarray` or DLPack can read. Formats of less than 32 bits that NumPy lacks
            (bfloat16) become float32, which holds them exactly.
        what: the beginning of an error message, such as "domain 'usps': inputs".

    Raises:
        InputError: rows of unequal length, masked values, tensors that keep their values to
            themselves (a gradient, another device), or no array at all.
    """
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise InputError(
            f"{what}: {int(np.ma.getmaskarray(values).sum())} of {values.size} values are masked."
            " Allowed: arrays without masked values; fill them in or remove their examples"
        )
    try:
        array = np.asarray(values)
        if array.dtype == object and array.ndim == 0:
            array = _from_dlpack(values, array)
    except Exception as error:  # What an object of another framework raises is its own affair.
        reason = (str(error).splitlines() or [""])[0].rstrip(".")
        raise InputError(
            f"{what} of type {_type_name(values)} cannot be read as one array ({reason})."
            " Allowed: arrays and lists of one shape throughout; bring examples to one size, and"
            " detach a tensor and copy it to the host first"
        ) from error
    if array.dtype.kind == "V" and array.dtype.names is None and _fits_float32(array.dtype):
        array = array.astype(np.float32)
    if array.dtype.kind in "OSUV" or array.ndim == 0:
        _refuse_other(values, array, what)
    return array


def _from_dlpack(values: Any, otherwise: np.ndarray) -> np.ndarray:
    return np.from_dlpack(values) if hasattr(values, "__dlpack__") else otherwise


def _fits_float32(dtype: np.dtype) -> bool:
    return dtype.itemsize < 4 and np.can_cast(dtype, np.float32)


def _refuse_other(values: Any, array: np.ndarray, what: str) -> None:
    """Raises InputError for what is no array of numbers, by the name of its type."""
    if array.ndim == 0:
        raise InputError(
            f"{what}: {_type_name(values)} holds no examples. Allowed: arrays with one axis or"
            " more, lists of such, data frames, tensors on the host, SciPy's sparse matrices"
        )
    if array.dtype.kind == "O" and array.size:
        kinds = sorted({_type_name(each) for each in array.ravel()[:1000].tolist()})
        raise InputError(
            f"{what} have dtype object, with values of type {', '.join(kinds[:4])}. Allowed: uint8"
            " images, or real numbers; encode text and categories as numbers, fill in what is"
            " missing, and convert by .astype(float)"
        )


def _type_name(value: Any) -> str:
    return type(value).__qualname__


def clean_name(name: Any, what: str, *, path_like: bool = True) -> str:
    """Returns a name as text: a string, UTF-8 bytes or an integer, in Unicode's composed form.

    Args:
        name: of a domain, or of a class.
        what: what messages call it, such as "a class name of domain 'usps'".
        path_like: whether slashes are allowed.

    Raises:
        InputError: of another type, blank, longer than `LONGEST_NAME`, or with characters that no
            table and no file name can hold.
    """
    if isinstance(name, bytes):
        name = name.decode("utf-8", "surrogateescape")
    if isinstance(name, numbers.Integral) and not isinstance(name, bool):
        name = int(name)
    elif not isinstance(name, str):
        raise InputError(
            f"{what} is {name!r}, of type {_type_name(name)}. Allowed: text (or bytes in UTF-8,"
            " or an integer)"
        )
    text = unicodedata.normalize("NFC", str(name))
    if not text.strip() or len(text) > LONGEST_NAME:
        raise InputError(
            f"{what} is {text[:40]!r}, of {len(text)} characters. Allowed: 1 to {LONGEST_NAME}"
            " characters, not spaces alone"
        )
    bad = [c for c in text if unicodedata.category(c) in _UNPRINTABLE]
    if not path_like:
        bad += [c for c in text if c in "/\\"] + ([text] if text in (".", "..") else [])
    if bad:
        raise InputError(
            f"{what} is {text!r}, which has {bad[0]!r}. Allowed: what can stand in a table"
            f"{'' if path_like else ' and in the name of a file'}; give another name"
        )
    return text


def fraction(value: Any, what: str) -> float:
    """Returns a number above 0 and below 1. Raises InputError for any other value."""
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not real or not 0 < cast(Any, value) < 1:  # A NaN is not, either.
        raise InputError(
            f"{what} {value!r} is out of range. Allowed: above 0 and below 1, for instance 0.2; or"
            " give the test examples themselves."
        )
    return float(value)


def as_path(value: Any) -> Path:
    """Returns a path. Raises InputError for what is neither text nor a path."""
    if not isinstance(value, str | os.PathLike) or not str(value):
        raise InputError(f"{value!r} of type {_type_name(value)} is no path. Allowed: text, a Path")
    return Path(value)
