"""Reverse validation: a run is as good as the classifier that can be trained back from it.

The run labels the target; a second run of the same method is trained from the target with these
labels to the source without its own, and is scored on source examples that were held out. No
target label is used. It costs as much as the run itself.

References:
    Zhong, Fan, Yang, Verscheure, Ren: Cross Validation Framework to Choose Amongst Models and
    Datasets for Transfer Learning. ECML PKDD 2010.
    Ganin et al.: Domain-Adversarial Training of Neural Networks. JMLR 17, 2016, section 5.1.2.

Differences from Ganin et al.: the reverse run starts from fresh weights, not from those of the run.
"""

from __future__ import annotations

import numpy as np

from xferlab.core.errors import InputError
from xferlab.core.heads import describe_heads
from xferlab.data.domain import Domain
from xferlab.data.split import Split
from xferlab.data.task import TransferTask


def reverse_task(task: TransferTask, pseudo_labels: np.ndarray) -> TransferTask | None:
    """Returns the task back: target with pseudo-labels to source.

    Args:
        task: the task of the run.
        pseudo_labels: the run's classes for the target's training split, [n].

    Returns:
        The task under the same setting; None where fewer than two classes were predicted, from
        which nothing can be trained.
    """
    if len(np.unique(pseudo_labels)) < 2:
        return None
    labelled = Split(task.target.splits["train"].inputs, pseudo_labels.astype(np.int32))
    splits = {"train": labelled, "test": labelled}
    source = Domain(task.target.name, splits, task.target.class_names)
    return TransferTask(f"{task.name} reversed", (source,), task.source, task.setting)


def check_way_back(task: TransferTask) -> None:
    """Raises InputError for a task that has no reverse task: with shots, or with more labels."""
    source = task.source
    setting = task.setting
    if setting.classes != "equal" or setting.own_inputs or setting.online:
        raise InputError(
            f"task {task.name!r} has the setting {setting.label!r}; reverse validation is defined"
            " where source and target have the same classes and inputs, and the target does not"
            " come in order. Choose another --validator"
        )
    if source.others or any(split.known is not None for split in source.splits.values()):
        raise InputError(
            f"task {task.name!r} has the heads {describe_heads(source.heads)}, or classes that are"
            " missing; reverse validation is defined for one class of every example. Choose"
            " another --validator"
        )
    if task.shots:
        raise InputError(
            f"task {task.name!r} has labelled target examples (shots), for which reverse validation"
            " is not defined. Choose another --validator"
        )


def check_reversed(task: TransferTask, batch_sizes: tuple[int, ...]) -> None:
    """Raises InputError, before anything is trained, where batches do not fit the way back."""
    source, target = (len(d.splits["train"].labels) for d in (task.source, task.target))
    if batch_sizes[0] > target or batch_sizes[1] > source:
        raise InputError(
            f"reverse validation of {task.name!r} trains from {target} target to {source} source"
            f" examples with batches of {batch_sizes[:2]}. Allowed: batches of at most that; choose"
            " smaller ones or another --validator"
        )


def constant_score(task: TransferTask, pseudo_labels: np.ndarray) -> float:
    """Returns the accuracy on held-out source of always answering the one predicted class."""
    return float((task.source.splits["test"].labels == pseudo_labels[0]).mean())
