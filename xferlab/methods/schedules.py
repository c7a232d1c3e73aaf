"""Ramps of loss weights over a stage's progress."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float


def dann_ramp(progress: Float[Array, ""], *, gamma: float = 10.0) -> Float[Array, ""]:
    """Returns the ramp of the DANN paper: 2 / (1 + exp(-gamma p)) - 1, from 0 to about 1.

    Args:
        progress: p, the done fraction of the stage, in [0, 1].
        gamma: steepness; 10 in the paper.

    References:
        ganin2016dann, section 5.2.2.
    """
    return 2.0 / (1.0 + jnp.exp(-gamma * progress)) - 1.0
