"""The typed structures that carry data into a compiled step; NumPy outside it.

The types say what a step sees. On the host, and in whole splits on the device, inputs may be
`xferlab.core.sparse.SparseRows` too; they are dense arrays from `scale_inputs` on.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, TypeVar

import jax
import numpy as np
from jaxtyping import Array, Int, Shaped

from xferlab.core.draws import draw_rows
from xferlab.core.errors import InputError
from xferlab.core.heads import Labels
from xferlab.core.roles import Roles


class Labelled(NamedTuple):
    """Examples of one role whose labels the setting lets a method see."""

    inputs: Shaped[Array, "n ..."]
    index: Int[Array, " n"]
    """Position of each example among those of its role."""
    domain_id: Int[Array, " n"]
    """From which of the role's domains each example is: of several sources 0, 1, ..."""
    by_head: tuple[Labels, ...]
    """The labels under each head of the task, in their order."""

    @property
    def labels(self) -> Int[Array, " n"]:
        """The classes, under the first head, [n].

        Raises:
            InputError: where some are missing; `xferlab.methods.supervised` takes those that are
                known.
        """
        values, known = self.by_head[0]
        if known is not None:
            raise InputError(
                "some classes of these examples are missing, so `labels` cannot be used. Call"
                " `supervised(nets, output, batch)`, which learns from those that are known, or use"
                " `by_head[0].values` with the mask `by_head[0].known`"
            )
        return values

    @classmethod
    def of(cls, inputs: Any, labels: Any) -> Labelled:
        """Returns the n examples of one domain with classes [n], all known (NumPy)."""
        index, domain_id = _numbered(inputs)
        return cls(inputs, index, domain_id, (Labels(labels),))


class Unlabelled(NamedTuple):
    """Examples of one role without labels: the field does not exist."""

    inputs: Shaped[Array, "n ..."]
    index: Int[Array, " n"]
    """Position of each example among those of its role."""
    domain_id: Int[Array, " n"]
    """From which of the role's domains each example is."""

    @classmethod
    def of(cls, inputs: Any) -> Unlabelled:
        """Returns the n examples of one domain (NumPy)."""
        return cls(inputs, *_numbered(inputs))


Examples = TypeVar("Examples", Labelled, Unlabelled)


def draw_sample(examples: Examples, limit: int) -> Examples:
    """Returns at most `limit` examples (on the host), drawn without regard to their labels."""
    rows = draw_rows(len(examples.index), limit)
    if len(rows) == len(examples.index):
        return examples
    return jax.tree.map(lambda array: array[rows], examples)


def _numbered(inputs: Any) -> tuple[Any, Any]:
    """Returns the positions of n examples and the number of their one domain."""
    return np.arange(len(inputs), dtype=np.int32), np.zeros(len(inputs), np.int32)


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
