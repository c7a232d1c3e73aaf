"""Hyper-parameters to try: from texts or Python values to the types of the fields."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from xferlab.core.errors import InputError

Value = float | int | bool | str
"""What a hyper-parameter may be; the type of its default decides which."""

EXAMPLE = "for example dann.weight=0.1,1"
WORDS = {"true": True, "false": False}
KINDS: Mapping[type, str] = {
    bool: "true or false",
    int: "whole numbers",
    float: "finite numbers",
    str: "texts",
}


def parse_sweeps(
    texts: Sequence[str], resolve: Callable[[str], str] = str
) -> dict[str, dict[str, list[str]]]:
    """Returns the texts of the values to try by method and hyper-parameter.

    >>> parse_sweeps(["dann.weight=0.1,1"])
    {'dann': {'weight': ['0.1', '1']}}

    Args:
        texts: METHOD.HYPER=VALUE,VALUE,...
        resolve: returns the method's own spelling of a name; raises InputError for an unknown one.

    Raises:
        InputError: for a text of another form, and a hyper-parameter that stands twice.
    """
    sweeps: dict[str, dict[str, list[str]]] = {}
    for text in texts:
        name, _, listed = text.partition("=")
        method, _, hyper = (part.strip() for part in name.partition("."))
        values = [value.strip() for value in listed.split(",")]
        if not (method and hyper and all(values)):
            raise InputError(
                f"sweep {text!r} is not of the form METHOD.HYPER=VALUE,VALUE,..., {EXAMPLE}"
            )
        method = resolve(method)
        if hyper in sweeps.setdefault(method, {}):
            raise InputError(
                f"sweep {text!r}: {method}.{hyper} stands twice; give all its values in one,"
                f" {EXAMPLE}"
            )
        sweeps[method][hyper] = values
    return sweeps


def convert_value(name: str, value: Any, kind: type) -> Value:
    """Returns a value of a hyper-parameter as its type.

    Args:
        name: 'method.hyper', for messages.
        value: text of the command line, or a Python (or NumPy) value.
        kind: type of the default: bool, int, float or str.

    Raises:
        InputError: the value is not of that type, or not finite.
    """
    converted = _from_text(value, kind) if isinstance(value, str) else _from_python(value, kind)
    if converted is None:
        raise InputError(f"{name} is {value!r}. It takes {KINDS[kind]}, {EXAMPLE}")
    return converted


def _from_text(text: str, kind: type) -> Value | None:
    if kind is str:
        return text or None
    if kind is bool:
        return WORDS.get(text.lower())
    try:
        number = kind(text)
        return number if math.isfinite(number) else None
    except (ValueError, OverflowError):
        return None


def _from_python(value: Any, kind: type) -> Value | None:
    is_word = isinstance(value, bool | np.bool_)
    if kind is str or is_word != (kind is bool):
        return None
    try:
        converted = kind(value)
        return converted if converted == value and math.isfinite(converted) else None
    except (TypeError, ValueError, OverflowError):
        return None
