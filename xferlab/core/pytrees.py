"""Frozen dataclasses that are JAX pytrees: numbers are leaves, structure is static."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any, TypeVar, dataclass_transform

import jax

T = TypeVar("T")


def static(*, default: Any = dataclasses.MISSING) -> Any:
    """Declares a structural field: part of the tree's structure, never traced or stacked."""
    return dataclasses.field(default=default, metadata={"static": True})


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(static,))
def pytree_dataclass(cls: type[T]) -> type[T]:
    """Makes a class a frozen, keyword-only dataclass and registers it as a pytree.

    Fields declared with `static()`, and those whose default is no float, are structural; the
    others are leaves. A sweep is an instance whose leaves are stacked. A field that is annotated
    `float` may have a default such as 1: it is a float all the same.
    """
    for name, annotation in inspect.get_annotations(cls).items():
        default = cls.__dict__.get(name)
        if annotation in ("float", float) and type(default) is int:
            setattr(cls, name, float(default))
    data_class: Any = dataclasses.dataclass(frozen=True, kw_only=True)(cls)
    fields = dataclasses.fields(data_class)
    leaves = [f.name for f in fields if _is_leaf(f)]
    jax.tree_util.register_dataclass(
        data_class, leaves, [f.name for f in fields if f.name not in leaves]
    )
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
