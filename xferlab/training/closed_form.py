"""Closed-form methods where the benchmark expects a training: fitted at once, then scored alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from xferlab.core.errors import InputError
from xferlab.core.heads import describe_heads
from xferlab.core.inputs import Inputs
from xferlab.core.outputs import HostArrived, HostOutput
from xferlab.core.roles import Role
from xferlab.data.task import TransferTask
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


def _fit(member: ClosedFormMember, batch: Any, classes: int) -> FittedMethod:
    with user_code(member.method, "fit"):
        return member.method.fit(batch, num_classes=classes, seed=member.seed)
