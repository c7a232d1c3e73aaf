"""Squared joint maximum mean discrepancy over several layers (JAN)."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from xferlab.losses._arrays import check_shapes, widen
from xferlab.losses.mmd import DAN_MULTIPLIERS, batch_kernel, embedding_distance


def jmmd_loss(
    source: Sequence[Float[Array, "n _"]],
    target: Sequence[Float[Array, "m _"]],
    *,
    multipliers: Sequence[Sequence[float]] = (DAN_MULTIPLIERS, (1.0,)),
    squared_bandwidths: Sequence[float | Float[Array, ""] | None] = (None, 0.84),
    estimator: str = "biased",
) -> Float[Array, ""]:
    r"""Squared distance between the joint distributions of several layers' activations.

    The squared MMD of `mmd_loss` with the product of one kernel for each layer l:

        k(x, y) = \prod_l \sum_u exp(-||x_l - y_l||^2 / (2 m_{lu} s_l))

    Args:
        source: source activations, one [n, d_l] for each layer; in JAN features and
            probabilities.
        target: target activations, one [m, d_l] for each layer, in the same order.
        multipliers: the m_{lu}, one tuple for each layer.
        squared_bandwidths: the s_l. None: the mean squared distance in that layer's batch, taken
            as a constant (stop_gradient).
        estimator: "biased" or "unbiased", as in `mmd_loss`.

    Returns:
        A scalar; the biased one is not negative.

    Raises:
        ValueError: a wrong shape, other numbers of layers, an unknown estimator.

    >>> source = (jnp.array([[0.0], [1.0]]), jnp.array([[1.0, 0.0], [0.0, 1.0]]))
    >>> round(float(jmmd_loss(source, source)), 4)
    0.0

    References:
        Long, Zhu, Wang, Jordan: Deep Transfer Learning with Joint Adaptation Networks, ICML 2017,
        arXiv:1605.06636 (`long2017jan`).

    Differences from the paper:
        The paper leaves the kernels open; defaults are its code's, DAN's five kernels on the
        features and one fixed kernel exp(-||x - y||^2 / 1.68), s = 0.84, on the predictions. The
        code estimates in linear time or without the diagonal; "unbiased" is the latter.
    """
    _check_layers(source, target)
    _check_count("multipliers", multipliers, len(source))
    _check_count("squared_bandwidths", squared_bandwidths, len(source))
    dtype, *layers = widen(*source, *target)
    count = len(source)
    kernels = map(batch_kernel, layers[:count], layers[count:], multipliers, squared_bandwidths)
    kernel = functools.reduce(jnp.multiply, kernels)
    return embedding_distance(kernel, source[0].shape[0], estimator).astype(dtype)


def _check_layers(source: Sequence[jax.Array], target: Sequence[jax.Array]) -> None:
    """Raises ValueError unless each layer has n source rows, m target rows and one width."""
    _check_count("target", target, len(source))
    specs = []
    for i, (source_layer, target_layer) in enumerate(zip(source, target, strict=True)):
        specs.append((f"source[{i}]", source_layer, f"n d{i}"))
        specs.append((f"target[{i}]", target_layer, f"m d{i}"))
    check_shapes(*specs)


def _check_count(name: str, entries: Sequence, layers: int) -> None:
    """Raises ValueError unless there is one entry for each layer, and a layer."""
    if len(entries) != layers or not layers:
        raise ValueError(
            f"{name}: expected one entry for each of the {layers} layers of source, "
            f"got {len(entries)}"
        )
