"""Frozen dataclasses that are JAX pytrees: numbers are leaves, structure is static."""

from __future__ import annotations

import dataclasses
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
    others are leaves. A sweep is an instance whose leaves are stacked.
    """
    data_class: Any = dataclasses.dataclass(frozen=True, kw_only=True)(cls)
    fields = dataclasses.fields(data_class)
    leaves = [f.name for f in fields if _is_leaf(f)]
    jax.tree_util.register_dataclass(
        data_class, leaves, [f.name for f in fields if f.name not in leaves]
    )
    return data_class


def leaf_names(tree: Any) -> list[str]:
    """Returns the names of the numeric fields of such a class or object: what may be swept."""
    return [f.name for f in dataclasses.fields(tree) if _is_leaf(f)]


def _is_leaf(field: dataclasses.Field) -> bool:
    return "static" not in field.metadata and isinstance(field.default, float)
