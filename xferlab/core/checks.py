"""Checks of what a user gives: numbers of the right kind, within their range."""

from __future__ import annotations

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


def whole_number(name: str, value: Any, *, least: int) -> int:
    """Returns a whole number of Python or NumPy as an int.

    Raises:
        InputError: it is another thing (True and 2.0 are), or below `least`.
    """
    if not isinstance(value, numbers.Integral) or isinstance(value, bool):
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
