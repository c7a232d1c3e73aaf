"""A target whose examples come in order and are scored as they come (`Setting.online`)."""

from __future__ import annotations

import dataclasses

from xferlab.core.checks import check_type
from xferlab.core.errors import InputError, unknown_name
from xferlab.core.settings import Setting
from xferlab.data.domain import SPLITS, Domain


def as_stream(domain: Domain, split: str = "test") -> Domain:
    """Returns the domain with one split for both: the stream, its rows in their order.

    Args:
        domain: a target.
        split: which of its splits comes; the other one is left out.

    Raises:
        InputError: what is no domain, and an unknown split.
    """
    check_type("domain", domain, Domain, "a Domain, as readers return it")
    if split not in SPLITS:
        raise unknown_name("split", str(split), SPLITS)
    if domain.transductive:
        return domain
    stream, (left,) = domain.splits[split], (own for own in SPLITS if own != split)
    count = len(domain.splits[left].labels)
    note = f"its {split} split is the stream; the {count} examples of the {left} split are left out"
    splits = {"train": stream, "test": stream}
    return dataclasses.replace(domain, splits=splits, notes=(*domain.notes, note))


def check_stream(task: str, target: Domain, setting: Setting) -> None:
    """Raises InputError for an online setting where other target examples are scored than come."""
    if setting.online and not target.transductive:
        raise InputError(
            f"task {task!r}: setting {setting.label!r} is online, so the target's examples are"
            " scored as they come, and its test split has others. Give the target as"
            " xferlab.data.as_stream(target) returns it: both splits are then the stream"
        )
