"""Distance between the moments of several source domains and the target (M3SDA)."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from xferlab.losses._arrays import by_domain, check_shapes, widen


def moment_distance(
    source: Float[Array, "n d"],
    target: Float[Array, "m d"],
    domain_id: Int[Array, " n"],
    *,
    domains: int,
    moments: int = 2,
) -> Float[Array, ""]:
    r"""Distance of the first moments of N source domains from the target's and from each other.

        loss = \sum_k ( mean_i ||E s_i^k - E t^k|| + mean_{i<j} ||E s_i^k - E s_j^k|| )

    for k from 1 to `moments`, with powers entry by entry and E the mean over the examples of a
    domain. Means are over the domains, and pairs of them, that have examples here; of none they
    are 0.

    Args:
        source: features of all sources, [n, d].
        target: target features, [m, d].
        domain_id: the source i of each source example, in [0, domains), [n]; others count nowhere.
        domains: the number of sources, N.
        moments: how many moments are compared; 2 in the paper.

    Returns:
        A non-negative scalar.

    Raises:
        ValueError: a wrong shape.

    >>> source, ids = jnp.array([[0.0], [2.0]]), jnp.array([0, 1])
    >>> float(moment_distance(source, jnp.array([[1.0]]), ids, domains=2, moments=1))  # 1 + 2
    3.0

    References:
        Peng, Bai, Xia, Huang, Saenko, Wang: Moment Matching for Multi-Source Domain Adaptation,
        ICCV 2019, arXiv:1812.01754 (`peng2019m3sda`): equation 1.

    Differences from the authors' code:
        See `xferlab.methods.m3sda`.
    """
    check_shapes(
        ("source", source, "n d"), ("domain_id", domain_id, "n"), ("target", target, "m d")
    )
    dtype, source, target = widen(source, target)
    loss = jnp.zeros((), source.dtype)
    for power in range(1, moments + 1):
        means, counts = by_domain(source**power, domain_id, domains)
        there = counts > 0
        pairs = jnp.triu(there[:, None] & there[None, :], k=1)
        to_target = _norm(means - jnp.mean(target**power, axis=0, keepdims=True))
        to_others = _norm(means[:, None] - means[None, :])
        loss += _mean_where(to_target, there) + _mean_where(to_others, pairs)
    return loss.astype(dtype)


def _norm(x: Float[Array, "... d"]) -> Float[Array, "..."]:
    """Returns Euclidean norms, whose gradient at zero is zero."""
    squares = jnp.sum(x**2, axis=-1)
    return jnp.where(squares > 0, jnp.sqrt(jnp.where(squares > 0, squares, 1)), 0)


def _mean_where(values: Float[Array, "..."], there: Array) -> Float[Array, ""]:
    return jnp.sum(jnp.where(there, values, 0)) / jnp.maximum(jnp.sum(there), 1)
