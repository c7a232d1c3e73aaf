"""Frozen dataclasses that are JAX pytrees: numbers are leaves, structure is static.

Their fields are checked where a user makes an object. JAX makes them too, with tracers and
placeholders in the place of numbers; it does so past the constructor.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
import numbers
from typing import Any, TypeVar, dataclass_transform

import jax
import jax.numpy as jnp
import numpy as np

from xferlab.core.errors import InputError

T = TypeVar("T")
_ACCEPTED = {bool: bool, int: numbers.Integral, float: numbers.Real, str: str}
"""What a structural field takes by the type of its default; other types are not checked."""


def static(
    *, default: Any = dataclasses.MISSING, least: float = -math.inf, most: float = math.inf
) -> Any:
    """Declares a structural field: part of the tree's structure, never traced or stacked.

    Args:
        default: its value where none is given; the field takes values of its type.
        least: the smallest allowed value, where it is a number.
        most: the largest.
    """
    bounds = {"static": True, "least": least, "most": most}
    return dataclasses.field(default=default, metadata=bounds)


def number(*, default: float, least: float = -math.inf, most: float = math.inf) -> Any:
    """Declares a numeric field with bounds; a plain `name: float = 1.0` has none."""
    return dataclasses.field(default=default, metadata={"least": least, "most": most})


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(static, number))
def pytree_dataclass(cls: type[T]) -> type[T]:
    """Makes a class a frozen, keyword-only dataclass and registers it as a pytree.

    Fields declared with `static()`, and those whose default is no float, are structural; the
    others are leaves. A sweep is an instance whose leaves are stacked. A field that is annotated
    `float` may have a default such as 1: it is a float all the same.

    The class's constructor raises InputError for a leaf that is no finite real number within its
    bounds (or an array of such numbers), and for a structural value of another type than its
    default or that cannot be hashed.
    """
    for name, annotation in inspect.get_annotations(cls).items():
        default = cls.__dict__.get(name)
        if annotation in ("float", float) and type(default) is int:
            setattr(cls, name, float(default))
    own_check = cls.__dict__.get("__post_init__")

    def check(self: Any) -> None:
        for field in dataclasses.fields(self):
            _check_field(self, field)
        if own_check is not None:
            own_check(self)

    cls.__post_init__ = check  # type: ignore[attr-defined]
    data_class: Any = dataclasses.dataclass(frozen=True, kw_only=True)(cls)
    fields = dataclasses.fields(data_class)
    leaves = [f.name for f in fields if _is_leaf(f)]
    _register(data_class, leaves, [f.name for f in fields if f.name not in leaves])
    return data_class


def plain_fields(tree: Any) -> dict[str, type]:
    """Returns the type of each field whose default is a bool, a number or a text.

    These may be swept: leaves within one program, structural fields in a program for each value.
    """
    kinds = (bool, int, float, str)  # A bool is an int too.
    plain = [f for f in dataclasses.fields(tree) if isinstance(f.default, kinds)]
    return {f.name: next(k for k in kinds if isinstance(f.default, k)) for f in plain}


def _is_leaf(field: dataclasses.Field) -> bool:
    return "static" not in field.metadata and isinstance(field.default, float)


def _register(cls: Any, leaves: list[str], structure: list[str]) -> None:
    keys = [jax.tree_util.GetAttrKey(name) for name in leaves]

    def flatten(tree: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        values = tree.__dict__
        return tuple(values[name] for name in leaves), tuple(values[name] for name in structure)

    def flatten_with_keys(tree: Any) -> tuple[Any, Any]:
        values, aux = flatten(tree)
        return tuple(zip(keys, values, strict=True)), aux

    def unflatten(aux: tuple[Any, ...], values: Any) -> Any:
        tree = object.__new__(cls)
        tree.__dict__.update(zip(structure, aux, strict=True))
        tree.__dict__.update(zip(leaves, values, strict=True))
        return tree

    jax.tree_util.register_pytree_with_keys(cls, flatten_with_keys, unflatten, flatten)


def _check_field(tree: Any, field: dataclasses.Field) -> None:
    value = tree.__dict__[field.name]
    name = f"{field.name} of {type(tree).__name__}"
    if not _is_leaf(field):
        _check_structure(name, value, field)
    elif isinstance(value, jax.Array | np.ndarray):
        if not any(jnp.issubdtype(value.dtype, kind) for kind in (jnp.floating, jnp.integer)):
            raise InputError(f"{name} is of type {value.dtype}; give real numbers")
    else:
        object.__setattr__(tree, field.name, _real(name, value, field))


def _real(name: str, value: Any, field: dataclasses.Field) -> float:
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise InputError(
            f"{name} is {value!r}, of type {type(value).__name__}; give a number such as"
            f" {field.default}"
        )
    if not math.isfinite(value):
        raise InputError(f"{name} is {value}; give a finite number such as {field.default}")
    _check_bounds(name, value, field)
    return float(value)


def _check_structure(name: str, value: Any, field: dataclasses.Field) -> None:
    kind = type(field.default)
    fits = isinstance(value, _ACCEPTED.get(kind, object)) and (
        kind not in _ACCEPTED or isinstance(value, bool) == (kind is bool)
    )
    if not fits:
        raise InputError(
            f"{name} is {value!r}, of type {type(value).__name__}; give one of type {kind.__name__}"
            f" such as {field.default!r}"
        )
    if kind is float and not math.isfinite(value):
        raise InputError(f"{name} is {value}; give a finite number such as {field.default}")
    try:
        hash(value)
    except TypeError:
        raise InputError(
            f"{name} is {value!r}, of type {type(value).__name__}, which may change; structure must"
            " be constant: give a tuple in place of a list, or a frozen dataclass"
        ) from None
    if isinstance(value, numbers.Real):
        _check_bounds(name, value, field)


def _check_bounds(name: str, value: Any, field: dataclasses.Field) -> None:
    low, high = field.metadata.get("least", -math.inf), field.metadata.get("most", math.inf)
    if not low <= value <= high:
        allowed = f"at least {low:g}" if high == math.inf else f"between {low:g} and {high:g}"
        raise InputError(f"{name} is {value}; it must be {allowed}")
