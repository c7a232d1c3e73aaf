"""Convolutions of the mobile networks: depthwise, and with stride; without bias, padded 'SAME'.

'SAME' is TensorFlow's: the result has ceil(size / stride) positions, and where the padding is odd
the extra row and column of zeros come last. As in `models.layers` there are two formulations. On a
CPU, XLA's own depthwise convolution takes up to hundreds of times as long as the multiplications
and additions of shifted slices here, above all its gradient inside a loop.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
from flax import nnx
from jax import lax
from jaxtyping import Array, Float

from xferlab.models.layers import Formulation


class StridedConv(nnx.Module):
    """2-D convolution with stride over `[n, h, w, c]`."""

    def __init__(
        self,
        features_in: int,
        features_out: int,
        kernel: int,
        *,
        stride: int,
        formulation: Formulation,
        rngs: nnx.Rngs,
    ):
        """Draws a kernel `[kernel, kernel, in, out]` (LeCun normal)."""
        shape = (kernel, kernel, features_in, features_out)
        self.kernel = nnx.Param(nnx.initializers.lecun_normal()(rngs.params(), shape))
        self.stride = stride
        self.formulation = formulation

    def __call__(self, x: Float[Array, "n h w c"]) -> Float[Array, "n i j o"]:
        """Returns the convolution."""
        kernel = self.kernel[...]
        if self.formulation == "xla":
            return _convolve_xla(x, kernel, self.stride, groups=1)
        slices = jnp.concatenate(_windows(x, kernel.shape[0], self.stride), axis=-1)
        return slices @ kernel.reshape(-1, kernel.shape[-1])


class DepthwiseConv(nnx.Module):
    """2-D convolution of each channel with a kernel of its own over `[n, h, w, c]`."""

    def __init__(
        self, features: int, kernel: int, *, stride: int, formulation: Formulation, rngs: nnx.Rngs
    ):
        """Draws a kernel `[kernel, kernel, features]` (variance 1 / kernel²)."""
        draw = nnx.initializers.normal(1.0 / kernel)
        self.kernel = nnx.Param(draw(rngs.params(), (kernel, kernel, features)))
        self.stride = stride
        self.formulation = formulation

    def __call__(self, x: Float[Array, "n h w c"]) -> Float[Array, "n i j c"]:
        """Returns the convolution."""
        kernel = self.kernel[...]
        if self.formulation == "xla":
            return _convolve_xla(x, kernel[:, :, None], self.stride, groups=x.shape[-1])
        return _convolve_shifted(x, kernel, self.stride)


def _convolve_xla(x: Array, kernel: Array, stride: int, *, groups: int) -> Array:
    return lax.conv_general_dilated(
        x, kernel, (stride, stride), "SAME",
        dimension_numbers=("NHWC", "HWIO", "NHWC"), feature_group_count=groups,
    )  # fmt: skip


def _pad_same(x: Array, size: int, stride: int) -> tuple[Array, int, int]:
    """Returns x with its zeros around it, and the height and width of the convolution's result."""
    height, width = (-(-side // stride) for side in x.shape[1:3])
    missing = [
        max((count - 1) * stride + size - side, 0)
        for count, side in zip((height, width), x.shape[1:3], strict=True)
    ]
    pads = ((0, 0), *((m // 2, m - m // 2) for m in missing), (0, 0))
    return jnp.pad(x, pads), height, width


def _windows(x: Array, size: int, stride: int) -> list[Array]:
    """Returns what each of the kernel's size² entries meets, `[n, i, j, c]`, row by row."""
    x, height, width = _pad_same(x, size, stride)
    last_row, last_column = (height - 1) * stride + 1, (width - 1) * stride + 1
    return [
        x[:, i : i + last_row : stride, j : j + last_column : stride]
        for i in range(size)
        for j in range(size)
    ]


def _sum_windows(x: Array, kernel: Array, stride: int) -> Array:
    entries = kernel.reshape(-1, 1, 1, 1, kernel.shape[-1])
    windows = _windows(x, kernel.shape[0], stride)
    return functools.reduce(jnp.add, (w * e for w, e in zip(windows, entries, strict=True)))


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def _convolve_shifted(x: Array, kernel: Array, stride: int) -> Array:
    """Returns the depthwise convolution; its own gradient is the same sums in a quicker order.

    Derivatives of any order in reverse mode; forward mode (`jax.jvp`) is not defined.
    """
    return _sum_windows(x, kernel, stride)


def _forward(x: Array, kernel: Array, stride: int) -> tuple[Array, tuple[Array, Array]]:
    return _sum_windows(x, kernel, stride), (x, kernel)


def _backward(stride: int, kept: tuple[Array, Array], gradient: Array) -> tuple[Array, Array]:
    x, kernel = kept
    _, of_input = jax.vjp(lambda x: _sum_windows(x, kernel, stride), x)
    of_kernel = _kernel_gradient(x, gradient, kernel.shape[0], stride)
    return *of_input(gradient), of_kernel.astype(kernel.dtype)


_convolve_shifted.defvjp(_forward, _backward)


def _kernel_gradient(x: Array, gradient: Array, size: int, stride: int) -> Array:
    """Returns `[size, size, c]`, summed row by row of the images.

    XLA's reductions over the three leading axes at once take two to five times as long on a CPU.
    """
    x, height, width = _pad_same(x, size, stride)
    n, _, padded, c = x.shape
    columns = (width - 1) * stride + 1

    def add_row(number: Array, total: Array) -> Array:
        image, row = number // height, number % height
        rows = lax.dynamic_slice(x, (image, row * stride, 0, 0), (1, size, padded, c))[0]
        met = [rows[i, j : j + columns : stride] for i in range(size) for j in range(size)]
        return total + jnp.stack(met) * gradient[image, row][None]

    total = lax.fori_loop(0, n * height, add_row, jnp.zeros((size * size, width, c)))
    return total.sum(axis=1).reshape(size, size, c)
