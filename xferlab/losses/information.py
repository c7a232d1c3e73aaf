"""Entropy of predictions, of the mean prediction, and their difference (SHOT)."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from xferlab.losses._arrays import check_shapes, log_mean_probs, mask_padding, widen


def entropy(logits: Float[Array, "n k"]) -> Float[Array, " n"]:
    r"""Entropy of each prediction, in nats; minimised, it makes predictions certain.

        H_i = -\sum_c p_{ic} log p_{ic},   p = softmax(logits)

    Args:
        logits: class logits, [n, k].

    Returns:
        One entropy per example in [0, log k], [n].

    Raises:
        ValueError: a wrong shape.

    >>> [round(float(h), 4) for h in entropy(jnp.array([[0.0, 0.0], [50.0, 0.0]]))]  # log 2, 0
    [0.6931, 0.0]

    References:
        Grandvalet, Bengio: Semi-supervised Learning by Entropy Minimization, NIPS 2004
        (`grandvalet2004semi`).

    Differences from common code:
        Logarithms come from the logits. Code that takes log(p + 1e-5) instead (CDAN, SHOT) is off
        by up to 1e-5 per class.
    """
    check_shapes(("logits", logits, "n k"))
    dtype, logits = widen(logits)
    return _entropy(jax.nn.log_softmax(logits)).astype(dtype)


def diversity(
    logits: Float[Array, "n k"], *, where: Bool[Array, " n"] | None = None
) -> Float[Array, ""]:
    r"""Entropy of the mean prediction, in nats; maximised, it keeps all classes in use.

        D = -\sum_c q_c log q_c,   q = (1/n) \sum_i softmax(logits_i)

    Args:
        logits: class logits, [n, k].
        where: examples that count, [n]; the others are padding. Default: all.

    Returns:
        A scalar in [0, log k].

    Raises:
        ValueError: a wrong shape, or a `where` that is not boolean.

    >>> round(float(diversity(jnp.array([[50.0, 0.0], [0.0, 50.0]]))), 4)  # log 2
    0.6931

    References:
        Liang, Hu, Feng: Do We Really Need to Access the Source Data? Source Hypothesis Transfer
        for Unsupervised Domain Adaptation, ICML 2020, arXiv:2002.08546 (`liang2020shot`): minus
        its L_div.
    """
    check_shapes(("logits", logits, "n k"), ("where", where, "n"))
    dtype, logits = widen(logits)
    return _entropy(log_mean_probs(*mask_padding(logits, where))).astype(dtype)


def information_maximisation(
    logits: Float[Array, "n k"], *, where: Bool[Array, " n"] | None = None
) -> Float[Array, ""]:
    r"""Mean entropy minus diversity: predictions certain one by one and diverse together.

        loss = (1/n) \sum_i H(p_i) - H((1/n) \sum_i p_i),   p = softmax(logits)

    It is minus the mutual information between an example and its predicted class.

    Args:
        logits: class logits, [n, k].
        where: examples that count, [n]; the others are padding. Default: all.

    Returns:
        A scalar in [-log k, 0], to be minimised.

    Raises:
        ValueError: a wrong shape, or a `where` that is not boolean.

    >>> round(float(information_maximisation(jnp.array([[50.0, 0.0], [0.0, 50.0]]))), 4)
    -0.6931

    References:
        Liang, Hu, Feng: Do We Really Need to Access the Source Data? Source Hypothesis Transfer
        for Unsupervised Domain Adaptation, ICML 2020, arXiv:2002.08546 (`liang2020shot`):
        L_ent + L_div.

    Differences from the paper's code:
        No 1e-5 inside the logarithms.
    """
    check_shapes(("logits", logits, "n k"), ("where", where, "n"))
    dtype, logits = widen(logits)
    logits, kept = mask_padding(logits, where)
    certainty = jnp.mean(_entropy(jax.nn.log_softmax(logits)), where=kept[:, 0])
    return (certainty - _entropy(log_mean_probs(logits, kept))).astype(dtype)


def _entropy(log_probs: Float[Array, "*n k"]) -> Float[Array, "*n"]:
    """Returns the entropy over the last axis of log probabilities."""
    return -jnp.sum(jnp.exp(log_probs) * log_probs, axis=-1)
