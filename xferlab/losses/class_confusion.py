"""Minimum class confusion (MCC)."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from xferlab.losses._arrays import check_shapes, mask_padding, widen
from xferlab.losses.information import entropy


def class_confusion_loss(
    logits: Float[Array, "n k"],
    *,
    temperature: float | Float[Array, ""] = 2.5,
    where: Bool[Array, " n"] | None = None,
) -> Float[Array, ""]:
    r"""Share of the predictions' mass that lies between different classes.

        p = softmax(logits / T)                            softened predictions
        w_i = n (1 + exp(-H(p_i))) / \sum_l (1 + exp(-H(p_l)))     certain examples count more
        C_{jc} = \sum_i w_i p_{ij} p_{ic}                   confusion of classes j and c
        loss = (1/k) \sum_j \sum_{c != j} C_{jc} / \sum_b C_{jb}

    Rows of p sum to one, so \sum_b C_{jb} = \sum_i w_i p_{ij} and the loss is

        1 - (1/k) \sum_j \sum_i q_{ij} p_{ij},   q_{ij} = w_i p_{ij} / \sum_l w_l p_{lj}

    q is a softmax over the examples of log w_i + log p_{ij}. It is what is computed: it stays
    finite where no example has any mass on a class, and the scale of w drops out. The
    weights are constants to the gradient (stop_gradient), as in the paper's code.

    Args:
        logits: class logits of target examples, [n, k].
        temperature: T, positive.
        where: examples that count, [n]; the others are padding. Default: all.

    Returns:
        A scalar in [0, 1).

    Raises:
        ValueError: a wrong shape, or a `where` that is not boolean.

    >>> uniform, certain = jnp.zeros((4, 4)), 200 * jnp.eye(4)
    >>> float(class_confusion_loss(uniform)), float(class_confusion_loss(certain))  # 1 - 1/k, 0
    (0.75, 0.0)

    References:
        Jin, Wang, Long, Wang: Minimum Class Confusion for Versatile Domain Adaptation, ECCV 2020,
        arXiv:1912.03699 (`jin2020mcc`).

    Differences from the paper's code:
        No 1e-5 inside the logarithm of the entropy.
    """
    check_shapes(("logits", logits, "n k"), ("where", where, "n"))
    dtype, logits = widen(logits)
    logits, kept = mask_padding(logits, where)
    logits = logits / temperature
    log_probs = jax.nn.log_softmax(logits)
    weights = jax.lax.stop_gradient(1 + jnp.exp(-entropy(logits)))[:, None]
    shares = jax.nn.softmax(jnp.log(weights) + log_probs, axis=0, where=kept)
    certain = jnp.mean(jnp.sum(shares * jnp.exp(log_probs), axis=0))
    return (1 - certain).astype(dtype)
