"""Which methods and tasks of new classes go together."""

from __future__ import annotations

from xferlab.core.errors import InputError
from xferlab.core.settings import View
from xferlab.data.task import TransferTask
from xferlab.methods.table import AnyMethod


def fault_of_pair(method: AnyMethod, task: TransferTask) -> str:
    """Returns why a method cannot stand in a task's table for its episodes, '' for no reason."""
    if task.episodes is None and method.needs.classes == "novel":
        return (
            f"answers episodes of new classes, and task {task.name!r} has the setting"
            f" {task.setting.label!r}, of {task.setting.classes!r} classes. Choose a suite whose"
            " setting is 'few_shot'"
        )
    if task.episodes is not None and method.needs.target is View.LABELS:
        return (
            f"needs the labels of the target, whose classes are new in task {task.name!r}: it would"
            " be no upper bound, as it predicts the source's. Leave it out"
        )
    return ""


def check_episodic(name: str, method: AnyMethod, task: TransferTask) -> None:
    """Raises InputError for a method that answers episodes alone where there are none.

    And for one that needs target labels where there are episodes.
    """
    fault = fault_of_pair(method, task)
    if fault:
        raise InputError(f"method {name!r} {fault}")
