"""What a stage trains: the multiplier of every parameter, and the factors of its adapter."""

from __future__ import annotations

from typing import Any

import jax
from jaxtyping import Array, Key

from xferlab.core.errors import InputError
from xferlab.core.paths import frozen_paths, resolve_rules
from xferlab.methods.base import Stage
from xferlab.models.adapters import LoRA, freeze_kernels, init_factors
from xferlab.models.nets import Params
from xferlab.training.options import TrainingOptions

ADAPTER_STREAM = 2**31 - 2
"""Folded into a stage's key for the factors of its adapter."""


def with_factors(adapter: LoRA | None, params: Params, key: Key[Array, ""]) -> Params:
    """Returns the networks' parameters, and the groups of an adapter's factors if there is one."""
    if adapter is None:
        return params
    return params | init_factors(adapter, params, jax.random.fold_in(key, ADAPTER_STREAM))


def trained_rates(
    stage: Stage, options: TrainingOptions, params: Params
) -> tuple[Params, tuple[tuple[Any, ...], ...]]:
    """Returns the learning-rate multiplier of every parameter, and the paths of frozen modules.

    A module is frozen where none of its effective weights moves: one whose kernel has an adapter
    that is trained is not.

    Args:
        stage: its method is named in errors; its adapter adds parameters.
        options: the options as the stage changes them.
        params: shapes of the networks' parameters.

    Raises:
        InputError: rules that leave a parameter out, match none, or freeze all; an adapter that
            does not fit.
    """
    shapes = jax.eval_shape(lambda: with_factors(stage.adapter, params, jax.random.key(0)))
    multipliers = resolve_rules(options.lr_rules, shapes)
    multipliers, moved = freeze_kernels(multipliers)
    if not any(jax.tree.leaves(multipliers)):
        raise InputError(
            f"rules {options.lr_rules} freeze every parameter, so {type(stage.method).__name__} has"
            " nothing to train. Give a rule with a multiplier above 0, such as ('heads/**', 1.0)"
        )
    return multipliers, frozen_paths(moved)
