"""Domains of which no label is known, and what stands in the place of their classes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from xferlab.core.errors import InputError
from xferlab.core.heads import Head, Labels
from xferlab.core.settings import Setting
from xferlab.data.domain import Domain
from xferlab.data.labels import MISSING
from xferlab.data.split import Split

UNNAMED = ("unnamed",)
"""The classes of domains where none names any."""


def with_classes(sources: Sequence[Domain], target: Domain) -> tuple[tuple[Domain, ...], Domain]:
    """Returns the domains of a task; those that name no class have the classes of the others.

    Args:
        sources: the first with classes says what they are, and which heads stand beside them.
        target: says so where no source does.
    """
    *named_sources, named_target = (_like(sources, target, each) for each in (*sources, target))
    return tuple(named_sources), named_target


def _like(sources: Sequence[Domain], target: Domain, domain: Domain) -> Domain:
    """Returns a domain with the classes and heads of a task; itself where it has its own."""
    if domain.class_names:
        return domain
    named = next((each for each in (*sources, target) if each.class_names), None)
    return dataclasses.replace(
        domain,
        splits={part: _unlabelled(split, named) for part, split in domain.splits.items()},
        class_names=named.class_names if named else UNNAMED,
        others=named.others if named else (),
    )


def check_labels_shown(
    task: str, heads: Sequence[Head], shown: Sequence[Split], setting: Setting
) -> None:
    """Raises InputError for a head that is shown without a label, or with labels of one class.

    Args:
        task: its name.
        heads: whose labels the splits have.
        shown: every split whose labels the setting shows.
        setting: the task's.
    """
    for place, head in enumerate(heads):
        labels = [split.by_head[place] for split in shown]
        known = [v if there is None else v[there] for v, there in labels]
        if not any(map(len, known)):
            raise InputError(
                f"task {task!r}: head {head.name!r} has not a single label that setting"
                f" {setting.label!r} shows. Leave it out of both domains, or give some"
            )
        if head.kind == "classes" and len(np.unique(np.concatenate(known))) < 2:
            raise InputError(
                f"task {task!r}: all labels of head {head.name!r} that setting"
                f" {setting.label!r} shows are of one class. Give examples of two at"
                " least: a classifier of one class is always right and always useless"
            )


def _unlabelled(split: Split, named: Domain | None) -> Split:
    """Returns a split whose labels under each head of another domain are missing."""
    count = len(split.labels)
    nothing = np.zeros(count, bool)
    others = tuple(
        Labels(_filler(head, count), nothing) for head in (named.others if named else ())
    )
    return dataclasses.replace(split, known=nothing, others=others)


def _filler(head: Head, count: int) -> np.ndarray:
    if head.kind == "classes":
        return np.full(count, MISSING, np.int32)
    return np.zeros((count, head.size), np.float32)
