"""Convolutions with stride and by channel: both formulations are the definition, odd sizes too."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from tests.oracles.efficientnet import convolve
from xferlab.models.separable import DepthwiseConv, StridedConv

pytestmark = pytest.mark.fast

SIZES = [(8, 6, 3, 1), (7, 5, 3, 2), (9, 8, 5, 2), (4, 5, 4, 1), (2, 3, 5, 2)]

each_formulation = pytest.mark.parametrize("formulation", ["im2col", "xla"])
each_size = pytest.mark.parametrize(("height", "width", "kernel", "stride"), SIZES)


def draw(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def first(x):
    return x.transpose(0, 3, 1, 2)


@each_formulation
@each_size
def test_strided_is_its_definition(height, width, kernel, stride, formulation):
    conv = StridedConv(3, 4, kernel, stride=stride, formulation=formulation, rngs=nnx.Rngs(0))
    x = draw(2, height, width, 3)
    expected = convolve(first(x), np.asarray(conv.kernel[...]).transpose(3, 2, 0, 1), stride)
    np.testing.assert_allclose(first(np.asarray(conv(x))), expected, atol=1e-5)


@each_formulation
@each_size
def test_depthwise_is_its_definition(height, width, kernel, stride, formulation):
    conv = DepthwiseConv(3, kernel, stride=stride, formulation=formulation, rngs=nnx.Rngs(0))
    x = draw(2, height, width, 3)
    weight = np.asarray(conv.kernel[...]).transpose(2, 0, 1)[:, None]
    expected = convolve(first(x), weight, stride, groups=3)
    np.testing.assert_allclose(first(np.asarray(conv(x))), expected, atol=1e-5)


def test_an_odd_padding_has_its_zero_last():
    """Four pixels, kernel 3, stride 2: one zero, after the last pixel."""
    conv = DepthwiseConv(1, 3, stride=2, formulation="im2col", rngs=nnx.Rngs(0))
    conv.kernel[...] = jnp.zeros((3, 3, 1)).at[0, 0].set(1.0)
    x = jnp.arange(16.0).reshape(1, 4, 4, 1)
    np.testing.assert_array_equal(conv(x)[0, :, :, 0], [[0, 2], [8, 10]])


@each_size
def test_gradients_are_those_of_xla(height, width, kernel, stride):
    x = jnp.asarray(draw(2, height, width, 3))

    def gradients(formulation):
        conv = DepthwiseConv(3, kernel, stride=stride, formulation=formulation, rngs=nnx.Rngs(0))
        graphdef, state = nnx.split(conv)

        def loss(state, x):
            y = nnx.merge(graphdef, state)(x)
            return (jnp.sin(y) * jnp.asarray(draw(*y.shape, seed=1))).sum()

        of_state, of_input = jax.grad(loss, argnums=(0, 1))(state, x)
        return jax.tree.leaves(of_state)[0], of_input

    for shifted, xla in zip(gradients("im2col"), gradients("xla"), strict=True):
        np.testing.assert_allclose(shifted, xla, atol=1e-4)


def test_second_derivatives_are_those_of_xla():
    x, kernel = jnp.asarray(draw(1, 4, 5, 2)), jnp.asarray(draw(3, 3, 2, seed=1))

    def penalty(formulation):
        def loss(x):
            conv = DepthwiseConv(2, 3, stride=2, formulation=formulation, rngs=nnx.Rngs(0))
            conv.kernel[...] = kernel
            return jnp.sin(conv(x)).sum()

        return jax.grad(lambda x: (jax.grad(loss)(x) ** 2).sum())(x)

    np.testing.assert_allclose(penalty("im2col"), penalty("xla"), atol=1e-4)


def test_gradients_map_over_runs():
    """A stack of kernels, as seeds side by side have them."""
    x, kernels = jnp.asarray(draw(2, 5, 6, 3)), jnp.asarray(draw(4, 3, 3, 3, seed=1))
    graphdef, state = nnx.split(
        DepthwiseConv(3, 3, stride=2, formulation="im2col", rngs=nnx.Rngs(0))
    )

    def gradient(kernel):
        def loss(kernel):
            nnx.replace_by_pure_dict(state, {"kernel": kernel})
            return (nnx.merge(graphdef, state)(x) ** 2).sum()

        return jax.grad(loss)(kernel)

    expected = jnp.stack([gradient(kernel) for kernel in kernels])
    np.testing.assert_allclose(jax.vmap(gradient)(kernels), expected, rtol=1e-4, atol=1e-4)
