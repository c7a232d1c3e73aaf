"""What suites of settings share: looks of handwritten digits, the network and budget of `quick`."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import Any

import numpy as np

from xferlab.benchmark.suites.quick import DIGITS_NETWORK, DIGITS_TRAINING
from xferlab.benchmark.suites.suite import SuiteRequest, SuiteTask
from xferlab.core.settings import Setting
from xferlab.data.domain import Domain
from xferlab.data.made.optdigits import optdigits
from xferlab.data.task import TransferTask
from xferlab.models.spec import NetworkSpec, network_heads

SCAN, PHOTO = "optdigits_scan", "optdigits_photo"
DISJOINT = (
    "Source and target are made of disjoint originals; scores are on the target's test split."
)


def digits(look: str = "optdigits", *, half: str, of: Collection[int] = range(10)) -> Domain:
    """Returns a half of the digits in a look, perhaps some of the ten classes alone.

    Args:
        look: as `optdigits` has them.
        half: 'a' for sources, 'b' for targets.
        of: which digits, in rising order; classes are called by the digit.
    """
    domain = optdigits(look, half=half)
    kept = sorted(of)
    if kept == list(range(10)):
        return domain
    splits = {}
    for name, split in domain.splits.items():
        some = split.take(np.flatnonzero(np.isin(split.labels, kept)))
        splits[name] = dataclasses.replace(
            some, labels=np.searchsorted(kept, some.labels).astype(np.int32)
        )
    return Domain(domain.name, splits, tuple(map(str, kept)))


def to(target: Domain, *sources: Domain, setting: Setting, **more: Any) -> TransferTask:
    """Returns the task from sources to a target under its usual name.

    Args:
        target: what is scored.
        sources: one domain or more.
        setting: what methods see.
        more: further fields of `TransferTask`.
    """
    name = "+".join(source.name for source in sources)
    return TransferTask(f"{name}->{target.name}", sources, target, setting, **more)


def on_digits(
    task: TransferTask,
    request: SuiteRequest,
    *,
    network: NetworkSpec = DIGITS_NETWORK,
    **training: Any,
) -> SuiteTask:
    """Returns a task with the network and the budget of `quick`, its heads those of the task.

    Args:
        task: of looks of the digits.
        request: its number of steps goes before the suite's own.
        network: of any heads.
        training: options in place of those of `quick`.
    """
    options = dataclasses.replace(DIGITS_TRAINING, **training)
    return SuiteTask(
        task=task,
        network=dataclasses.replace(network, heads=network_heads(task.heads)),
        training=dataclasses.replace(options, steps=request.steps or options.steps),
    )


def same_for_all(task: SuiteTask) -> str:
    """Returns the sentence on what all methods of a table share."""
    options = task.training
    sizes = " + ".join(map(str, options.batch_sizes))
    return (
        f"Every method: the same network, {options.steps} steps of Adam, lr {options.lr:g}, cosine,"
        f" {sizes} examples a step, its paper's default hyper-parameters."
    )
