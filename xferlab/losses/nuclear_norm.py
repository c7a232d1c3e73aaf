"""Batch nuclear-norm maximisation (BNM)."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from xferlab.losses._arrays import check_shapes, mask_padding, widen


def nuclear_norm_loss(
    logits: Float[Array, "n k"], *, where: Bool[Array, " n"] | None = None
) -> Float[Array, ""]:
    r"""Minus the nuclear norm of the prediction matrix, per example.

        loss = -(1/n) \sum_r s_r(P),   P = softmax(logits), s_r its singular values

    Minimised, it makes the predictions certain and diverse.

    The gradient in P is -U V^T / n over the singular triples that are not zero up to rounding: the
    smallest subgradient of the norm. It is finite where singular values repeat or vanish, where
    differentiating the decomposition itself divides by zero.

    Args:
        logits: class logits of target examples, [n, k].
        where: examples that count, [n]; the others are padding. Default: all.

    Returns:
        A scalar in [-sqrt(min(n, k) / n), 0).

    Raises:
        ValueError: a wrong shape, or a `where` that is not boolean.

    >>> round(float(nuclear_norm_loss(200 * jnp.eye(4))), 4)  # four examples, four classes
    -1.0
    >>> round(float(nuclear_norm_loss(jnp.zeros((4, 4)))), 4)  # all uniform: -1/4
    -0.25

    References:
        Cui, Wang, Zhuo, Li, Huang, Tian: Towards Discriminability and Diversity: Batch
        Nuclear-norm Maximization under Label Insufficient Situations, CVPR 2020, arXiv:2003.12237
        (`cui2020bnm`).

    Differences from the paper's code:
        The paper divides by n, as here; its code takes the mean singular value and so divides by
        min(n, k). The code's loss is n / min(n, k) times this one.
    """
    check_shapes(("logits", logits, "n k"), ("where", where, "n"))
    dtype, logits = widen(logits)
    logits, kept = mask_padding(logits, where)
    probs = jnp.where(kept, jax.nn.softmax(logits), 0)
    return (-_nuclear_norm(probs) / jnp.sum(kept)).astype(dtype)


@jax.custom_vjp
def _nuclear_norm(matrix: Float[Array, "n k"]) -> Float[Array, ""]:
    """Returns the sum of the singular values, with the gradient U V^T."""
    return jnp.sum(jnp.linalg.svd(matrix, compute_uv=False))


def _norm_forward(matrix: Float[Array, "n k"]) -> tuple[Array, Array]:
    """Returns the norm and its subgradient: rank cut as in `numpy.linalg.matrix_rank`."""
    left, values, right = jnp.linalg.svd(matrix, full_matrices=False)
    cut = jnp.max(values) * max(matrix.shape) * jnp.finfo(matrix.dtype).eps
    left = jnp.where(values[None, :] > cut, left, 0)
    return jnp.sum(values), jnp.matmul(left, right, precision="highest")


def _norm_backward(subgradient: Float[Array, "n k"], cotangent: Float[Array, ""]) -> tuple[Array]:
    """Returns the cotangent of the matrix."""
    return (cotangent * subgradient,)


_nuclear_norm.defvjp(_norm_forward, _norm_backward)
