"""Episodes: small classification tasks of some classes, a few examples of each and queries.

How training draws them (`Episodes`) and how a task is scored by them (`EpisodicTest`). Both are
structure: they can be hashed, and a compiled program is made for each.
"""

from __future__ import annotations

import dataclasses

import jax

from xferlab.core.checks import whole_number


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
