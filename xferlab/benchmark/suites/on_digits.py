"""What suites of settings share: looks of handwritten digits, the network and budget of `quick`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from xferlab.benchmark.suites.header import SuiteHeader
from xferlab.benchmark.suites.quick import DIGITS_NETWORK, DIGITS_TRAINING
from xferlab.benchmark.suites.suite import Suite, SuiteRequest, SuiteTask
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


def to_both_looks(
    source: Domain,
    setting: Setting,
    request: SuiteRequest,
    *,
    of: Collection[int] = range(10),
    as_target: Callable[[Domain], Domain] = lambda domain: domain,
    **training: Any,
) -> tuple[SuiteTask, ...]:
    """Returns the tasks from a domain to scanned and to photographed digits.

    Args:
        source: clean digits.
        setting: what methods see.
        request: see `on_digits`.
        of: which digits the targets have.
        as_target: what is made of each target.
        training: options in place of those of `quick`.
    """
    targets = (as_target(digits(look, half="b", of=of)) for look in (SCAN, PHOTO))
    return tuple(
        on_digits(to(each, source, setting=setting), request, **training) for each in targets
    )


def digits_suite(
    name: str,
    title: str,
    tasks: tuple[SuiteTask, ...],
    methods: tuple[str, ...],
    protocol: tuple[str, ...],
    **header: Any,
) -> Suite:
    """Returns a suite of 5 seeds; its protocol ends with what all methods of a table share.

    Args:
        name: of the suite.
        title: what stands behind the name in its heading.
        tasks: with one network and budget.
        methods: that run by default.
        protocol: sentences on data and methods.
        header: further fields of `SuiteHeader`.
    """
    said = (*protocol, same_for_all(tasks[0]))
    own = SuiteHeader(name=name, title=f"{name}: {title}", protocol=said, **header)
    return Suite(header=own, tasks=tasks, methods=methods, seeds=5)


def same_for_all(task: SuiteTask) -> str:
    """Returns the sentence on what all methods of a table share."""
    options = task.training
    sizes = " + ".join(map(str, options.batch_sizes))
    return (
        f"Every method: the same network, {options.steps} steps of Adam, lr {options.lr:g}, cosine,"
        f" {sizes} examples a step, its paper's default hyper-parameters."
    )
