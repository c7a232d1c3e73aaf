"""The roles that data have in a transfer, and the one tuple that carries what each of them has."""

from __future__ import annotations

from typing import Generic, Literal, NamedTuple, TypeVar

T = TypeVar("T")

Role = Literal["source", "target", "shots"]
ROLES: tuple[Role, ...] = ("source", "target", "shots")
SOURCE, TARGET, SHOTS = ROLES


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
