"""Checks of what a user gives: numbers of the right kind, within their range."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from typing import Any

from xferlab.core.errors import InputError


def shown(value: Any) -> str:
    """Returns a value as a message shows it: on one line, short, with its type if it is no text.

    >>> shown(2.5)
    '2.5 (float)'
    """
    text = " ".join(repr(value).split())
    short = text if len(text) <= 60 else f"{text[:57]}..."
    return short if isinstance(value, str) else f"{short} ({type(value).__name__})"


def check_type(name: str, value: Any, kind: type | tuple[type, ...], give: str) -> None:
    """Raises InputError for a value of another type; `give` says what to give instead."""
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise InputError(f"{name} is {shown(value)}. Give {give}")


def finite_number(name: str, value: Any, *, least: float | None = None) -> float:
    """Returns a finite number of Python or NumPy as a float.

    Raises:
        InputError: it is another thing, NaN or infinite, or below `least`.
    """
    check_type(name, value, numbers.Real, "a finite number")
    if not math.isfinite(value) or (least is not None and value < least):
        bound = f" of at least {least}" if least is not None else ""
        raise InputError(f"{name} is {value}. Give a finite number{bound}")
    return float(value)


def whole_number(name: str, value: Any, *, least: int, most: int | None = None) -> int:
    """Returns a whole number of Python or NumPy as an int.

    Raises:
        InputError: it is another thing (True and 2.0 are), below `least` or above `most`.
    """
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if most is not None and not (whole and least <= int(value) <= most):
        raise InputError(f"{name} is {value!r}. Allowed: a whole number from {least} to {most}")
    if not whole:
        raise InputError(f"{name} is {shown(value)}. Give a whole number of at least {least}")
    if value < least:
        raise InputError(f"{name} is {value}; it must be at least {least}")
    return int(value)


def whole_numbers(name: str, values: Any, *, least: int) -> tuple[int, ...]:
    """Returns a tuple of whole numbers.

    Raises:
        InputError: it is no sequence of them, or one is below `least`.
    """
    if not isinstance(values, Sequence) or isinstance(values, str | bytes):
        raise InputError(f"{name} is {shown(values)}. Give a tuple of whole numbers, such as (64,)")
    for value in values:
        if not isinstance(value, numbers.Integral) or isinstance(value, bool) or value < least:
            raise InputError(
                f"{name} is {tuple(values)}; each must be at least {least}, and a whole number"
            )
    return tuple(map(int, values))
