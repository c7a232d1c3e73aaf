"""What the stages of a run draw from: the data of their settings, by their samplers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xferlab.core.roles import Roles
from xferlab.core.settings import Setting
from xferlab.data.feeds.resident import Resident, with_sampler
from xferlab.data.feeds.streamed import Streamed
from xferlab.methods.base import Stage

Feed = Resident | Streamed


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
        data: the splits under each setting that a stage may name.
        setting: the task's, for stages that name none.
        batch_sizes: examples per step of each role.
        classes: number of classes, under the first head.

    Raises:
        InputError: a sampler that does not fit the data.
    """

    def sampled(feed: Feed, sampler: str) -> Feed:
        how = sampler, batch_sizes, classes, setting.classes
        return with_sampler(feed, *how) if isinstance(feed, Resident) else feed.with_sampler(*how)

    keys = [(stage.setting or setting, stage.sampler) for stage in stages]
    found = {(own, sampler): sampled(data[own], sampler) for own, sampler in dict.fromkeys(keys)}
    return [found[key] for key in keys]
