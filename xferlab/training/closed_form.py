"""Closed-form methods where the benchmark expects a training: fitted at once, then scored alike."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Float

from xferlab.core.errors import InputError
from xferlab.core.heads import describe_heads
from xferlab.core.inputs import Inputs, in_memory
from xferlab.core.outputs import HostArrived, HostOutput
from xferlab.core.roles import TARGET, Role
from xferlab.data.episodes import DrawnEpisodes
from xferlab.data.feeds.episode_pieces import EpisodePieces
from xferlab.data.task import TransferTask
from xferlab.losses.prototypes import prototype_logits
from xferlab.methods.closed_form.base import ClosedFormMethod, FittedMethod
from xferlab.training.contract import check_takes_role, user_code
from xferlab.training.feeding import shown_at_once


class ClosedFormMember(NamedTuple):
    """One closed-form run: the method, and the seed of what it draws (folds, for instance)."""

    method: ClosedFormMethod
    seed: int


def check_predicts(name: str, method: object, task: TransferTask) -> None:
    """Raises InputError for a closed-form method on a task with more heads than the classes."""
    if isinstance(method, ClosedFormMethod) and task.target.others:
        raise InputError(
            f"method {name!r} predicts classes alone; task {task.name!r} has the heads"
            f" {describe_heads(task.heads)}. Choose methods that train a network"
        )


class ClosedFormRuns:
    """Fitted methods, with the part of `Training` that scores ask for."""

    def __init__(self, members: Sequence[ClosedFormMember], task: TransferTask):
        """Fits every member to the splits that the task's setting shows it."""
        batch: Any = task.training_arrays(shown_at_once(members[0].method, task.setting))
        classes = task.heads[0].size
        self._members = members
        self._fitted = [_fit(each, batch, classes) for each in members]

    @property
    def width(self) -> int:
        """Number of runs."""
        return len(self._fitted)

    def arrived(self) -> list[HostArrived | None]:
        """Returns None for each run: nothing comes to it."""
        return [None] * self.width

    def predict(self, inputs: Inputs, role: Role) -> list[HostOutput]:
        """Returns each run's outputs for inputs of one role."""
        outputs = []
        for each, fitted in zip(self._members, self._fitted, strict=True):
            check_takes_role(each.method, fitted.predict, given=1)
            with user_code(each.method, "predict"):
                outputs.append(HostOutput(*fitted.predict(inputs, role=role)))
        return outputs

    def answer(self, episodes: EpisodePieces) -> list[HostOutput]:
        """Returns each run's outputs for the queries of episodes: nearest means of its features."""
        outputs = self.predict(in_memory(episodes.inputs), TARGET)
        return [_nearest_means(output.features, episodes.drawn) for output in outputs]


def _nearest_means(features: Float[np.ndarray, "n d"], drawn: DrawnEpisodes) -> HostOutput:
    """Returns what `Method.predict_episode` answers by default, of features that are at hand."""
    test = drawn.test
    labels = np.repeat(np.arange(test.ways), test.shots)
    answer = jax.jit(functools.partial(prototype_logits, ways=test.ways))
    features = np.asarray(features, np.float32)
    support, queries = np.split(drawn.rows, [test.support_size], axis=1)
    pairs = zip(support, queries, strict=True)
    logits = [np.asarray(answer(features[known], labels, features[own])) for known, own in pairs]
    return HostOutput(features[queries.ravel()], np.concatenate(logits))


def _fit(member: ClosedFormMember, batch: Any, classes: int) -> FittedMethod:
    with user_code(member.method, "fit"):
        return member.method.fit(batch, num_classes=classes, seed=member.seed)
