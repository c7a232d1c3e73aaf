"""Nearest class mean: the classes of a few labelled examples as the means of their features."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from xferlab.losses._arrays import by_domain, check_shapes, widen


def prototype_logits(
    support: Float[Array, "n d"],
    labels: Int[Array, " n"],
    queries: Float[Array, "m d"],
    *,
    ways: int,
) -> Float[Array, "m k"]:
    r"""Minus the squared Euclidean distance of every query to the mean of every class.

        logit_{jc} = -||q_j - p_c||^2,   p_c = mean of the support's rows of class c

    Their softmax is the class distribution of prototypical networks, so that the cross entropy of
    these logits is their loss.

    Args:
        support: features of labelled examples, [n, d].
        labels: their classes in [0, ways), [n]; a class without any has its mean at zero.
        queries: features of the examples that are told apart, [m, d].
        ways: the number of classes, k.

    Returns:
        Logits, at most 0, [m, k].

    Raises:
        ValueError: a wrong shape, labels that are not integers.

    >>> support = jnp.array([[0.0, 0.0], [0.0, 2.0], [4.0, 0.0]])
    >>> prototype_logits(support, jnp.array([0, 0, 1]), jnp.array([[4.0, 1.0]]), ways=2).tolist()
    [[-16.0, -1.0]]

    References:
        Snell, Swersky, Zemel: Prototypical Networks for Few-shot Learning, NeurIPS 2017,
        arXiv:1703.05175 (`snell2017prototypical`), eq. 1 and 2.
    """
    check_shapes(("support", support, "n d"), ("labels", labels, "n"), ("queries", queries, "m d"))
    if not jnp.issubdtype(jnp.result_type(labels), jnp.integer):
        raise ValueError(f"labels: expected integers, got {jnp.result_type(labels)}")
    dtype, support, queries = widen(support, queries)
    prototypes, _ = by_domain(support, labels, ways)
    # The difference itself: expanded squares lose all digits where features are large and near.
    gaps = queries[:, None, :] - prototypes[None, :, :]
    return -jnp.sum(gaps**2, axis=2).astype(dtype)
