"""The typed structures that carry data into a compiled step; NumPy outside it; and episodes.

The types say what a step sees. On the host, and in whole splits on the device, inputs may be
`xferlab.core.sparse.SparseRows` too; they are dense arrays from `scale_inputs` on.

An episode is a small classification task: a few classes, labelled examples of each and queries. How
training draws them (`Episodes`) and how a task is scored by them (`EpisodicTest`) is structure: it
can be hashed, and a compiled program is made for each.
"""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple, Protocol, TypeVar

import jax
import numpy as np
from jaxtyping import Array, Int, Shaped

from xferlab.core.checks import whole_number
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


@dataclasses.dataclass(frozen=True)
class Episodes:
    """A sampler: every batch is of a few classes, as many examples of each, none of them twice.

    It is for roles whose labels are shown. A batch is laid out class after class: b examples are
    b / ways of the first class drawn, then as many of the second, and so on. Which ones they are is
    a pure function of key and step.

    Attributes:
        ways: how many classes a step draws.

    Raises:
        InputError: fewer than two ways.
    """

    ways: int

    def __post_init__(self) -> None:
        """Raises InputError for what is no number of classes."""
        object.__setattr__(self, "ways", whole_number("ways of Episodes", self.ways, least=2))

    def __str__(self) -> str:
        """The sampler as a text: part of the identity of kept stages."""
        return f"episodes of {self.ways} ways"


@jax.tree_util.register_static
@dataclasses.dataclass(frozen=True)
class EpisodicTest:
    """How a task of new classes is scored: by episodes of its target's test split.

    Each is of `ways` classes, with `shots` labelled examples of each (the support) and `queries`
    others of each, which are told apart. The task's accuracy is that over all queries, which is the
    mean over episodes.

    Attributes:
        ways: classes of an episode.
        shots: examples of the support of each class.
        queries: of each class.
        count: how many episodes there are.

    Raises:
        InputError: fewer than two ways, or less than one of the others.

    >>> EpisodicTest(ways=5, shots=1, queries=15).examples
    80
    """

    ways: int = 5
    shots: int = 1
    queries: int = 15
    count: int = 600

    def __post_init__(self) -> None:
        """Raises InputError for what is no number of its kind."""
        for field in dataclasses.fields(self):
            least = 2 if field.name == "ways" else 1
            value = whole_number(
                f"{field.name} of EpisodicTest", self.__dict__[field.name], least=least
            )
            object.__setattr__(self, field.name, value)

    @property
    def support_size(self) -> int:
        """Examples of the support of an episode."""
        return self.ways * self.shots

    @property
    def query_size(self) -> int:
        """Queries of an episode."""
        return self.ways * self.queries

    @property
    def examples(self) -> int:
        """Examples of an episode: support and queries."""
        return self.support_size + self.query_size

    @property
    def sentence(self) -> str:
        """What a table says of its scores.

        >>> EpisodicTest(ways=5, shots=1, queries=15, count=600).sentence
        '600 episodes of 5 ways, 1 shot and 15 queries of each class: scores are their means.'
        """
        shots = "1 shot" if self.shots == 1 else f"{self.shots} shots"
        queries = "1 query" if self.queries == 1 else f"{self.queries} queries"
        return (
            f"{self.count} episodes of {self.ways} ways, {shots} and {queries} of each class:"
            " scores are their means."
        )

    @property
    def class_names(self) -> tuple[str, ...]:
        """What the labels 0, 1, ... of queries mean."""
        return tuple(f"way {number}" for number in range(1, self.ways + 1))
