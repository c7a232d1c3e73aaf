"""The identity of tasks and of kept stages: what they see, how long they train, what they are."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

from xferlab.benchmark.runs.environment import describe_arithmetic
from xferlab.benchmark.runs.sources import featured_digest, method_digest, shared_digest
from xferlab.benchmark.store.spec import MethodSpec, RunSpec, TaskSpec
from xferlab.benchmark.suites.kept_features import KeptFeatures
from xferlab.benchmark.suites.suite import SuiteTask
from xferlab.core.checks import shown
from xferlab.core.errors import InputError
from xferlab.core.seeds import canonical_json, digest
from xferlab.core.settings import Setting, View
from xferlab.data.feeds.samplers import SHUFFLED
from xferlab.data.task import TransferTask
from xferlab.methods.base import Method, Stage
from xferlab.training.options import TrainingOptions
from xferlab.training.recipe import kept_steps, options_of, stage_bounds


def task_spec(task: TransferTask) -> TaskSpec:
    """Returns a task's plain description."""
    return TaskSpec(
        name=task.name,
        sources=tuple(domain.name for domain in task.sources),
        target=task.target.name,
        setting=task.setting.label,
        views=tuple(int(view) for view in task.setting.views),
        fingerprint=task.fingerprint,
    )


def kept_setting(stages: Sequence[Stage], task: TransferTask) -> Setting:
    """Returns what kept stages see of a task, all together; classes and inputs are the task's."""
    settings = [stage.setting or task.setting for stage in stages]
    seen = functools.reduce(lambda a, b: a if b.within(a) else a.widened(b), settings)
    own = task.setting
    return dataclasses.replace(seen, classes=own.classes, own_inputs=own.own_inputs)


def kept_training(
    stages: Sequence[Stage], training: TrainingOptions, seen: Setting
) -> TrainingOptions:
    """Returns the options of a run of kept stages: of the suite's, what bears upon them."""
    sizes = zip(training.sizes, seen.views, strict=True)
    return dataclasses.replace(
        training,
        steps=kept_steps(stages, training.steps),
        batch_sizes=tuple(size if view > View.ABSENT else 1 for size, view in sizes),
        evaluations=1,
    )


def kept_spec(
    suite_task: SuiteTask, task: TransferTask, stages: Sequence[Stage], seed: int
) -> RunSpec:
    """Returns the run of the kept stages with which a run of that task and seed begins.

    Its task is what the stages see: where that is nothing of the target, the run is one for all
    targets. Hyper-parameters of training that a suite tries do not reach it.

    Raises:
        InputError: a method with a field that is neither plain nor a method.
    """
    seen = kept_setting(stages, task)
    training = kept_training(stages, suite_task.training, seen)
    return RunSpec(
        task=_seen_task(task, seen),
        method=MethodSpec(name=f"{'+'.join(type(s.method).__name__ for s in stages)} (kept)"),
        network=suite_task.network,
        training=training,
        seed=seed,
        code=shared_digest(),
        arithmetic=describe_arithmetic(),
        inputs=features_digest(suite_task),
        kept=_describe_stages(stages, training, task),
    )


def features_spec(suite_task: SuiteTask, features: KeptFeatures) -> RunSpec:
    """Returns the kept run of the network whose features the runs on a task are given.

    It is one for all targets of a source, methods and seeds.
    """
    before = suite_task.before_features
    spec = kept_spec(before, before.task, features.stages, seed=0)
    return dataclasses.replace(spec, key=features.seed, code=featured_digest())


def features_digest(suite_task: SuiteTask) -> str:
    """Returns the identity of the kept run whose features are a task's inputs, '' for none."""
    features = suite_task.features
    return features_spec(suite_task, features).digest if features else ""


def start_digest(
    suite_task: SuiteTask, task: TransferTask, stages: Sequence[Stage], seed: int
) -> str:
    """Returns the identity of the kept run with which these stages begin, '' for none."""
    kept = [stage for stage in stages if stage.kept]
    return kept_spec(suite_task, task, kept, seed).digest if kept else ""


def _seen_task(task: TransferTask, seen: Setting) -> TaskSpec:
    """Returns the description of what a setting shows of a task."""
    sees_source = seen.source > View.ABSENT
    sees_target = max(seen.target, seen.shots) > View.ABSENT
    sources = tuple(domain.name for domain in task.sources) if sees_source else ()
    views = tuple(int(view) for view in seen.views)
    domains = [domain.fingerprint for domain in task.sources] if sees_source else []
    shown_target = [task.target.fingerprint, list(task.shots)] if sees_target else []
    return TaskSpec(
        name=task.name if sees_target else "+".join(sources),
        sources=sources,
        target=task.target.name if sees_target else "",
        setting=seen.label,
        views=views,
        fingerprint=digest([domains, shown_target, list(views)]),
    )


def _describe_stages(
    stages: Sequence[Stage], training: TrainingOptions, task: TransferTask
) -> tuple[str, ...]:
    """Returns each stage as JSON: all that decides its numbers beside the run's options."""
    begin, described = 0, []
    for stage, end in zip(stages, stage_bounds(stages, training.steps), strict=True):
        options = options_of(stage, training)
        content = {
            "method": _describe_method(stage.method),
            "steps": end - begin,
            "views": [int(view) for view in (stage.setting or task.setting).views],
            "fresh": list(stage.fresh),
            "lr_rules": options.lr_rules,
            "lr": options.lr,
            "weight_decay": options.weight_decay,
        }
        if stage.adapter:
            content["adapter"] = dataclasses.asdict(stage.adapter)
        if stage.sampler != SHUFFLED:
            content["sampler"] = str(stage.sampler)
        described.append(canonical_json(content))
        begin = end
    return tuple(described)


def _describe_method(method: Method) -> dict[str, Any]:
    """Returns class, digest of its code, and the fields that differ from their defaults."""
    fields = {
        f.name: _plain(method, f.name, value)
        for f in dataclasses.fields(method)  # type: ignore[arg-type]
        if (value := method.__dict__[f.name]) != f.default
    }
    return {"class": type(method).__name__, "source": method_digest(method), "fields": fields}


def _plain(method: Method, name: str, value: Any) -> Any:
    if isinstance(value, Method):
        return _describe_method(value)
    if isinstance(value, tuple | list):
        return [_plain(method, name, each) for each in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise InputError(
        f"{type(method).__name__} is the method of a kept stage, whose identity is made of plain"
        f" values; its field {name!r} is {shown(value)}. Give numbers, texts, or tuples of them"
    )
