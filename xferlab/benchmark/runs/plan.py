"""From a suite to its runs, and from runs to packs that train together."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

import jax

from xferlab.benchmark.runs.environment import describe_arithmetic
from xferlab.benchmark.runs.episodic import check_episodic
from xferlab.benchmark.runs.kept_spec import features_digest, start_digest, task_spec
from xferlab.benchmark.runs.reverse import check_way_back
from xferlab.benchmark.runs.sources import method_digest, shared_digest
from xferlab.benchmark.store.records import REVERSE_VALIDATION
from xferlab.benchmark.store.spec import MethodSpec, RunSpec
from xferlab.benchmark.suites.suite import Suite, SuiteTask
from xferlab.benchmark.suites.sweeps import Value, convert_value
from xferlab.core.errors import InputError, unknown_name
from xferlab.core.pytrees import plain_fields
from xferlab.core.settings import Setting, View
from xferlab.data.task import TransferTask
from xferlab.methods.base import Stage
from xferlab.methods.closed_form.base import ClosedFormMethod
from xferlab.methods.recipes import NO_RECIPE, Recipe
from xferlab.methods.table import AnyMethod
from xferlab.training.closed_form import check_predicts
from xferlab.training.feeding import stages_on
from xferlab.training.options import TrainingOptions
from xferlab.training.recipe import stages_of, static_part

Hyper = Mapping[str, Value]
OF_TRAINING: Mapping[str, type] = {"lr": float, "weight_decay": float}
"""Training options that can be swept as the hyper-parameters of a method that trains."""


class Candidate(NamedTuple):
    """A row of a table: a method to run, by a recipe if any.

    Attributes:
        name: what tables call it.
        method: with its defaults.
        source: digest of the method's sources; '': to be found.
        grid: hyper-parameters to try.
        recipe: what changes its stages.
    """

    name: str
    method: AnyMethod
    source: str = ""
    grid: tuple[Hyper, ...] = ({},)
    recipe: Recipe = NO_RECIPE


Run = tuple[RunSpec, AnyMethod]


class Pack(NamedTuple):
    """Runs of one task and one method that train as one program, in a fixed order.

    What a pack holds depends on the suite and the width alone, never on which runs are done: the
    number of runs in a program changes last bits.
    """

    suite_task: SuiteTask
    task: TransferTask
    runs: tuple[Run, ...]
    recipe: Recipe = NO_RECIPE
    reverse: bool = False
    """Whether runs are scored by reverse validation too, which trains each of them once more."""
    stages: tuple[Stage, ...] = ()
    """The kept stages that its runs train (`runs.kept`); () for the rows of a table."""


def make_packs(
    suite: Suite, candidates: Sequence[Candidate], *, seeds: int, width: int
) -> list[Pack]:
    """Returns the packs of a suite in the order in which tables fill up.

    Args:
        suite: tasks and options.
        candidates: methods with their hyper-parameter grids.
        seeds: number of seeds; their indices are 0 ... seeds - 1. A deterministic method runs
            once.
        width: largest number of runs in a pack; 1 trains each run alone.

    Raises:
        InputError: for a method that supports neither a task's setting nor the supervised one, for
            one that supports the supervised one alone where a target has no test examples of its
            own, for one that cannot run on an online task, and for a hyper-parameter that a method
            does not have.
    """
    packs = []
    for candidate in candidates:
        columns = [_task_packs(candidate, each, seeds, width) for each in suite.tasks]
        if suite.header.validator == REVERSE_VALIDATION and len(candidate.grid) > 1:
            columns = [[_reversible(pack) for pack in column] for column in columns]
        packs += itertools.chain.from_iterable(zip(*columns, strict=True))
    return packs


def _task_packs(candidate: Candidate, suite_task: SuiteTask, seeds: int, width: int) -> list[Pack]:
    candidate = candidate._replace(recipe=candidate.recipe.on(suite_task.network))
    task = _task_for(candidate, suite_task.task)
    cells = itertools.product(range(seeds), candidate.grid)
    runs = [_run(candidate, suite_task, task, hyper, seed) for seed, hyper in cells]
    runs = [(spec, method) for spec, method in runs if spec.seed == 0 or not spec.deterministic]
    return [
        Pack(suite_task, task, tuple(alike[begin : begin + width]), candidate.recipe)
        for alike in _by_structure(runs, candidate.recipe)
        for begin in range(0, len(alike), width)
    ]


def _by_structure(runs: Sequence[Run], recipe: Recipe) -> Iterable[list[Run]]:
    """Returns the runs in groups that one program can train, in order of first appearance."""
    groups: dict[Any, list[Run]] = {}
    for spec, method in runs:
        structure: Any = jax.tree.structure((method, spec.training))
        if not isinstance(method, ClosedFormMethod):
            structure = structure, static_part(stages_of(method, recipe), spec.training)
        groups.setdefault(structure, []).append((spec, method))
    return groups.values()


def _reversible(pack: Pack) -> Pack:
    """Returns the pack with reverse validation, unless it trains with target labels."""
    check_way_back(pack.task)
    spec, _ = pack.runs[0]
    if spec.start:
        raise InputError(
            f"{spec.method.name} begins with kept stages, for which reverse validation is not"
            " defined. Choose another --validator"
        )
    return pack._replace(reverse=not spec.oracle)


def would_test_on_training_labels(
    method: AnyMethod, task: TransferTask, recipe: Recipe = NO_RECIPE
) -> bool:
    """Tells whether a method that is shown target labels would be scored on those it trains on."""
    if not task.target.transductive:
        return False
    beyond = shown_beyond(method, task, recipe)
    return beyond is not None and beyond.target is View.LABELS


def shown_beyond(
    method: AnyMethod, task: TransferTask, recipe: Recipe = NO_RECIPE
) -> Setting | None:
    """Returns the first setting in which a method sees more than the task shows; None without one.

    That is what it needs, where the task shows less, or what a stage names.
    """
    if not method.needs.within(task.setting):
        return task.setting.widened(method.needs)
    if isinstance(method, ClosedFormMethod):
        return None
    settings = (
        # A kept run may have seen the source; what it saw of the target counts.
        dataclasses.replace(stage.setting, source=View.ABSENT) if stage.kept else stage.setting
        for stage in stages_of(method, recipe)
        if stage.setting is not None
    )
    return next((setting for setting in settings if not setting.within(task.setting)), None)


def _task_for(candidate: Candidate, task: TransferTask) -> TransferTask:
    """Returns the task as a method sees it: with target labels where it cannot do without."""
    needs = candidate.method.needs
    check_predicts(candidate.name, candidate.method, task)
    check_episodic(candidate.name, candidate.method, task)
    if would_test_on_training_labels(candidate.method, task, candidate.recipe):
        raise InputError(
            f"method {candidate.name!r} would be tested on what it is trained on: task"
            f" {task.name!r} is transductive, its target's test examples are the training"
            " examples. Leave the method out or choose a suite with a test split"
        )
    if needs.within(task.setting):
        return task
    beyond = View.LABELS if needs.target is View.LABELS else View.ABSENT  # Labels make an oracle.
    shown = task.setting.widened(Setting("target", target=beyond))
    if not needs.within(shown):
        raise InputError(
            f"method {candidate.name!r} needs {task.setting.lacks(needs)}, which setting"
            f" {task.setting.label!r} of task {task.name!r} hides. Leave the method out or choose"
            " another suite"
        )
    return task.with_setting(shown)


def _run(
    candidate: Candidate, suite_task: SuiteTask, task: TransferTask, hyper: Hyper, seed: int
) -> tuple[RunSpec, AnyMethod]:
    method = with_hyper(candidate.name, candidate.method, hyper)
    training = dataclasses.replace(suite_task.training, **_of_training(method, hyper))
    named = [(k, v) for k, v in hyper.items() if _differs(k, v, candidate.method, suite_task)]
    beyond = shown_beyond(method, suite_task.task, candidate.recipe)
    stages = stages_on(task, method, candidate.recipe, training)
    spec = RunSpec(
        task=task_spec(task),
        method=MethodSpec(
            name=candidate.name,
            hyper=tuple(sorted(named)),
            source=candidate.source or method_digest(method),
            recipe=candidate.recipe.source,
        ),
        network=suite_task.network,
        training=training,
        seed=seed,
        sees=beyond.label if beyond else "",
        deterministic=_is_deterministic(method),
        code=shared_digest(),
        arithmetic=describe_arithmetic(),
        start=start_digest(suite_task, task, stages, seed),
        inputs=features_digest(suite_task),
    )
    return spec, method


def _is_deterministic(method: AnyMethod) -> bool:
    return isinstance(method, ClosedFormMethod) and method.deterministic


def with_hyper(name: str, method: AnyMethod, hyper: Hyper) -> AnyMethod:
    """Returns the method with its own hyper-parameters replaced; those of training are left out.

    Raises:
        InputError: for a value that the method itself refuses.
    """
    own = {key: value for key, value in hyper.items() if key in plain_fields(method)}
    try:
        return dataclasses.replace(method, **own)  # type: ignore[type-var]
    except (TypeError, ValueError) as error:
        raise InputError(f"method {name!r} cannot be made with {own}: {error}") from error


def _kinds(name: str, method: AnyMethod, keys: Iterable[str]) -> Mapping[str, type]:
    """Returns the types of a method's hyper-parameters; raises InputError for an unknown key."""
    of_training = {} if isinstance(method, ClosedFormMethod) else OF_TRAINING
    kinds = {**of_training, **plain_fields(method)}
    for key in keys:
        if key not in kinds:
            raise unknown_name(f"hyper-parameter of method {name!r}", key, kinds)
    return kinds


def expand_grid(candidate: Candidate, values: Mapping[str, Sequence[Any]]) -> Candidate:
    """Returns the candidate with every combination of hyper-parameter values, each once.

    Args:
        candidate: the method.
        values: of each of its plain fields (bool, number or text), and for one that trains of `lr`
            and `weight_decay`, what to try: Python values, or their texts. Values that equal the
            method's defaults are left unnamed.

    Raises:
        InputError: for a hyper-parameter that the method does not have, and a value of another
            type or outside its range.
    """
    default = candidate.method
    kinds = _kinds(candidate.name, default, values)
    columns = {key: _converted(candidate.name, key, values[key], kinds[key]) for key in values}
    points = [dict(zip(columns, point, strict=True)) for point in product(*columns.values())]
    for point in points:
        with_hyper(candidate.name, default, point)
        TrainingOptions(steps=10, **_of_training(default, point))
    changed = [{k: v for k, v in p.items() if _differs(k, v, default)} for p in points]
    unique = {tuple(sorted(hyper.items())): hyper for hyper in changed}
    return candidate._replace(grid=tuple(unique.values()))


def _converted(method: str, key: str, values: Sequence[Any], kind: type) -> list[Value]:
    several = isinstance(values, Iterable) and not isinstance(values, str)
    listed = list(values) if several else [values]
    if not listed:
        raise InputError(f"{method}.{key} has no value to try; give at least one")
    return [convert_value(f"{method}.{key}", value, kind) for value in listed]


def _of_training(method: AnyMethod, hyper: Hyper) -> dict[str, Any]:
    return {key: value for key, value in hyper.items() if key not in plain_fields(method)}


def _differs(key: str, value: Value, method: AnyMethod, task: SuiteTask | None = None) -> bool:
    """Tells whether a hyper-parameter is another than the method's, or the task's training's."""
    if key in plain_fields(method):
        return getattr(method, key) != value
    return task is None or getattr(task.training, key) != value
