"""What the stages of a run see and draw from: the data of their settings, by their samplers.

Of a task whose target comes in order (`Setting.online`) a stage sees the source, or the stream of
the target, which is the last stage: one pass in order. What is predicted there is in `predict`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from xferlab.core.batch import Batch, Episodes
from xferlab.core.errors import InputError
from xferlab.core.roles import Roles
from xferlab.core.settings import Setting, View
from xferlab.data.feeds.resident import Resident, with_sampler
from xferlab.data.feeds.samplers import IN_ORDER, SHUFFLED
from xferlab.data.feeds.streamed import Streamed
from xferlab.data.task import TransferTask
from xferlab.methods.base import Method, Stage
from xferlab.methods.closed_form.base import ClosedFormMethod
from xferlab.methods.recipes import Recipe
from xferlab.training.options import TrainingOptions
from xferlab.training.recipe import stage_bounds, stages_of

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


def stages_under(stages: Sequence[Stage], setting: Setting) -> tuple[Stage, ...]:
    """Returns stages as a task of that setting shows them its data.

    Of a task that is not online they stay as they are. Of one that is, each gets the setting that
    it names, or else its method's `needs`, which is online where it shows the target, and the
    sampler 'in_order' with it.

    Raises:
        InputError: a stage that sees source and target at once, or the target other than in order,
            once and last; one that is online where the task is not.
    """
    if setting.online:
        stages = [_under(stage, _nth(stages, n)) for n, stage in enumerate(stages)]
    online = [number for number, stage in enumerate(stages) if comes(stage)]
    if online and not setting.online:
        raise InputError(
            f"{_nth(stages, online[0])} has the setting {stages[online[0]].setting.label!r}, which"  # type: ignore[union-attr]
            f" is online, and the task's, {setting.label!r}, is not. Tasks say whether the target"
            " comes in order; a stage of one that is not may have sampler='in_order'"
        )
    if online and online != [len(stages) - 1]:
        raise InputError(
            f"{_nth(stages, online[0])} sees the target of an online task, which comes once, and a"
            f" stage follows: {_nth(stages, online[0] + 1)}. The last stage alone may see it"
        )
    return tuple(stages)


def comes(stage: Stage) -> bool:
    """Tells whether a stage that `stages_under` returned sees the target as it comes."""
    return stage.setting is not None and stage.setting.online


def _nth(stages: Sequence[Stage], number: int) -> str:
    return f"stage {number + 1} ({type(stages[number].method).__name__})"


def _under(stage: Stage, who: str) -> Stage:
    """Returns one stage of an online task with its own setting and sampler."""
    shown = _one_at_a_time(stage.setting or stage.method.needs, who)
    if not shown.online:
        return stage._replace(setting=shown)
    if stage.kept or stage.method.refreshes:
        seen = "is kept, so trained before the run, and" if stage.kept else "is refreshed, so"
        raise InputError(
            f"{who} {seen} sees the whole target, whose examples come one batch after the other in"
            " an online task. Leave the method out, or choose another setting"
        )
    if stage.sampler not in (SHUFFLED, IN_ORDER):
        raise InputError(
            f"{who} has the sampler {stage.sampler!r} and sees the target of an online task, whose"
            f" examples come in order. Allowed there: {IN_ORDER!r}, which is the default"
        )
    return stage._replace(setting=shown, sampler=IN_ORDER)


def _one_at_a_time(shown: Setting, who: str) -> Setting:
    """Returns a setting, online where it shows the target. Raises InputError for both domains."""
    sees_target = shown.target is not View.ABSENT
    if sees_target and shown.source is not View.ABSENT:
        raise InputError(
            f"{who} sees source and target at once (setting {shown.label!r}); in an online task the"
            " target comes when the source is left behind. Leave the method out, or give its"
            " stages settings: Stage(SourceOnly(), 0.9), Stage(method, 0.1, Setting.SOURCE_FREE)"
        )
    return dataclasses.replace(shown, online=sees_target)


def shown_at_once(method: ClosedFormMethod, setting: Setting) -> Setting:
    """Returns what a method that is fitted at once sees: all, or what it needs of an online task.

    Raises:
        InputError: a method that needs the target of an online task.
    """
    if not setting.online:
        return setting
    who = f"method {type(method).__name__}"
    if method.needs.target is not View.ABSENT:
        raise InputError(
            f"{who} is fitted to the whole target at once, whose examples come one batch after the"
            " other in an online task. Leave the method out, or choose another setting"
        )
    return method.needs


def stages_on(
    task: TransferTask, method: Method | ClosedFormMethod, recipe: Recipe, options: TrainingOptions
) -> tuple[Stage, ...]:
    """Returns the stages of a run on a task; none of a closed-form method.

    Raises:
        InputError: a method that cannot be run on an online task, or too few steps for its stream.
    """
    if isinstance(method, ClosedFormMethod):
        shown_at_once(method, task.setting)
        return ()
    stages = stages_under(stages_of(method, recipe), task.setting)
    own = [stage for stage in stages if not stage.kept]
    if comes(own[-1]):
        bounds_of(own, options, task.sizes.target)
    return stages


def bounds_of(stages: Sequence[Stage], options: TrainingOptions, target_size: int) -> list[int]:
    """Returns the step at which each stage ends.

    A stream takes the steps of one pass, ⌈n / b⌉ of n examples in batches of b; the stages before
    it share the others by their fractions (`stage_bounds`).

    Args:
        stages: of a run, as `stages_under` returns them.
        options: those of the run.
        target_size: n.

    Raises:
        InputError: too few steps for the stages.
    """
    if not comes(stages[-1]):
        return stage_bounds(stages, options.steps)
    steps, batch = -(-target_size // options.sizes.target), options.sizes.target
    before = stages[:-1]
    left = options.steps - steps
    if left < len(before) or (left and not before):
        others = f" and {len(before)} or more for the stages before" if before else ", and no more"
        raise InputError(
            f"steps is {options.steps}; the {target_size} target examples come in {steps} batches"
            f" of {batch}, which takes as many steps{others}. Give"
            f" {steps + len(before)} steps{' or more' if before else ''}, or another batch size"
        )
    return [*stage_bounds(before, left), options.steps]
