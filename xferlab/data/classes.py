"""Which classes source and target share, and how the target's are numbered in a task.

A network predicts the source's classes. Target classes that the source lacks are *unknown*: their
labels are missing in training, and evaluation numbers all of them k, one past the source's. Where
all are, the setting's relation is 'novel', and evaluation is by episodes (`data.episodes`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Int

from xferlab.core.errors import InputError
from xferlab.core.settings import ClassRelation
from xferlab.data.split import Split

UNKNOWN = "unknown"
"""What tables call the classes of the target that the source lacks."""
MOST_NAMES = 6
"""Names of classes that a sentence lists."""


@dataclasses.dataclass(frozen=True, eq=False)
class ClassMap:
    """The classes of source and target side by side.

    Attributes:
        names: the source's k classes, which the network predicts.
        target: the target's classes, as its labels number them.
    """

    names: tuple[str, ...]
    target: tuple[str, ...]

    @property
    def shared(self) -> tuple[str, ...]:
        """Classes of both."""
        return tuple(name for name in self.names if name in self.target)

    @property
    def source_private(self) -> tuple[str, ...]:
        """Classes that the source has alone."""
        return tuple(name for name in self.names if name not in self.target)

    @property
    def target_private(self) -> tuple[str, ...]:
        """Classes that the target has alone: unknown ones."""
        return tuple(name for name in self.target if name not in self.names)

    @property
    def scored(self) -> tuple[str, ...]:
        """What evaluation's labels 0, 1, ... mean: the source's classes, then 'unknown' if any."""
        return (*self.names, UNKNOWN) if self.target_private else self.names

    @property
    def numbers(self) -> Int[np.ndarray, " t"]:
        """The number of each target class in the task: k for unknown ones."""
        k = len(self.names)
        places = [self.names.index(name) if name in self.names else k for name in self.target]
        return np.array(places, np.int32)

    def scored_split(self, split: Split) -> Split:
        """Returns a target split as evaluation numbers it; -1 stays where a class is missing."""
        if self.names == self.target:
            return split
        numbered = np.where(split.labels < 0, -1, self.numbers[split.labels])
        return dataclasses.replace(split, labels=numbered.astype(np.int32))

    def training_split(self, split: Split) -> Split:
        """Returns a target split as training numbers it: the class of unknown ones is missing."""
        scored = self.scored_split(split)
        unknown = scored.labels == len(self.names)
        if not unknown.any():
            return scored
        known = ~unknown if split.known is None else split.known & ~unknown
        labels = np.where(unknown, np.int32(-1), scored.labels)
        return dataclasses.replace(scored, labels=labels, known=known)


def class_map(
    source: Sequence[str], target: Sequence[str], relation: ClassRelation, where: str
) -> ClassMap:
    """Returns the map of two domains' classes, matched by their names.

    Args:
        source: names of the source's classes.
        target: names of the target's.
        relation: what the setting says of the two.
        where: the beginning of an error message, such as "task 'a->b'".

    Raises:
        InputError: the classes contradict the relation.
    """
    found = ClassMap(tuple(source), tuple(target))
    fault = {
        "equal": "" if found.names == found.target else "both have the same in the same order",
        "partial": "the target has some of the source's" * bool(found.target_private),
        "open": "the target has all of the source's and more"
        * bool(found.source_private or not found.target_private),
        "universal": "they share some" * (not found.shared),
        "novel": "they share none" * bool(found.shared),
    }[relation]
    if not fault:
        return found
    alone = [
        f"only the {role} has {list(names)}"
        for role, names in (("source", found.source_private), ("target", found.target_private))
        if names
    ]
    if relation == "novel":
        alone = [f"both have {list(found.shared)}"]
    difference = ", ".join(alone) or (
        f"the order differs: {list(source)} and {list(target)}"
        if found.names != found.target
        else "both have the same"
    )
    raise InputError(
        f"{where}: source and target do not share their classes as the setting's {relation!r}"
        f" says: {fault}; {difference}. "
        + _WAYS_OUT.get(relation, "Choose the setting whose relation holds, or other classes")
    )


_WAYS_OUT = {
    "equal": "Leave out the examples of other classes and number the labels alike, or choose a"
    " setting of other classes: Setting.PARTIAL_DA, Setting.OPEN_SET_DA or Setting.UNIVERSAL_DA",
    "novel": "Leave them out of one of the two, or name those that differ by other names",
}


def class_notes(classes: ClassMap) -> Iterator[str]:
    """Yields in sentences which classes one domain has alone, and how scores take them."""
    if classes.source_private:
        yield f"Only the source has the classes {_listed(classes.source_private)}."
    if classes.target_private:
        yield (
            f"Only the target has the classes {_listed(classes.target_private)}: in all scores they"
            f" are one class, {UNKNOWN!r}, beside the {len(classes.names)} of the source."
        )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names if len(names) <= MOST_NAMES else (*names[:MOST_NAMES], "..."))
