"""Contrast of two views of the same examples (SimCLR)."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from xferlab.losses._arrays import check_shapes, widen

_LEAST_SQUARE = 1e-12
"""Of the length of a vector that is divided by it."""


def nt_xent(
    first: Float[Array, "n d"],
    second: Float[Array, "n d"],
    *,
    temperature: float | Float[Array, ""] = 0.1,
) -> Float[Array, " n"]:
    r"""Normalised temperature-scaled cross entropy: each view finds its partner among all others.

        l(a, b) = -log exp(cos(z_a, z_b) / T) / \sum_{c \ne a} exp(cos(z_a, z_c) / T)
        loss_i = (l(i, n + i) + l(n + i, i)) / 2

    where z are the 2n rows of both arrays, the first ones before the second ones.

    Args:
        first: vectors of one view of each example, [n, d]; any length but zero, which counts as
            at a right angle to all others.
        second: of another view of the same examples, [n, d].
        temperature: T, positive.

    Returns:
        One loss per example, at least 0, for a single example 0, [n].

    Raises:
        ValueError: a wrong shape.

    >>> same = jnp.eye(2)  # log(1 + 2 exp(-1))
    >>> [round(float(loss), 4) for loss in nt_xent(same, same, temperature=1.0)]
    [0.5514, 0.5514]

    References:
        Chen, Kornblith, Norouzi, Hinton: A Simple Framework for Contrastive Learning of Visual
        Representations, ICML 2020, arXiv:2002.05709 (`chen2020simclr`), eq. 1.

    Differences from the paper's code:
        Its loss is the sum of both directions' means, twice the mean of this; it takes 1e9 from an
        example's similarity to itself, which is left out here.
    """
    check_shapes(("first", first, "n d"), ("second", second, "n d"))
    dtype, first, second = widen(first, second)
    stacked = jnp.concatenate([first, second])
    squares = jnp.sum(stacked**2, axis=1, keepdims=True)
    directions = stacked * lax.rsqrt(jnp.maximum(squares, _LEAST_SQUARE))
    similarities = directions @ directions.T / temperature
    others = ~jnp.eye(len(stacked), dtype=bool)
    totals = jax.nn.logsumexp(similarities, axis=1, where=others)
    half = len(first)
    losses = totals - jnp.diagonal(jnp.roll(similarities, half, axis=1))
    return (0.5 * (losses[:half] + losses[half:])).astype(dtype)
