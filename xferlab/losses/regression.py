"""Errors of predicted numbers."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from xferlab.losses._arrays import check_shapes, widen


def squared_error(
    predictions: Float[Array, "n m"], values: Float[Array, "n m"]
) -> Float[Array, " n"]:
    r"""Squared error, averaged over the numbers of an example.

        loss_i = (1 / m) \sum_j (a_{ij} - y_{ij})^2

    Args:
        predictions: the numbers predicted, a, [n, m].
        values: the true ones, y, [n, m].

    Returns:
        One non-negative loss per example, [n], in the square of the numbers' unit.

    Raises:
        ValueError: a wrong shape.

    >>> squared_error(jnp.array([[1.0, 2.0]]), jnp.array([[1.0, 4.0]])).tolist()
    [2.0]
    """
    check_shapes(("predictions", predictions, "n m"), ("values", values, "n m"))
    dtype, predictions, values = widen(predictions, values)
    return jnp.mean((predictions - values) ** 2, axis=1).astype(dtype)
