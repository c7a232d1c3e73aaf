"""Distance between the covariances of two domains (Deep CORAL)."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from xferlab.losses._arrays import check_shapes, widen


def coral_loss(source: Float[Array, "n d"], target: Float[Array, "m d"]) -> Float[Array, ""]:
    r"""Squared Frobenius distance between the covariances of source and target features.

        loss = ||C_s - C_t||_F^2 / (4 d^2),   C = (1 / (n - 1)) \sum_i (x_i - x)(x_i - x)^T

    with x the domain's mean. A domain of a single example has covariance zero.

    Args:
        source: source features, [n, d].
        target: target features, [m, d].

    Returns:
        A non-negative scalar.

    Raises:
        ValueError: a wrong shape.

    >>> source, target = jnp.array([[0.0], [2.0]]), jnp.array([[0.0], [4.0]])
    >>> float(coral_loss(source, target))  # (2 - 8)^2 / 4
    9.0

    References:
        Sun, Saenko: Deep CORAL: Correlation Alignment for Deep Domain Adaptation, ECCV Workshops
        2016, arXiv:1607.01719 (`sun2016deepcoral`): equations 1 to 3.

    Differences from the paper:
        None. Implementations that average the squared entries, without the 4, are four times as
        large.
    """
    check_shapes(("source", source, "n d"), ("target", target, "m d"))
    dtype, source, target = widen(source, target)
    difference = _covariance(source) - _covariance(target)
    return (jnp.sum(difference**2) / (4 * source.shape[1] ** 2)).astype(dtype)


def _covariance(x: Float[Array, "n d"]) -> Float[Array, "d d"]:
    """Returns the unbiased covariance, zero for one row."""
    centred = x - jnp.mean(x, axis=0, keepdims=True)
    return jnp.matmul(centred.T, centred, precision="highest") / max(len(x) - 1, 1)
