"""Loss by which a class for the unknown is kept at a boundary (open-set backpropagation)."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from xferlab.losses._arrays import check_shapes, widen


def unknown_boundary_loss(
    logits: Float[Array, "n k"], *, boundary: float = 0.5
) -> Float[Array, " n"]:
    r"""Binary cross entropy of the probability of the last class, 'unknown', against a boundary.

        loss_i = -t log p_i - (1 - t) log(1 - p_i),   p = softmax(logits)_k,   t = boundary

    A classifier minimises it at p = t; an encoder that maximises it moves each example to p = 0 or
    p = 1: to the known classes, or to the unknown one.

    Args:
        logits: of all classes, the unknown one last, [n, k]; at least two.
        boundary: t, in (0, 1).

    Returns:
        One loss per example, at least the entropy of t, [n].

    Raises:
        ValueError: a wrong shape, or a single class.

    >>> [round(float(loss), 4) for loss in unknown_boundary_loss(jnp.zeros((1, 2)))]  # log 2
    [0.6931]

    References:
        Saito, Yamamoto, Ushiku, Harada: Open Set Domain Adaptation by Backpropagation, ECCV 2018,
        arXiv:1804.10427 (`saito2018osbp`): equation 2.

    Differences from the authors' code:
        Logarithms come from the logits; there they are of p + 1e-6.
    """
    check_shapes(("logits", logits, "n k"))
    if jnp.shape(logits)[1] < 2:
        raise ValueError("logits: expected at least two classes, the unknown one last, got 1")
    dtype, logits = widen(logits)
    log_probs = jax.nn.log_softmax(logits)
    known = jax.nn.logsumexp(log_probs[:, :-1], axis=1)
    return (-boundary * log_probs[:, -1] - (1 - boundary) * known).astype(dtype)
