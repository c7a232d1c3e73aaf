"""What the stages of a run draw from: the data of their settings, by their samplers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from xferlab.core.batch import Batch, Episodes
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

    def sampled(feed: Feed, sampler: str | Episodes) -> Feed:
        how = sampler, batch_sizes, classes, setting.classes
        return with_sampler(feed, *how) if isinstance(feed, Resident) else feed.with_sampler(*how)

    keys = [(stage.setting or setting, stage.sampler) for stage in stages]
    found = {(own, sampler): sampled(data[own], sampler) for own, sampler in dict.fromkeys(keys)}
    return [found[key] for key in keys]


def target_size(data: Feed) -> int:
    """Returns the (padded) number of target examples, 0 where the target is hidden."""
    target = _splits(data).target
    return 0 if target is None else len(target.index)


def source_domains(feeds: Iterable[Feed]) -> int:
    """Returns the number of domains of the source, 1 where all of them hide it."""
    sources = [_splits(feed).source for feed in feeds]
    return max((int(each.domain_id.max()) + 1 for each in sources if each is not None), default=1)


def _splits(data: Feed) -> Batch:
    """Returns what is on the device of a feed's splits; all but the inputs, if it is streamed."""
    return (data if isinstance(data, Resident) else data.drawn).splits
