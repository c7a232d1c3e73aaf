"""The roles that data have in a transfer, and the one tuple that carries what each of them has."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")

ROLES = ("source", "target", "shots")


class Roles(NamedTuple, Generic[T]):
    """Whatever exists once for each role: views, parts of a batch, batch sizes, lengths.

    Attributes:
        source: examples to learn from.
        target: examples that the model is for.
        shots: the few labelled target examples, in settings that have any.
    """

    source: T
    target: T
    shots: T
