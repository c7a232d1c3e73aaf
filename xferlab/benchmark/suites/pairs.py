"""What suites of many source→target pairs share."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping

from xferlab.benchmark.suites.suite import SuiteRequest
from xferlab.core.settings import Setting
from xferlab.data.domain import SPLITS, Domain
from xferlab.data.task import TransferTask
from xferlab.training.options import TrainingOptions


def pair(
    source: Domain,
    target: Domain,
    *,
    name: str = "",
    setting: Setting = Setting.UNSUPERVISED_DA,
) -> TransferTask:
    """Returns the task from one domain to another, of unsupervised adaptation by default."""
    return TransferTask(name or f"{source.name}->{target.name}", (source,), target, setting)


def all_pairs(sources: Mapping[str, Domain], targets: Mapping[str, Domain]) -> list[TransferTask]:
    """Returns the task of every ordered pair of different names."""
    return [pair(sources[a], targets[b]) for a, b in itertools.permutations(sources, 2)]


def with_common_slots(*groups: Mapping[str, Domain]) -> list[dict[str, Domain]]:
    """Returns domains of sparse rows, with equal slots in every split of the same name.

    Their tasks then share one program.
    """
    domains = [domain for group in groups for domain in group.values()]
    slots = {
        part: max(domain.splits[part].inputs.indices.shape[1] for domain in domains)
        for part in SPLITS
    }
    return [{name: _with_slots(domain, slots) for name, domain in g.items()} for g in groups]


def _with_slots(domain: Domain, slots: Mapping[str, int]) -> Domain:
    splits = {
        part: dataclasses.replace(split, inputs=split.inputs.with_slots(slots[part]))
        for part, split in domain.splits.items()
    }
    return dataclasses.replace(domain, splits=splits)


def with_steps(options: TrainingOptions, request: SuiteRequest) -> TrainingOptions:
    """Returns the options with the number of steps that the user asks for, if any."""
    return dataclasses.replace(options, steps=request.steps or options.steps)
