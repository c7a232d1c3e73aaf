"""What the stages of a run draw from: the data of their settings, by their samplers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
        setting: the task's, for stages that name none.
        batch_sizes: examples per step of each role.
        classes: number of classes, under the first head.

    Raises:
        InputError: a sampler that does not fit the data, or that a stream was not made with.
    """

    def sampled(feed: Feed, sampler: str) -> Feed:
        if isinstance(feed, Resident):
            return with_sampler(feed, sampler, batch_sizes, classes, setting.classes)
        _check_sampler(feed, sampler)
        return feed

    keys = [(stage.setting or setting, stage.sampler) for stage in stages]
    found = {(own, sampler): sampled(data[own], sampler) for own, sampler in dict.fromkeys(keys)}
    return [found[key] for key in keys]


def _check_sampler(feed: Stream, sampler: str) -> None:
    if feed.sampler != sampler:
        raise InputError(
            f"a stage draws by sampler {sampler!r}, but its data are streamed by {feed.sampler!r}."
            f" Make them by stream_batches(..., sampler={sampler!r}), and say so:"
            f" Stream(..., sampler={sampler!r})"
        )
