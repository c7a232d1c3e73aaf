"""The stages of a method under a recipe, checked, and the steps at which they end."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax

from xferlab.core.batch import Episodes
from xferlab.core.errors import InputError
from xferlab.core.settings import Setting
from xferlab.data.feeds.samplers import SAMPLERS
from xferlab.methods.base import Method, Stage
from xferlab.methods.recipes import NO_RECIPE, Change, Recipe
from xferlab.models.adapters import LoRA
from xferlab.training.contract import broken, shown, user_code
from xferlab.training.options import TrainingOptions

OPTIONS = ("lr", "weight_decay")
"""The training options that a stage may have of its own."""


def stages_of(method: Method, recipe: Recipe = NO_RECIPE) -> tuple[Stage, ...]:
    """Returns a method's stages as a recipe changes them.

    Raises:
        InputError: for anything but a non-empty sequence of `Stage(method, fraction, setting)`, the
            kept ones first, whose positive fractions without those of kept stages add up to one.
    """
    with user_code(method, "stages"):
        stages: Any = method.stages()
    fault = _fault_of_all(stages)
    if fault:
        raise broken(method, "stages", fault)
    for name, change in recipe.changes:
        stages = _changed(name, change, method, tuple(stages))
    return tuple(stages)


def _changed(name: str, change: Change, method: Method, stages: tuple[Stage, ...]) -> Any:
    where = f"recipe {name!r} on the stages of method {type(method).__name__}"
    try:
        changed: Any = change(stages)
    except Exception as error:
        if isinstance(error, InputError) or change.__module__.startswith("xferlab."):
            raise
        raise InputError(
            f"{where} failed ({type(error).__name__}: {error}). A recipe is a function of a tuple"
            " of Stage that returns one"
        ) from error
    fault = _fault_of_all(changed)
    if fault:
        raise InputError(f"{where} gave {fault}")
    return changed


def _fault_of_all(stages: object) -> str:
    """Returns what is wrong with the stages of a run, '' for nothing."""
    if not isinstance(stages, tuple | list) or not stages:
        return f"{shown(stages)}, not a tuple of at least one Stage"
    for number, stage in enumerate(stages, 1):
        fault = _fault(stage)
        if fault:
            return f"as stage {number} {fault}"
    kept = [stage.kept for stage in stages]
    if all(kept):
        return "kept stages alone; a run has at least one of its own"
    if kept != sorted(kept, reverse=True):
        return f"as stage {kept.index(False) + 2} or later a kept one; kept stages come first"
    own = [stage.fraction for stage in stages if not stage.kept]
    total = math.fsum(own)
    if abs(total - 1.0) > 1e-6:
        shares = ", ".join(f"{fraction:g}" for fraction in own)
        return f"fractions {shares}, which add up to {total:g}, not to 1"
    return ""


def _fault(stage: object) -> str:
    """Returns what is wrong with a stage, '' for nothing."""
    if not isinstance(stage, Stage):
        return f"{shown(stage)}, not a Stage(method, fraction, setting)"
    if not isinstance(stage.method, Method):
        return f"a Stage of {shown(stage.method)}, not of a method such as SourceOnly()"
    if not isinstance(stage.kept, bool):
        return f"kept={shown(stage.kept)}, neither True nor False"
    most = math.inf if stage.kept else 1.0
    if not _is_number(stage.fraction) or not 0.0 < stage.fraction <= most:
        return f"the fraction {shown(stage.fraction)}, not a number in (0, {most:g}]"
    if stage.setting is not None and not isinstance(stage.setting, Setting):
        return f"the setting {shown(stage.setting)}, neither None nor a Setting"
    fresh = stage.fresh
    if not isinstance(fresh, tuple) or not all(isinstance(group, str) for group in fresh):
        return f"fresh={shown(fresh)}, not a tuple of names of networks"
    if not _are_pairs(stage.rates, lambda pattern: bool(pattern)):
        return (
            f"rates={shown(stage.rates)}, not a tuple of (pattern, multiplier of at least 0), such"
            " as (('encoder/**', 0.1), ('**', 1.0))"
        )
    if not _are_pairs(stage.options, OPTIONS.__contains__):
        return f"options={shown(stage.options)}, not a tuple of ('lr' or 'weight_decay', number)"
    if not isinstance(stage.adapter, LoRA | None):
        return f"adapter={shown(stage.adapter)}, neither None nor an adapter such as LoRA(rank=4)"
    if not isinstance(stage.sampler, Episodes) and stage.sampler not in SAMPLERS:
        return f"sampler={shown(stage.sampler)}, none of {', '.join(SAMPLERS)} and Episodes(ways)"
    return ""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _are_pairs(value: object, allowed: Callable[[str], bool]) -> bool:
    """Tells whether a value is a tuple of (text, number of at least 0)."""
    return isinstance(value, tuple) and all(
        isinstance(pair, tuple)
        and len(pair) == 2
        and isinstance(pair[0], str)
        and allowed(pair[0])
        and _is_number(pair[1])
        and pair[1] >= 0
        for pair in value
    )


def options_of(stage: Stage, options: TrainingOptions) -> TrainingOptions:
    """Returns the training options as a stage changes them."""
    rules = stage.rates or options.lr_rules
    changes: dict[str, Any] = dict(stage.options)
    return dataclasses.replace(options, lr_rules=rules, **changes)


def static_part(stages: Sequence[Stage], options: TrainingOptions) -> tuple[Any, ...]:
    """Returns what is structure of stages: runs where it is equal may share their programs."""
    return tuple(
        (
            jax.tree.structure((stage.method, options_of(stage, options))),
            *(stage.fraction, stage.setting, stage.fresh, stage.kept),
            *(stage.adapter, stage.sampler),
        )
        for stage in stages
    )


def stage_bounds(stages: Sequence[Stage], steps: int) -> list[int]:
    """Returns the step at which each stage ends: its share, rounded, and at least one step.

    The share is its part of the sum of all fractions.

    >>> from xferlab.methods.ada_bn import AdaBN
    >>> stage_bounds(AdaBN().stages(), 400), stage_bounds(AdaBN().stages(), 4)
    ([360, 400], [3, 4])

    Raises:
        InputError: if there are fewer steps than stages.
    """
    if steps < len(stages):
        shares = ", ".join(f"{type(s.method).__name__} {s.fraction:.0%}" for s in stages)
        short = type(stages[steps].method).__name__
        raise InputError(
            f"steps is {steps}, which leaves none for stage {steps + 1} ({short}) of {len(stages)}:"
            f" {shares}. Each stage takes at least one step; give at least {len(stages)} steps"
        )
    total = math.fsum(stage.fraction for stage in stages)
    total = 1.0 if abs(total - 1.0) <= 1e-6 else total
    ends, share = [0], 0.0
    for left, stage in zip(range(len(stages) - 1, -1, -1), stages, strict=True):
        share += stage.fraction / total
        ends.append(min(max(round(share * steps), ends[-1] + 1), steps - left))
    return ends[1:]


def kept_steps(stages: Sequence[Stage], steps: int) -> int:
    """Returns how many steps the kept stages take before a run of so many.

    >>> from xferlab.methods.source_only import SourceOnly
    >>> kept_steps([Stage(SourceOnly(), 0.5, kept=True), Stage(SourceOnly())], 100)
    50
    """
    return sum(max(1, round(stage.fraction * steps)) for stage in stages if stage.kept)


def check_alike(
    methods: Sequence[Method],
    recipes: Sequence[Sequence[Stage]],
    options: Sequence[TrainingOptions],
) -> None:
    """Raises InputError for stacked runs that need programs of their own."""
    first, *others = (static_part(*pair) for pair in zip(recipes, options, strict=True))
    if any(other != first for other in others):
        raise InputError(
            f"stacked runs of {type(methods[0]).__name__} differ in the structure of their"
            " stages: fractions, settings, rates, adapters, samplers. Train those that differ in"
            " packs of their own"
        )
