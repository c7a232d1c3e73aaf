"""The optimiser of a parameter group, and the learning rate of a step.

The learning rate multiplies the finished update, so it can be a traced hyper-parameter and differ
by parameter path. Each group has an optimiser state of its own.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from xferlab.models.nets import Params
from xferlab.training.options import TrainingOptions


def make_transform(options: TrainingOptions) -> optax.GradientTransformation:
    """Returns the gradient transformation without its learning rate."""
    decay = optax.identity()
    if options.weight_decay is not None:
        decay = optax.add_decayed_weights(options.weight_decay)
    if options.optimiser == "sgd":
        return optax.chain(decay, optax.trace(options.momentum, nesterov=options.nesterov))
    adam = optax.scale_by_adam(b1=options.momentum)
    return optax.chain(decay, adam) if options.optimiser == "adam" else optax.chain(adam, decay)


def scheduled_lr(options: TrainingOptions, progress: Float[Array, ""]) -> Float[Array, ""]:
    """Returns the learning rate at a fraction of the stage, in [0, 1)."""
    if options.schedule == "dann":
        return options.lr * (1.0 + 10.0 * progress) ** -0.75
    if options.schedule == "cosine":
        return options.lr * 0.5 * (1.0 + jnp.cos(jnp.pi * progress))
    return jnp.asarray(options.lr, jnp.float32)


def init_optimiser(options: TrainingOptions, params: Params) -> dict[str, Any]:
    """Returns the optimiser state of each parameter group, of what is trained in it alone."""
    transform = make_transform(options)
    return {group: transform.init(values) for group, values in params.items()}


def update_group(
    options: TrainingOptions, lr: Array, gradient: Any, state: Any, params: Any, multipliers: Any
) -> tuple[Any, Any]:
    """Returns a group's new parameters and optimiser state.

    Args:
        options: the training options.
        lr: the learning rate of this step.
        gradient: the group's gradient, a tree like `params`.
        state: the group's optimiser state.
        params: the group's parameters, without the frozen ones (`core.paths.trained_part`).
        multipliers: static learning-rate multipliers, a tree like `params`.
    """
    updates, state = make_transform(options).update(gradient, state, params)

    def move(multiplier: float, parameter: Array, update: Array) -> Array:
        return parameter - lr * multiplier * update

    return jax.tree.map(move, multipliers, params, updates), state
