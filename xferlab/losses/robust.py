"""What the worst of several domains is given: mean losses of each, and weights that follow them."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from xferlab.losses._arrays import by_domain, check_shapes, widen


def domain_means(
    losses: Float[Array, " n"], domain_id: Int[Array, " n"], *, domains: int
) -> Float[Array, " g"]:
    r"""Mean loss of the examples of each domain.

        L_g = (1 / n_g) \sum_{i: g_i = g} l_i,   0 for a domain without examples

    Args:
        losses: of the examples, [n].
        domain_id: the domain g_i of each, in [0, domains), [n]; others count nowhere.
        domains: the number of domains, g.

    Returns:
        One mean for each domain, [g].

    Raises:
        ValueError: a wrong shape.

    >>> domain_means(jnp.array([1.0, 3.0, 5.0]), jnp.array([0, 0, 2]), domains=3).tolist()
    [2.0, 0.0, 5.0]
    """
    check_shapes(("losses", losses, "n"), ("domain_id", domain_id, "n"))
    dtype, losses = widen(losses)
    return by_domain(losses[:, None], domain_id, domains)[0][:, 0].astype(dtype)


def exponentiated_weights(
    weights: Float[Array, " g"], domain_losses: Float[Array, " g"], *, step_size: float = 0.01
) -> Float[Array, " g"]:
    r"""A step of exponentiated gradient ascent on the weights of domains.

        q_g <- q_g exp(step_size L_g) / \sum_h q_h exp(step_size L_h)

    Args:
        weights: q, positive, with sum one, [g].
        domain_losses: L, the mean loss of each domain, [g].
        step_size: how fast weights follow the losses.

    Returns:
        Weights with sum one, [g].

    Raises:
        ValueError: a wrong shape.

    >>> new = exponentiated_weights(jnp.array([0.5, 0.5]), jnp.array([1.0, 0.0]), step_size=1.0)
    >>> [round(float(q), 4) for q in new]  # e / (e + 1)
    [0.7311, 0.2689]

    References:
        Sagawa, Koh, Hashimoto, Liang: Distributionally Robust Neural Networks for Group Shifts,
        ICLR 2020, arXiv:1911.08731 (`sagawa2020groupdro`): algorithm 1.
    """
    check_shapes(("weights", weights, "g"), ("domain_losses", domain_losses, "g"))
    dtype, weights, domain_losses = widen(weights, domain_losses)
    return jax.nn.softmax(jnp.log(weights) + step_size * domain_losses).astype(dtype)
