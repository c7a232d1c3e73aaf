"""Losses of a Wasserstein critic: its gap between the domains and its gradient penalty (WDGRL)."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from xferlab.losses._arrays import check_shapes, widen


def wasserstein_gap(
    source_scores: Float[Array, " n"], target_scores: Float[Array, " m"]
) -> Float[Array, ""]:
    r"""Difference between a critic's mean scores of the two domains.

        gap = (1/n) \sum_i f(x_i) - (1/m) \sum_j f(y_j)

    Over critics of Lipschitz constant one its maximum is the Wasserstein-1 distance. The critic
    maximises it, the encoder minimises it.

    Args:
        source_scores: critic's scores of source features, [n].
        target_scores: critic's scores of target features, [m].

    Returns:
        A scalar of either sign.

    Raises:
        ValueError: a wrong shape.

    >>> float(wasserstein_gap(jnp.array([1.0, 3.0]), jnp.array([0.5])))
    1.5

    References:
        Shen, Qu, Zhang, Yu: Wasserstein Distance Guided Representation Learning for Domain
        Adaptation, AAAI 2018, arXiv:1707.01217 (`shen2018wdgrl`).
    """
    check_shapes(("source_scores", source_scores, "n"), ("target_scores", target_scores, "m"))
    dtype, source_scores, target_scores = widen(source_scores, target_scores)
    return (jnp.mean(source_scores) - jnp.mean(target_scores)).astype(dtype)


def gradient_penalty(
    critic: Callable[[Float[Array, "n d"]], Float[Array, " n"]], points: Float[Array, "n d"]
) -> Float[Array, ""]:
    r"""Mean squared deviation of a critic's gradient norm from one.

        penalty = (1/n) \sum_i (||df(x_i)/dx_i||_2 - 1)^2

    Args:
        critic: f, which maps [n, d] to scores [n], each row on its own (no batch statistics). It
            is called with points of at least float32.
        points: where its gradient is taken, [n, d]; WDGRL takes source features, target features
            and `interpolate` of both.

    Returns:
        A non-negative scalar.

    Raises:
        ValueError: a wrong shape of points or of scores.

    >>> float(gradient_penalty(lambda x: 3.0 * x[:, 0], jnp.ones((2, 2))))  # (3 - 1)^2
    4.0

    References:
        Gulrajani, Ahmed, Arjovsky, Dumoulin, Courville: Improved Training of Wasserstein GANs,
        NIPS 2017, arXiv:1704.00028 (`gulrajani2017wgangp`). Shen, Qu, Zhang, Yu, AAAI 2018,
        arXiv:1707.01217 (`shen2018wdgrl`).

    Differences from the paper's code:
        Where the critic's gradient is zero, the norm's own gradient is zero here and NaN there.
    """
    check_shapes(("points", points, "n d"))
    dtype, points = widen(points)

    def total_score(points: Float[Array, "n d"]) -> Float[Array, ""]:
        scores = critic(points)
        check_shapes(("points", points, "n d"), ("critic(points)", scores, "n"))
        return jnp.sum(scores)

    squares = jnp.sum(jax.grad(total_score)(points) ** 2, axis=1)
    flat = squares == 0
    norms = jnp.where(flat, 0, jnp.sqrt(jnp.where(flat, 1, squares)))
    return jnp.mean((norms - 1) ** 2).astype(dtype)


def interpolate(
    key: Key[Array, ""], source: Float[Array, "n d"], target: Float[Array, "m d"]
) -> Float[Array, "pairs d"]:
    r"""Random points on the lines between source and target examples.

        out_i = target_i + a_i (source_i - target_i),   a_i uniform in [0, 1)

    Args:
        key: a JAX random key.
        source: source features, [n, d].
        target: target features, [m, d]. Where n and m differ the smaller set is repeated.

    Returns:
        One point per pair, [max(n, m), d].

    Raises:
        ValueError: a wrong shape.

    >>> interpolate(jax.random.key(0), jnp.ones((2, 3)), jnp.ones((4, 3))).tolist()[3]
    [1.0, 1.0, 1.0]

    References:
        Shen, Qu, Zhang, Yu: Wasserstein Distance Guided Representation Learning for Domain
        Adaptation, AAAI 2018, arXiv:1707.01217 (`shen2018wdgrl`).
    """
    check_shapes(("source", source, "n d"), ("target", target, "m d"))
    dtype, source, target = widen(source, target)
    rows = jnp.arange(max(len(source), len(target)))
    source, target = source[rows % len(source)], target[rows % len(target)]
    share = jax.random.uniform(key, (len(rows), 1), source.dtype)
    return (target + share * (source - target)).astype(dtype)
