"""What a network predicts of an example: a head for each kind of label, and the labels themselves.

The first head of a domain tells classes: it is the one that transfer is about, that pseudo-labels
are made of and that validators look at. Others stand beside it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

from jaxtyping import Bool, Shaped

from xferlab.core.checks import shown, whole_number
from xferlab.core.errors import InputError, unknown_name

Kind = Literal["classes", "labels", "numbers"]
KINDS: tuple[Kind, ...] = ("classes", "labels", "numbers")
"""One of several classes; several labels, each there or not; real numbers."""
FIRST = "class"
"""The name of the first head where nobody gives it another."""


class Labels(NamedTuple):
    """The labels of n examples under one head (NumPy on the host); a label may be missing."""

    values: Shaped[Any, "n ..."]
    """Classes, int32 [n]; labels, float32 [n, size] of 0 and 1; numbers, float32 [n, size]."""
    known: Bool[Any, " n"] | None = None
    """Whose labels are known; None: everybody's. The values of others mean nothing."""


@dataclasses.dataclass(frozen=True)
class Head:
    """What is predicted.

    Attributes:
        name: what terms, metrics and tables call it.
        kind: 'classes', 'labels' or 'numbers'.
        size: the number of classes, of labels, or of numbers.
        names: of the classes, the labels or the numbers; () for none.

    Raises:
        InputError: a name with a slash, an unknown kind, a size of none, or another
            number of names.

    >>> Head("slant", "numbers", 1).size
    1
    """

    name: str
    kind: Kind
    size: int
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises InputError for values outside their range."""
        if not isinstance(self.name, str) or not self.name or "/" in self.name:
            raise InputError(f"a head is named {shown(self.name)}. Give a text without '/'")
        if self.kind not in KINDS:
            raise unknown_name(f"kind of head {self.name!r}", self.kind, KINDS)
        size = whole_number(f"size of head {self.name!r}", self.size, least=1)
        object.__setattr__(self, "size", size)
        if self.names and len(self.names) != self.size:
            raise InputError(
                f"head {self.name!r} has {self.size} {self.kind} and {len(self.names)} names. Give"
                " a name for each, or none"
            )

    @property
    def form(self) -> tuple[str, str, int]:
        """Name, kind and size: what a network must know of it."""
        return self.name, self.kind, self.size


def check_heads(heads: Iterable[Any], whose: str) -> tuple[Head, ...]:
    """Returns heads as a tuple.

    Raises:
        InputError: no head, a first one without classes, two of one name, or something else.
    """
    checked = tuple(heads)
    wrong = [head for head in checked if not isinstance(head, Head)]
    if wrong:
        raise InputError(f"{whose} has {shown(wrong[0])} among its heads. Give Head(name, kind, k)")
    if not checked or checked[0].kind != "classes":
        first = f"a first head of {checked[0].kind}" if checked else "no head"
        raise InputError(f"{whose} has {first}. The first head tells classes; put others behind it")
    names = [head.name for head in checked]
    if len(set(names)) < len(names):
        raise InputError(f"{whose} has heads {names}; each needs a name of its own")
    return checked


def describe_heads(heads: Sequence[Head]) -> str:
    """Returns heads in words, for a message.

    >>> describe_heads([Head("class", "classes", 10), Head("slant", "numbers", 1)])
    "'class' (10 classes), 'slant' (1 numbers)"
    """
    return ", ".join(f"{head.name!r} ({head.size} {head.kind})" for head in heads)
