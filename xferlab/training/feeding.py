"""What the stages of a run draw from: the data of their settings, by their samplers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xferlab.core.errors import InputError
from xferlab.core.roles import Roles
from xferlab.core.settings import Setting
from xferlab.data.feeds.resident import Resident, with_sampler
from xferlab.methods.base import Stage
from xferlab.training.loop import Stream

Feed = Resident | Stream


def feeds_of(
    stages: Sequence[Stage],
    data: Mapping[Setting, Feed],
    setting: Setting,
    batch_sizes: Roles[int],
    classes: int,
) -> list[Feed]:
    """Returns the feed of every stage.

    Args:
        stages: of a run.
        data: the splits, or the stream of batches, under each setting that a stage may name.
        setting: for stages that name none.
        batch_sizes: examples per step of each role.
        classes: number of classes, under the first head.

    Raises:
        InputError: a sampler that does not fit the data, or that a stream was not made with.
    """
    found: dict[Any, Feed] = {}
    keys = [(stage.setting or setting, stage.sampler) for stage in stages]
    for own, sampler in keys:
        if (own, sampler) not in found:
            found[own, sampler] = _sampled(data[own], sampler, batch_sizes, classes)
    return [found[key] for key in keys]


def _sampled(feed: Feed, sampler: str, batch_sizes: Roles[int], classes: int) -> Feed:
    if isinstance(feed, Resident):
        return with_sampler(feed, sampler, batch_sizes, classes)
    if feed.sampler != sampler:
        raise InputError(
            f"a stage draws by sampler {sampler!r}, but its data are streamed by {feed.sampler!r}."
            f" Make them by stream_batches(..., sampler={sampler!r}), and say so:"
            f" Stream(..., sampler={sampler!r})"
        )
    return feed
