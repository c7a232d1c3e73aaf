"""Cross entropies of class predictions, against labels or against distributions over classes."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int

from xferlab.losses._arrays import check_shapes, widen


def cross_entropy(
    logits: Float[Array, "n k"],
    labels: Int[Array, " n"],
    *,
    label_smoothing: float | Float[Array, ""] = 0.0,
) -> Float[Array, " n"]:
    r"""Cross entropy of class predictions against integer labels, optionally smoothed.

    With `p = softmax(logits)` and smoothing `e`, example `i` of class `y_i` has

        loss_i = -(1 - e) log p_{i, y_i} - (e / k) \sum_c log p_{ic}

    Args:
        logits: class logits, [n, k].
        labels: classes in [0, k), [n]. Values cannot be refused under jit: a label out of range
            makes its loss NaN.
        label_smoothing: share `e` in [0, 1] of the label that is spread over all k classes.

    Returns:
        One non-negative loss per example, [n].

    Raises:
        ValueError: a wrong shape, labels that are not integers.

    >>> losses = cross_entropy(jnp.zeros((2, 4)), jnp.array([0, 3]))
    >>> [round(float(loss), 4) for loss in losses]  # log 4
    [1.3863, 1.3863]

    References:
        Szegedy, Vanhoucke, Ioffe, Shlens, Wojna: Rethinking the Inception Architecture for
        Computer Vision, CVPR 2016, arXiv:1512.00567 (`szegedy2016rethinking`, smoothing).
    """
    check_shapes(("logits", logits, "n k"), ("labels", labels, "n"))
    if not jnp.issubdtype(jnp.result_type(labels), jnp.integer):
        raise ValueError(f"labels: expected integers, got {jnp.result_type(labels)}")
    dtype, logits = widen(logits)
    labels = jnp.where(labels < 0, logits.shape[1], labels)  # -1 would count from the end
    hard = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
    uniform = -jnp.mean(jax.nn.log_softmax(logits), axis=1)
    return ((1 - label_smoothing) * hard + label_smoothing * uniform).astype(dtype)


def soft_cross_entropy(
    logits: Float[Array, "n k"], target_probs: Float[Array, "n k"]
) -> Float[Array, " n"]:
    r"""Cross entropy of class predictions against distributions over the classes.

        loss_i = -\sum_c q_{ic} log softmax(logits)_{ic}

    Args:
        logits: class logits, [n, k].
        target_probs: distributions q, rows that sum to one, [n, k]. The gradient flows into them
            too: a teacher's predictions go through `jax.lax.stop_gradient` first.

    Returns:
        One loss per example, at least the entropy of its distribution, [n].

    Raises:
        ValueError: a wrong shape.

    >>> loss = soft_cross_entropy(jnp.zeros((1, 4)), jnp.array([[0.5, 0.5, 0.0, 0.0]]))
    >>> round(float(loss[0]), 4)  # log 4
    1.3863
    """
    check_shapes(("logits", logits, "n k"), ("target_probs", target_probs, "n k"))
    dtype, logits, target_probs = widen(logits, target_probs)
    return optax.softmax_cross_entropy(logits, target_probs).astype(dtype)


def label_cross_entropy(
    logits: Float[Array, "n m"], labels: Float[Array, "n m"]
) -> Float[Array, " n"]:
    r"""Binary cross entropy of several labels, each there or not, averaged over the labels.

        loss_i = -(1 / m) \sum_j y_{ij} log s(z_{ij}) + (1 - y_{ij}) log(1 - s(z_{ij}))

    with the logistic function s.

    Args:
        logits: one for each label, [n, m].
        labels: 1 where the label is there, 0 where not, [n, m]; numbers between are shares.

    Returns:
        One non-negative loss per example, [n].

    Raises:
        ValueError: a wrong shape.

    >>> loss = label_cross_entropy(jnp.zeros((1, 3)), jnp.array([[1.0, 0.0, 1.0]]))
    >>> round(float(loss[0]), 4)  # log 2
    0.6931
    """
    check_shapes(("logits", logits, "n m"), ("labels", labels, "n m"))
    dtype, logits, labels = widen(logits, labels)
    return optax.sigmoid_binary_cross_entropy(logits, labels).mean(axis=1).astype(dtype)
