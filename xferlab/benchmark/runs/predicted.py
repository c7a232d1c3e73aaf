"""What of a task is predicted at every evaluation: splits, streams as they came, and episodes."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from collections.abc import Sequence
from typing import Any, Protocol

import jax
import numpy as np
from jaxtyping import Int

from xferlab.core.batch import Labelled, Unlabelled, draw_sample
from xferlab.core.inputs import Inputs, concatenate_inputs
from xferlab.core.outputs import HostArrived, HostOutput
from xferlab.core.roles import Role
from xferlab.data.feeds.episode_pieces import EpisodePieces
from xferlab.data.feeds.pieces import Pieces
from xferlab.data.parts import labelled_part, of_one
from xferlab.data.task import TransferTask
from xferlab.training.closed_form import ClosedFormRuns
from xferlab.training.run import Training

Runs = Training | ClosedFormRuns


class Predicted(Protocol):
    """Examples of one domain in several parts."""

    def predict(self, runs: Runs, role: Role) -> list[list[HostOutput]]:
        """Returns each run's outputs for each part."""
        ...


class SplitRows:
    """The splits of one domain that are predicted, one after the other."""

    def __init__(self, splits: Sequence[Any]):
        """Takes the splits."""
        self._splits = splits
        self._ends = np.cumsum([len(split.index) for split in splits])

    def predict(self, runs: Runs, role: Role) -> list[list[HostOutput]]:
        """Returns each run's outputs for each split."""
        inputs = self._joined() if isinstance(runs, ClosedFormRuns) else self._pieces
        bounds = list(itertools.pairwise((0, *self._ends)))
        return [
            [_rows(output, begin, end) for begin, end in bounds]
            for output in runs.predict(inputs, role)
        ]

    @functools.cached_property
    def _pieces(self) -> Pieces:
        return Pieces(self._joined())

    def _joined(self) -> Inputs:
        return concatenate_inputs([split.inputs for split in self._splits])


class StreamRows:
    """Splits of a target that comes in order: what has come is as it was predicted then."""

    def __init__(self, splits: Sequence[Any]):
        """Takes the splits."""
        self._splits = splits
        self._rows = SplitRows(splits)

    def predict(self, runs: Runs, role: Role) -> list[list[HostOutput]]:
        """Returns each run's outputs for each split."""
        pairs = zip(self._rows.predict(runs, role), runs.arrived(), strict=True)
        return [as_they_came(outputs, arrived, self._splits) for outputs, arrived in pairs]


class EpisodeRows:
    """A split that is predicted, and episodes of another that are answered."""

    def __init__(self, split: Unlabelled, episodes: EpisodePieces):
        """Takes the split and the episodes."""
        self._split = SplitRows((split,))
        self._episodes = episodes

    def predict(self, runs: Runs, role: Role) -> list[list[HostOutput]]:
        """Returns each run's outputs for the split and for the queries of all episodes."""
        pairs = zip(self._split.predict(runs, role), runs.answer(self._episodes), strict=True)
        return [[*split, answer] for split, answer in pairs]


def target_rows(
    task: TransferTask, train: Unlabelled, probed: Sequence[Labelled], test: Labelled
) -> Predicted:
    """Returns what is predicted of the target: its training examples, the test, those of probes.

    Args:
        task: whose target it is.
        train: those training examples that validators see.
        probed: what probes are fitted on.
        test: the test examples, all or some (`sampled_test`); of episodes the first ones.
    """
    if task.setting.online:
        return StreamRows((train, test, *probed))
    if task.drawn_episodes is None:
        return SplitRows((train, test, *probed))
    drawn = task.drawn_episodes.first(len(test.index) // task.drawn_episodes.test.query_size)
    return EpisodeRows(train, EpisodePieces(task.target.splits["test"].inputs, drawn))


def sampled_test(task: TransferTask, test: Labelled, limit: int) -> Labelled:
    """Returns about `limit` of the test examples: drawn, or the first episodes that have them."""
    if task.episodes is None:
        return draw_sample(test, limit)
    size = task.episodes.query_size
    count = math.ceil(limit / size) * size
    return test if count >= len(test.index) else jax.tree.map(lambda array: array[:count], test)


def pictured_test(task: TransferTask, test: Labelled) -> Labelled:
    """Returns the test examples for pictures: new classes are numbered behind the source's."""
    if task.episodes is None:
        return test
    split = task.target.splits["test"]
    classes = np.where(split.labels < 0, -1, split.labels + task.heads[0].size)
    behind = dataclasses.replace(split, labels=classes.astype(np.int32))
    return labelled_part(behind, of_one(behind))


def _rows(output: HostOutput, begin: int, end: int) -> HostOutput:
    return jax.tree.map(lambda array: array[begin:end], output)


def as_they_came(
    outputs: Sequence[HostOutput], arrived: HostArrived | None, splits: Sequence[Any]
) -> list[HostOutput]:
    """Returns a run's outputs for some splits of the target, of what has come as it was predicted.

    Args:
        outputs: what the network, as it is now, makes of each split.
        arrived: what was predicted of the target's training examples as they came; None where they
            did not.
        splits: whose `index` says which of those each example is.
    """
    if arrived is None:
        return list(outputs)
    pairs = zip(outputs, splits, strict=True)
    return [_merged(output, arrived, np.asarray(split.index)) for output, split in pairs]


def _merged(output: HostOutput, arrived: HostArrived, index: Int[np.ndarray, " n"]) -> HostOutput:
    come = arrived.come[index]

    def merge(now: np.ndarray, then: np.ndarray) -> np.ndarray:
        return np.where(come.reshape(-1, *(1,) * (now.ndim - 1)), then[index], now)

    return jax.tree.map(merge, output, arrived.output)
