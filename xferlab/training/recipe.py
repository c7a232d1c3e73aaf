"""The stages of a method, checked, and the steps at which they end."""

from __future__ import annotations

import math
from collections.abc import Sequence

from xferlab.core.errors import InputError
from xferlab.core.settings import Setting
from xferlab.methods.base import Method, Stage
from xferlab.training.contract import broken, shown, user_code


def stages_of(method: Method) -> tuple[Stage, ...]:
    """Returns a method's recipe.

    Raises:
        InputError: for anything but a non-empty sequence of `Stage(method, fraction, setting)`
            whose positive fractions add up to one.
    """
    with user_code(method, "stages"):
        stages = method.stages()
    if not isinstance(stages, tuple | list) or not stages:
        raise broken(method, "stages", f"{shown(stages)}, not a tuple of at least one Stage")
    for number, stage in enumerate(stages, 1):
        fault = _fault(stage)
        if fault:
            raise broken(method, "stages", f"as stage {number} {fault}")
    total = math.fsum(stage.fraction for stage in stages)
    if abs(total - 1.0) > 1e-6:
        shares = ", ".join(f"{stage.fraction:g}" for stage in stages)
        raise broken(method, "stages", f"fractions {shares}, which add up to {total:g}, not to 1")
    return tuple(stages)


def _fault(stage: object) -> str:
    """Returns what is wrong with a stage, '' for nothing."""
    if not isinstance(stage, Stage):
        return f"{shown(stage)}, not a Stage(method, fraction, setting)"
    if not isinstance(stage.method, Method):
        return f"a Stage of {shown(stage.method)}, not of a method such as SourceOnly()"
    number = isinstance(stage.fraction, int | float) and not isinstance(stage.fraction, bool)
    if not number or not 0.0 < stage.fraction <= 1.0:
        return f"the fraction {shown(stage.fraction)}, not a number in (0, 1]"
    if stage.setting is not None and not isinstance(stage.setting, Setting):
        return f"the setting {shown(stage.setting)}, neither None nor a Setting"
    fresh = stage.fresh
    if not isinstance(fresh, tuple) or not all(isinstance(group, str) for group in fresh):
        return f"fresh={shown(fresh)}, not a tuple of names of networks"
    return ""


def stage_bounds(stages: Sequence[Stage], steps: int) -> list[int]:
    """Returns the step at which each stage ends: its share, rounded, and at least one step.

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
    ends, share = [0], 0.0
    for left, stage in zip(range(len(stages) - 1, -1, -1), stages, strict=True):
        share += stage.fraction
        ends.append(min(max(round(share * steps), ends[-1] + 1), steps - left))
    return ends[1:]
