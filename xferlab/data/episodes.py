"""The episodes by which a task of new classes is scored: drawn once, the same for everybody."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

from xferlab.core.batch import EpisodicTest, Labelled
from xferlab.core.checks import shown
from xferlab.core.errors import InputError
from xferlab.core.inputs import take_lazily
from xferlab.core.seeds import stable_seed
from xferlab.core.settings import Setting
from xferlab.data.split import Split


@dataclasses.dataclass(frozen=True, eq=False)
class DrawnEpisodes:
    """Some episodes of a test split.

    Attributes:
        test: how they are made.
        rows: of the split: of every episode the support, class after class, then the queries in
            random order, [episodes, examples].
        labels: which of the episode's classes each query is of, in [0, ways), [episodes, queries].
    """

    test: EpisodicTest
    rows: Int[np.ndarray, "e n"]
    labels: Int[np.ndarray, "e q"]

    def first(self, count: int) -> DrawnEpisodes:
        """Returns the first ones."""
        return DrawnEpisodes(self.test, self.rows[:count], self.labels[:count])

    def queries_of(self, split: Split) -> Labelled:
        """Returns the queries of all episodes, one after the other; their inputs are not copied."""
        rows = self.rows[:, self.test.support_size :].ravel()
        return Labelled.of(take_lazily(split.inputs, rows), self.labels.ravel())


def draw_episodes(split: Split, test: EpisodicTest) -> DrawnEpisodes:
    """Returns the episodes of a split, drawn by a fixed seed from its labels alone.

    Within an episode no example occurs twice.

    Args:
        split: in which every class has enough examples (`check_episodes`).
        test: how many episodes there are, and of what.
    """
    rng = np.random.default_rng(stable_seed("episodes", *dataclasses.astuple(test)))
    of_class = [np.flatnonzero(split.labels == c) for c in np.unique(split.labels) if c >= 0]
    each = test.shots + test.queries
    rows = np.empty((test.count, test.examples), np.int64)
    labels = np.empty((test.count, test.query_size), np.int32)
    ways = np.repeat(np.arange(test.ways, dtype=np.int32), test.queries)
    for own, told in zip(rows, labels, strict=True):
        chosen = rng.permutation(len(of_class))[: test.ways]
        drawn = np.stack([rng.permutation(of_class[c])[:each] for c in chosen])
        order = rng.permutation(test.query_size)
        own[: test.support_size] = drawn[:, : test.shots].ravel()
        own[test.support_size :] = drawn[:, test.shots :].ravel()[order]
        told[:] = ways[order]
    return DrawnEpisodes(test, rows, labels)


def check_episodes(
    task: str, episodes: object, setting: Setting, split: Split, names: Sequence[str]
) -> None:
    """Raises InputError for episodes that do not fit a task's setting and its target.

    Args:
        task: the name of the task.
        episodes: how it is scored; None for no episodes.
        setting: of the task.
        split: the target's test split.
        names: of the target's classes.
    """
    where = f"task {task!r}"
    if not isinstance(episodes, EpisodicTest | None):
        raise InputError(
            f"{where}: episodes is {shown(episodes)}. Give None, or EpisodicTest(ways=5, shots=1)"
        )
    if (setting.classes == "novel") != isinstance(episodes, EpisodicTest):
        has = "episodes" if episodes else "no episodes"
        raise InputError(
            f"{where} has {has}, and the setting {setting.label!r} of {setting.classes!r} classes."
            " New classes are told apart in episodes, and only they: give both, as"
            " TransferTask(..., Setting.FEW_SHOT, episodes=EpisodicTest(ways=5, shots=1)), or"
            " neither"
        )
    if episodes is not None:
        _check_enough(where, episodes, split, names)


def _check_enough(where: str, test: EpisodicTest, split: Split, names: Sequence[str]) -> None:
    """Raises InputError for too few classes or examples, and for heads beside the classes."""
    if split.others:
        raise InputError(
            f"{where} has {len(split.others)} heads beside the classes. Episodes tell classes"
            " alone: leave out the others of both domains"
        )
    if test.ways > len(names):
        raise InputError(
            f"{where}: episodes of {test.ways} ways, but the target has {len(names)} classes."
            " Allowed: as many ways as that"
        )
    counts = np.bincount(split.labels[split.labels >= 0], minlength=len(names))
    if counts.min() < test.shots + test.queries:
        raise InputError(
            f"{where}: class {names[int(counts.argmin())]!r} has {counts.min()} examples in the"
            f" target's test split, and an episode takes {test.shots} shots and {test.queries}"
            " queries of a class. Give fewer of them, or more examples"
        )
