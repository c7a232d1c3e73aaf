"""Discrepancy between the predictions of two heads (MCD)."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from xferlab.losses._arrays import check_shapes, widen


def classifier_discrepancy(
    first_logits: Float[Array, "n k"], second_logits: Float[Array, "n k"]
) -> Float[Array, " n"]:
    r"""Mean absolute difference between the class probabilities of two heads.

        loss_i = (1/k) \sum_c |softmax(a_i)_c - softmax(b_i)_c|

    MCD's heads maximise it on the target, its encoder minimises it.

    Args:
        first_logits: one head's class logits a, [n, k].
        second_logits: the other head's class logits b of the same examples, [n, k].

    Returns:
        One discrepancy per example in [0, 2/k], [n]. Its gradient at equal predictions is zero.

    Raises:
        ValueError: a wrong shape.

    >>> float(classifier_discrepancy(jnp.array([[50.0, 0.0]]), jnp.array([[0.0, 50.0]]))[0])
    1.0

    References:
        Saito, Watanabe, Ushiku, Harada: Maximum Classifier Discrepancy for Unsupervised Domain
        Adaptation, CVPR 2018, arXiv:1712.02560 (`saito2018mcd`).
    """
    check_shapes(("first_logits", first_logits, "n k"), ("second_logits", second_logits, "n k"))
    dtype, first_logits, second_logits = widen(first_logits, second_logits)
    difference = jax.nn.softmax(first_logits) - jax.nn.softmax(second_logits)
    return jnp.mean(jnp.abs(difference), axis=1).astype(dtype)
