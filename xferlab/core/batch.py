"""The typed structures that carry data into a compiled step; NumPy outside it.

The types say what a step sees. On the host, and in whole splits on the device, inputs may be
`xferlab.core.sparse.SparseRows` too; they are dense arrays from `scale_inputs` on.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from jaxtyping import Array, Int, Shaped

from xferlab.core.roles import Roles


class Labelled(NamedTuple):
    """Examples of one role whose labels the setting lets a method see."""

    inputs: Shaped[Array, "n ..."]
    index: Int[Array, " n"]
    """Position of each example among those of its role."""
    labels: Int[Array, " n"]


class Unlabelled(NamedTuple):
    """Examples of one role without labels: the field does not exist."""

    inputs: Shaped[Array, "n ..."]
    index: Int[Array, " n"]
    """Position of each example among those of its role."""


Part = Labelled | Unlabelled | None
"""What a step sees of a role; None where the setting hides it."""


class Batch(Roles[Part]):
    """What one step sees of every role."""

    __slots__ = ()

    def __new__(cls, source: Part = None, target: Part = None, shots: Part = None) -> Batch:
        """Takes the parts that the setting shows."""
        return super().__new__(cls, source, target, shots)


class AdaptationBatch(Protocol):
    """A batch of unsupervised domain adaptation: target labels have no field."""

    @property
    def source(self) -> Labelled:
        """Labelled source examples."""
        ...

    @property
    def target(self) -> Unlabelled:
        """Target examples without labels."""
        ...

    @property
    def shots(self) -> Labelled | None:
        """Labelled target examples, in settings that show some."""
        ...


class TargetBatch(Protocol):
    """A batch of source-free adaptation."""

    @property
    def target(self) -> Unlabelled:
        """Target examples without labels."""
        ...


class SupervisedBatch(Protocol):
    """A batch with the labels of both domains: oracles and inductive transfer."""

    @property
    def source(self) -> Labelled:
        """Labelled source examples."""
        ...

    @property
    def target(self) -> Labelled:
        """Labelled target examples."""
        ...
