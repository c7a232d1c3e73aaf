"""Losses of a domain discriminator and the gradient reversal in front of it."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from xferlab.losses._arrays import check_shapes, widen


@jax.custom_vjp
def gradient_reversal(
    x: Float[Array, "..."], scale: float | Float[Array, ""]
) -> Float[Array, "..."]:
    """The identity, whose gradient is multiplied by minus `scale` on the way back.

        forward: x,   backward: dL/dx <- -scale * dL/dx

    A discriminator behind it is trained to tell the domains apart while the encoder before it is
    trained to confuse them, in one backward pass.

    Args:
        x: features, of any shape.
        scale: strength of the reversal, a scalar, commonly 2 / (1 + exp(-10 progress)) - 1. It
            may be traced; its own gradient is zero.

    Returns:
        `x` unchanged.

    >>> jax.grad(lambda x: 3 * gradient_reversal(x, 0.5))(1.0).item()
    -1.5

    References:
        Ganin et al.: Domain-Adversarial Training of Neural Networks, JMLR 17 (59), 2016,
        arXiv:1505.07818 (`ganin2016dann`). The scale is its lambda.
    """
    del scale
    return x


def _reversal_forward(x: Array, scale: float | Array) -> tuple[Array, float | Array]:
    """Returns the value, and the scale for the way back."""
    return x, scale


def _reversal_backward(scale: float | Array, cotangent: Array) -> tuple[Array, Array]:
    """Returns the reversed cotangent of `x` and a zero one of `scale`."""
    return (-scale * cotangent).astype(cotangent.dtype), jnp.zeros_like(scale)


gradient_reversal.defvjp(_reversal_forward, _reversal_backward)


def domain_loss(
    source_logits: Float[Array, " n"],
    target_logits: Float[Array, " m"],
    *,
    source_weights: Float[Array, " n"] | None = None,
    target_weights: Float[Array, " m"] | None = None,
) -> Float[Array, ""]:
    r"""Binary cross entropy of domain logits: source is 1, target is 0, each domain half.

        loss = 1/2 (1/n) \sum_i a_i softplus(-s_i) + 1/2 (1/m) \sum_j b_j softplus(t_j)

    with softplus(-s) = -log sigmoid(s), and weights a, b of mean one.

    Args:
        source_logits: discriminator's logits of source examples, positive for "source", [n].
        target_logits: discriminator's logits of target examples, [m].
        source_weights: non-negative importance weights, [n]. They are divided by their mean,
            which is taken as a constant (stop_gradient), so that their scale does not matter;
            zeros drop padding. Default: ones.
        target_weights: the same for the target, [m].

    Returns:
        A non-negative scalar; log 2 for a discriminator that knows nothing.

    Raises:
        ValueError: a wrong shape.

    >>> round(float(domain_loss(jnp.zeros(3), jnp.zeros(2))), 4)  # log 2
    0.6931

    References:
        Ganin et al.: Domain-Adversarial Training of Neural Networks, JMLR 17 (59), 2016,
        arXiv:1505.07818 (`ganin2016dann`). Weights: Long, Cao, Wang, Jordan: Conditional
        Adversarial Domain Adaptation, NeurIPS 2018, arXiv:1705.10667 (`long2018cdan`).

    Differences from the papers:
        DANN's paper labels the source 0 and the target 1; the loss is the same with the logit's
        sign changed. CDAN's paper leaves its weights as they are; its code normalises them within
        each domain as here, and equals this loss at n = m.
    """
    check_shapes(("source_logits", source_logits, "n"), ("source_weights", source_weights, "n"))
    check_shapes(("target_logits", target_logits, "m"), ("target_weights", target_weights, "m"))
    dtype, source_logits, target_logits = widen(source_logits, target_logits)
    source = _weighted_mean(jax.nn.softplus(-source_logits), source_weights)
    target = _weighted_mean(jax.nn.softplus(target_logits), target_weights)
    return (0.5 * (source + target)).astype(dtype)


def generator_loss(target_logits: Float[Array, " m"]) -> Float[Array, " m"]:
    r"""Cross entropy of target examples against the label "source" (inverted labels).

        loss_j = softplus(-t_j) = -log sigmoid(t_j)

    The encoder minimises it to make its target features pass for source features. Unlike a
    reversed gradient its slope does not vanish where the discriminator is sure.

    Args:
        target_logits: discriminator's logits of target examples, positive for "source", [m].

    Returns:
        One non-negative loss per example, [m].

    Raises:
        ValueError: a wrong shape.

    >>> [round(float(loss), 4) for loss in generator_loss(jnp.array([0.0, -100.0]))]  # log 2, 100
    [0.6931, 100.0]

    References:
        Tzeng, Hoffman, Saenko, Darrell: Adversarial Discriminative Domain Adaptation, CVPR 2017,
        arXiv:1702.05464 (`tzeng2017adda`).
    """
    check_shapes(("target_logits", target_logits, "m"))
    dtype, target_logits = widen(target_logits)
    return jax.nn.softplus(-target_logits).astype(dtype)


def _weighted_mean(
    values: Float[Array, " n"], weights: Float[Array, " n"] | None
) -> Float[Array, ""]:
    """Returns the mean, with weights brought to mean one; zero where all weights are zero."""
    if weights is None:
        return jnp.mean(values)
    _, wide = widen(weights)
    mean = jax.lax.stop_gradient(jnp.mean(wide))
    return jnp.mean(wide * values) / jnp.where(mean > 0, mean, 1)
