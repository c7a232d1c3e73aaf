"""What CDAN shows its discriminator: features combined with predictions, and example weights."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from xferlab.losses._arrays import check_shapes, widen
from xferlab.losses.information import entropy


def multilinear(features: Float[Array, "n d"], probs: Float[Array, "n k"]) -> Float[Array, "n d*k"]:
    r"""Outer product of each example's features and predictions, flattened.

        out_{i, f k + c} = features_{if} probs_{ic}

    Args:
        features: features, [n, d].
        probs: class probabilities, [n, k]. CDAN stops their gradient; so does the caller, here.

    Returns:
        One vector of d * k values per example, [n, d * k].

    Raises:
        ValueError: a wrong shape.

    >>> multilinear(jnp.array([[1.0, 2.0]]), jnp.array([[0.25, 0.75]])).tolist()
    [[0.25, 0.75, 0.5, 1.5]]

    References:
        Long, Cao, Wang, Jordan: Conditional Adversarial Domain Adaptation, NeurIPS 2018,
        arXiv:1705.10667 (`long2018cdan`).

    Differences from the paper's code:
        The entries come feature by feature, there class by class: a dense discriminator cannot
        tell.
    """
    check_shapes(("features", features, "n d"), ("probs", probs, "n k"))
    dtype, features, probs = widen(features, probs)
    outer = features[:, :, None] * probs[:, None, :]
    return outer.reshape(features.shape[0], -1).astype(dtype)


def random_multilinear(
    features: Float[Array, "n d"],
    probs: Float[Array, "n k"],
    feature_matrix: Float[Array, "d r"],
    prob_matrix: Float[Array, "k r"],
) -> Float[Array, "n r"]:
    r"""Randomised multilinear map: as many dimensions as wanted instead of d * k.

        out = (features F) * (probs G) / sqrt(r),   elementwise product

    For F and G of independent standard normal entries, inner products of outputs estimate those
    of the full multilinear map without bias.

    Args:
        features: features, [n, d].
        probs: class probabilities, [n, k]. CDAN stops their gradient; so does the caller, here.
        feature_matrix: F, drawn once from the standard normal and kept, [d, r].
        prob_matrix: G, drawn likewise, [k, r].

    Returns:
        One vector of r values per example, [n, r].

    Raises:
        ValueError: a wrong shape.

    >>> eye = jnp.eye(2)
    >>> out = random_multilinear(jnp.array([[1.0, 2.0]]), jnp.array([[0.25, 0.75]]), eye, eye)
    >>> [round(float(x), 4) for x in out[0]]  # [0.25, 1.5] / sqrt 2
    [0.1768, 1.0607]

    References:
        Long, Cao, Wang, Jordan: Conditional Adversarial Domain Adaptation, NeurIPS 2018,
        arXiv:1705.10667 (`long2018cdan`).
    """
    check_shapes(
        ("features", features, "n d"),
        ("probs", probs, "n k"),
        ("feature_matrix", feature_matrix, "d r"),
        ("prob_matrix", prob_matrix, "k r"),
    )
    dtype, *arrays = widen(features, probs, feature_matrix, prob_matrix)
    features, probs, feature_matrix, prob_matrix = arrays
    product = (features @ feature_matrix) * (probs @ prob_matrix)
    return (product / jnp.sqrt(feature_matrix.shape[1])).astype(dtype)


def entropy_weights(logits: Float[Array, "n k"]) -> Float[Array, " n"]:
    r"""Weights of CDAN+E: examples predicted with certainty count up to twice as much.

        w_i = 1 + exp(-H(softmax(logits_i)))

    Args:
        logits: class logits, [n, k].

    Returns:
        One weight per example in [1 + 1/k, 2], [n]; `domain_loss` brings them to mean one.

    Raises:
        ValueError: a wrong shape.

    >>> [round(float(w), 4) for w in entropy_weights(jnp.array([[0.0, 0.0], [50.0, 0.0]]))]
    [1.5, 2.0]

    References:
        Long, Cao, Wang, Jordan: Conditional Adversarial Domain Adaptation, NeurIPS 2018,
        arXiv:1705.10667 (`long2018cdan`).

    Differences from the paper's code:
        There the gradient reaches the entropy reversed, by the coefficient of the features'
        gradient reversal. Nothing is stopped or reversed here: `gradient_reversal(logits, scale)`
        as argument gives the code's gradient, `jax.lax.stop_gradient` fixed weights.
    """
    dtype, logits = widen(logits)
    return (1 + jnp.exp(-entropy(logits))).astype(dtype)
