"""Squared maximum mean discrepancy with a sum of Gaussian kernels (DAN), and its parts."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from xferlab.losses._arrays import check_shapes, widen

DAN_MULTIPLIERS = (0.125, 0.25, 0.5, 1.0, 2.0)
"""Squared bandwidths of DAN's five kernels, as multiples of the mean squared distance."""

_SMALLEST = 1e-30
"""A squared bandwidth above zero, for batches whose points are all the same."""


def gaussian_kernel(
    x: Float[Array, "n d"],
    y: Float[Array, "m d"],
    *,
    squared_bandwidths: Sequence[float] | Float[Array, " u"] = (1.0,),
) -> Float[Array, "n m"]:
    r"""Sum of Gaussian kernels between two sets of points.

        k(x, y) = \sum_u exp(-||x - y||^2 / (2 s_u))

    Args:
        x: points, [n, d].
        y: points, [m, d].
        squared_bandwidths: the variances s_u, positive.

    Returns:
        Kernel values in [0, u], [n, m].

    Raises:
        ValueError: a wrong shape.

    >>> kernel = gaussian_kernel(jnp.zeros((1, 2)), jnp.array([[0.0, 0.0], [1.0, 1.0]]))
    >>> [round(float(k), 4) for k in kernel[0]]  # 1, exp(-1)
    [1.0, 0.3679]
    """
    check_shapes(("x", x, "n d"), ("y", y, "m d"))
    dtype, x, y = widen(x, y)
    return _sum_of_gaussians(_squared_distances(x, y), squared_bandwidths).astype(dtype)


def mmd_loss(
    source: Float[Array, "n d"],
    target: Float[Array, "m d"],
    *,
    multipliers: Sequence[float] = DAN_MULTIPLIERS,
    squared_bandwidth: float | Float[Array, ""] | None = None,
    estimator: str = "biased",
) -> Float[Array, ""]:
    r"""Squared maximum mean discrepancy between two sets of features (MK-MMD).

        loss = mean_{ij} k(x_i, x_j) + mean_{ij} k(y_i, y_j) - 2 mean_{ij} k(x_i, y_j)
        k(x, y) = \sum_u exp(-||x - y||^2 / (2 m_u s))

    The biased estimator takes the first two means over all n^2 and m^2 pairs and is never
    negative; the unbiased one takes them over the n (n - 1) and m (m - 1) pairs of distinct
    examples and can be negative. A domain of one example has no such pair; its term is then 0.

    Args:
        source: source features x, [n, d].
        target: target features y, [m, d].
        multipliers: the m_u, one for each kernel.
        squared_bandwidth: s. Default: the mean of ||a - b||^2 over the pairs of distinct points
            among the n + m of the batch, taken as a constant (stop_gradient).
        estimator: "biased" or "unbiased".

    Returns:
        A scalar; the biased one is in [0, 2 u].

    Raises:
        ValueError: a wrong shape, an unknown estimator.

    >>> source, target = jnp.array([[0.0], [1.0]]), jnp.array([[0.0], [2.0]])
    >>> value = mmd_loss(source, target, multipliers=(1.0,), squared_bandwidth=0.5)
    >>> round(float(value), 4)  # (1 + e^-1)/2 + (1 + e^-4)/2 - (1 + e^-4 + 2 e^-1)/2
    0.3161

    References:
        Gretton, Borgwardt, Rasch, Schoelkopf, Smola: A Kernel Two-Sample Test, JMLR 13, 2012
        (`gretton2012mmd`): equations 3 and 5. Long, Cao, Wang, Jordan: Learning Transferable
        Features with Deep Adaptation Networks, ICML 2015, arXiv:1502.02791 (`long2015dan`).

    Differences from the paper:
        DAN learns the kernels' coefficients and estimates in linear time; its code and this
        function give the five kernels equal coefficients of one, and the quadratic estimate is
        used. The code's second estimate is "unbiased" here. Implementations that average the
        squared distance over all (n + m)^2 pairs have slightly narrower kernels.
    """
    check_shapes(("source", source, "n d"), ("target", target, "m d"))
    dtype, source, target = widen(source, target)
    kernel = batch_kernel(source, target, multipliers, squared_bandwidth)
    return embedding_distance(kernel, source.shape[0], estimator).astype(dtype)


def batch_kernel(
    source: Float[Array, "n d"],
    target: Float[Array, "m d"],
    multipliers: Sequence[float],
    squared_bandwidth: float | Float[Array, ""] | None,
) -> Float[Array, "n+m n+m"]:
    """Returns the kernel between all points of a batch, source first (see `mmd_loss`)."""
    points = jnp.concatenate([source, target])
    distances = _squared_distances(points, points)
    if squared_bandwidth is None:
        pairs = len(points) * (len(points) - 1)
        mean = jax.lax.stop_gradient(jnp.sum(distances)) / pairs
        squared_bandwidth = jnp.maximum(mean, _SMALLEST)
    return _sum_of_gaussians(distances, jnp.asarray(multipliers) * squared_bandwidth)


def embedding_distance(
    kernel: Float[Array, "p p"], source_size: int, estimator: str
) -> Float[Array, ""]:
    """Returns the squared distance of the two mean embeddings from the kernel of a batch.

    Raises:
        ValueError: an unknown estimator.
    """
    if estimator not in ("biased", "unbiased"):
        raise ValueError(f'estimator: expected "biased" or "unbiased", got {estimator!r}')
    within = jnp.mean if estimator == "biased" else _mean_of_distinct
    source, target = kernel[:source_size, :source_size], kernel[source_size:, source_size:]
    return within(source) + within(target) - 2 * jnp.mean(kernel[:source_size, source_size:])


def _mean_of_distinct(kernel: Float[Array, "n n"]) -> Float[Array, ""]:
    """Returns the mean off the diagonal, 0 for a single point."""
    size = len(kernel)
    off_diagonal = jnp.where(jnp.eye(size, dtype=bool), 0, kernel)
    return jnp.sum(off_diagonal) / max(size * (size - 1), 1)


def _sum_of_gaussians(
    distances: Float[Array, "n m"], variances: Sequence[float] | Float[Array, " u"]
) -> Float[Array, "n m"]:
    """Returns the sum over the variances s of exp(-distances / (2 s))."""
    scales = 2 * jnp.asarray(variances)[:, None, None]
    return jnp.sum(jnp.exp(-distances[None] / scales), axis=0)


def _squared_distances(x: Float[Array, "n d"], y: Float[Array, "m d"]) -> Float[Array, "n m"]:
    """Returns ||x_i - y_j||^2 by one matrix product, 100 times faster than by differences.

    Distances do not depend on the origin. With a point of the set as origin the product loses
    little to cancellation, and a set whose points are all the same has distances of exactly 0.
    """
    origin = jax.lax.stop_gradient(x[:1])
    x, y = x - origin, y - origin
    squares = jnp.sum(x * x, axis=1)[:, None] + jnp.sum(y * y, axis=1)[None, :]
    return jnp.maximum(squares - 2 * jnp.matmul(x, y.T, precision="highest"), 0)
