"""Layers that a forward pass of xferlab needs beside `nnx.Linear`.

Convolution and pooling have several formulations, chosen once per backend: XLA's own, and on a CPU
shifted slices with one matrix product (im2col), which is 2-4 times faster there and keeps its speed
inside `lax.scan`, `lax.map` and `while` (XLA's own is four times slower inside a loop). 'batched'
adds one matrix product for each entry of the kernel instead, and keeps no patches in memory.
'forward' is XLA's own for convolutions over all channels and im2col for depthwise ones: on a CPU
the quickest pass where no gradient follows (LeNet: 80 µs an image in place of 156). Over stacked
runs im2col and 'batched' are batched matrix products, XLA's own a grouped convolution;
`python -m benchmarks.device` measures which is quickest on a device.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
from flax import nnx
from jax import lax
from jaxtyping import Array, Float

from xferlab.core.errors import InputError

Formulation = str
"""'im2col', 'batched', 'forward' or 'xla'."""
OWN_OF_XLA = ("forward", "xla")
"""The formulations whose convolutions over all channels, and pooling, are XLA's own."""


def resolve_formulation(name: str) -> Formulation:
    """Returns the formulation for 'auto' on this backend, or the named one.

    Raises:
        InputError: if the name is none of 'auto', 'im2col', 'batched', 'forward' and 'xla'.
    """
    if name == "auto":
        return "im2col" if jax.default_backend() == "cpu" else "xla"
    if name not in ("im2col", "batched", "forward", "xla"):
        raise InputError(
            f"convolution {name!r} is unknown. Allowed: auto, im2col, batched, forward, xla"
        )
    return name


def forward_formulation(name: str) -> str:
    """Returns what a network of that formulation predicts by: another one than 'auto' on a CPU."""
    return "forward" if name == "auto" and jax.default_backend() == "cpu" else name


class Mode:
    """How one forward pass runs: training or not, which domain, and its stream of keys."""

    def __init__(
        self,
        train: bool,
        *,
        domain: Array | int = 0,
        key: Array | None = None,
        momentum: Array | float | None = None,
    ):
        """Takes the domain (0 source, 1 target) and the pass's own key.

        `momentum` replaces the batch norms' own; a traced value gives a cumulative average.
        """
        self.train = train
        self.domain = domain
        self.momentum = momentum
        self._key = key
        self._drawn = 0

    def next_key(self) -> Array:
        """Returns a fresh key, another one at each call within the pass."""
        if self._key is None:
            raise ValueError("a training pass through dropout needs Mode(key=...)")
        self._drawn += 1
        return jax.random.fold_in(self._key, self._drawn)


class Conv(nnx.Module):
    """2-D convolution, no padding ('VALID') or 'SAME', over `[n, h, w, c]`."""

    def __init__(
        self,
        features_in: int,
        features_out: int,
        kernel: int,
        *,
        padding: str = "VALID",
        formulation: Formulation,
        rngs: nnx.Rngs,
    ):
        """Draws a kernel `[kernel, kernel, in, out]` (LeCun normal) and a zero bias."""
        shape = (kernel, kernel, features_in, features_out)
        self.kernel = nnx.Param(nnx.initializers.lecun_normal()(rngs.params(), shape))
        self.bias = nnx.Param(jnp.zeros(features_out))
        self.padding = padding
        self.formulation = formulation

    def __call__(self, x: Float[Array, "n h w c"]) -> Float[Array, "n i j o"]:
        """Returns the convolution plus bias."""
        kernel = self.kernel[...]
        if self.formulation in OWN_OF_XLA:
            convolved = _convolve_xla(x, kernel, self.padding)
        else:
            convolved = _multiply_slices(
                _slices(x, kernel.shape[0], self.padding), kernel, self.formulation
            )
        return convolved + self.bias[...].reshape(1, 1, 1, -1)


def _convolve_xla(x: Array, kernel: Array, padding: str) -> Array:
    return lax.conv_general_dilated(
        x, kernel, (1, 1), padding, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def _slices(x: Array, size: int, padding: str) -> list[Array]:
    """Returns what each entry of a square kernel meets, row by row."""
    if padding == "SAME":
        before, after = (size - 1) // 2, size // 2
        x = jnp.pad(x, ((0, 0), (before, after), (before, after), (0, 0)))
    height, width = x.shape[1] - size + 1, x.shape[2] - size + 1
    return [x[:, i : i + height, j : j + width] for i in range(size) for j in range(size)]


def _multiply_slices(slices: list[Array], kernel: Array, formulation: Formulation) -> Array:
    """Returns the convolution from shifted slices `[n, ..., in]` and a kernel `[..., in, out]`."""
    if formulation == "im2col":
        return jnp.concatenate(slices, axis=-1) @ kernel.reshape(-1, kernel.shape[-1])
    entries = kernel.reshape(-1, *kernel.shape[-2:])
    multiply = functools.partial(
        jnp.matmul, preferred_element_type=jnp.promote_types(kernel.dtype, jnp.float32)
    )
    products = (multiply(s, e) for s, e in zip(slices, entries, strict=True))
    return functools.reduce(jnp.add, products).astype(kernel.dtype)


class TemporalConv(nnx.Module):
    """1-D convolution over `[n, t, c]`, zero-padded to the same length."""

    def __init__(
        self,
        features_in: int,
        features_out: int,
        kernel: int,
        *,
        formulation: Formulation,
        rngs: nnx.Rngs,
    ):
        """Draws a kernel `[kernel, in, out]` (LeCun normal) and a zero bias."""
        shape = (kernel, features_in, features_out)
        self.kernel = nnx.Param(nnx.initializers.lecun_normal()(rngs.params(), shape))
        self.bias = nnx.Param(jnp.zeros(features_out))
        self.formulation = formulation

    def __call__(self, x: Float[Array, "n t c"]) -> Float[Array, "n t o"]:
        """Returns the convolution plus bias."""
        kernel = self.kernel[...]
        size, length = kernel.shape[0], x.shape[1]
        x = jnp.pad(x, ((0, 0), ((size - 1) // 2, size // 2), (0, 0)))
        if self.formulation in OWN_OF_XLA:
            convolved = lax.conv_general_dilated(
                x, kernel, (1,), "VALID", dimension_numbers=("NWC", "WIO", "NWC")
            )
        else:
            slices = [x[:, i : i + length] for i in range(size)]
            convolved = _multiply_slices(slices, kernel, self.formulation)
        return convolved + self.bias[...].reshape(1, 1, -1)


def max_pool_time(x: Float[Array, "n t c"]) -> Float[Array, "n i c"]:
    """Returns the maxima of non-overlapping pairs in time; an odd last step is dropped.

    Not `max` over an axis: its gradient looks for the values that equal the maximum, and finds none
    where a compiled program computes them a second time with other roundings: 0 / 0.
    """
    n, t, c = x.shape
    pairs = x[:, : t - t % 2].reshape(n, t // 2, 2, c)
    return jnp.maximum(pairs[:, :, 0], pairs[:, :, 1])


def max_pool(x: Float[Array, "n h w c"], *, formulation: Formulation) -> Float[Array, "n i j c"]:
    """Returns the maxima of non-overlapping 2×2 windows; an odd last row or column is dropped."""
    n, h, w, c = x.shape
    if formulation in OWN_OF_XLA:
        return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
    x = x[:, : h - h % 2, : w - w % 2].reshape(n, h // 2, 2, w // 2, 2, c)
    return jnp.maximum(
        jnp.maximum(x[:, :, 0, :, 0], x[:, :, 0, :, 1]),
        jnp.maximum(x[:, :, 1, :, 0], x[:, :, 1, :, 1]),
    )


class Dropout(nnx.Module):
    """Dropout of single values, or of whole channels; off outside training and where frozen."""

    def __init__(self, rate: float, *, channels: bool = False):
        """Takes the dropped fraction in [0, 1)."""
        self.rate = rate
        self.channels = channels
        self.deterministic = False  # Set by `nnx.Module.eval`, as in `nnx.Dropout`.

    def __call__(self, x: Array, mode: Mode) -> Array:
        """Returns x with values zeroed and the rest divided by the kept fraction."""
        if not mode.train or self.deterministic or self.rate == 0.0:
            return x
        shape = (x.shape[0], *(1,) * (x.ndim - 2), x.shape[-1]) if self.channels else x.shape
        kept = jax.random.bernoulli(mode.next_key(), 1.0 - self.rate, shape)
        return jnp.where(kept, x / (1.0 - self.rate), 0.0)


class BatchNorm(nnx.Module):
    """Batch normalisation whose statistics are shared by the domains or kept per domain.

    Training: `scale (x − mean_batch) / sqrt(var_batch + ε) + bias`; running averages move by
    `1 − momentum` towards the batch mean and the unbiased batch variance. With `domains = 2`,
    source and target have their own averages, scale and bias (chang2019dsbn). In evaluation, and in
    a frozen part of the network, the running averages take the place of the batch's, and stay.

    References:
        Ioffe, Szegedy: Batch Normalization. ICML 2015.
        Chang, You, Seo, Kwak, Han: Domain-Specific Batch Normalization for Unsupervised Domain
        Adaptation. CVPR 2019, arXiv:1906.03950.
    """

    def __init__(
        self, features: int, *, domains: int = 1, momentum: float = 0.9, epsilon: float = 1e-5
    ):
        """Takes the number of channels and of statistics: 1 (shared) or 2 (per domain)."""
        self.scale = nnx.Param(jnp.ones((domains, features)))
        self.bias = nnx.Param(jnp.zeros((domains, features)))
        self.mean = nnx.BatchStat(jnp.zeros((domains, features)))
        self.var = nnx.BatchStat(jnp.ones((domains, features)))
        self.domains = domains
        self.momentum = momentum
        self.epsilon = epsilon
        self.use_running_average = False  # Set by `nnx.Module.eval`, as in `nnx.BatchNorm`.

    def __call__(self, x: Float[Array, "n ... c"], mode: Mode) -> Float[Array, "n ... c"]:
        """Returns the normalised x and, in training, moves the running averages."""
        row = mode.domain if self.domains > 1 else 0
        dtype, x = x.dtype, x.astype(jnp.promote_types(x.dtype, jnp.float32))
        mean, var = self.mean[...][row], self.var[...][row]
        if mode.train and not self.use_running_average:
            axes = tuple(range(x.ndim - 1))
            mean, var = jnp.mean(x, axes), jnp.var(x, axes)
            self._move_averages(row, mean, var, x.size // x.shape[-1], mode.momentum)
        factor = self.scale[...][row] * lax.rsqrt(var + self.epsilon)
        offset = self.bias[...][row] - mean * factor
        shape = (1,) * (x.ndim - 1) + (-1,)
        return (x * factor.reshape(shape) + offset.reshape(shape)).astype(dtype)

    def _move_averages(
        self, row: Array | int, mean: Array, var: Array, count: int, momentum: Array | float | None
    ) -> None:
        keep = self.momentum if momentum is None else momentum
        unbiased = var * (count / max(count - 1, 1))
        for running, batch in ((self.mean, mean), (self.var, unbiased)):
            moved = keep * running[...][row] + (1.0 - keep) * lax.stop_gradient(batch)
            running[...] = running[...].at[row].set(moved)
