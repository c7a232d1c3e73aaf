"""Layers against SciPy and NumPy; all formulations of convolution and pooling are equal."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from scipy import signal

from xferlab.core.errors import InputError
from xferlab.models.layers import (
    BatchNorm,
    Conv,
    Dropout,
    Mode,
    TemporalConv,
    max_pool,
    max_pool_time,
    resolve_formulation,
)

pytestmark = pytest.mark.fast

TRAIN, EVAL = Mode(True), Mode(False)


def draw(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def make_conv(kernel, padding, formulation):
    conv = Conv(3, 4, kernel, padding=padding, formulation=formulation, rngs=nnx.Rngs(0))
    conv.bias[...] = jnp.arange(4.0)
    return conv


def correlate(x, conv, padding):
    """Cross-correlation by SciPy, image by image and channel by channel."""
    kernel, bias = np.asarray(conv.kernel[...]), np.asarray(conv.bias[...])
    out = [
        [
            sum(
                signal.correlate(image[..., c], kernel[..., c, o], mode=padding.lower())
                for c in range(image.shape[-1])
            )
            for o in range(kernel.shape[-1])
        ]
        for image in x
    ]
    return np.moveaxis(np.array(out), 1, -1) + bias


@pytest.mark.parametrize("formulation", ["im2col", "batched", "xla"])
@pytest.mark.parametrize(("kernel", "padding"), [(1, "VALID"), (5, "VALID"), (3, "SAME")])
def test_convolution_is_scipys(kernel, padding, formulation):
    x, conv = draw(2, 7, 6, 3), make_conv(kernel, padding, formulation)
    np.testing.assert_allclose(jax.jit(conv)(x), correlate(x, conv, padding), atol=1e-5)


@pytest.mark.parametrize("other", ["batched", "xla"])
@pytest.mark.parametrize(
    ("kernel", "padding"), [(2, "VALID"), (2, "SAME"), (3, "SAME"), (5, "SAME")]
)
def test_all_convolutions_have_one_value_and_gradient(kernel, padding, other):
    def evaluate(formulation):
        def total(x, weights):
            conv = make_conv(kernel, padding, formulation)
            conv.kernel[...] = weights
            return jnp.sum(jnp.sin(conv(x)))

        return jax.jit(jax.value_and_grad(total, argnums=(0, 1)))(
            draw(2, 7, 6, 3), draw(kernel, kernel, 3, 4, seed=1)
        )

    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4),
        evaluate("im2col"),
        evaluate(other),
    )


def make_temporal_conv(kernel, formulation):
    conv = TemporalConv(3, 4, kernel, formulation=formulation, rngs=nnx.Rngs(0))
    conv.bias[...] = jnp.arange(4.0)
    return conv


@pytest.mark.parametrize("formulation", ["im2col", "batched", "xla"])
@pytest.mark.parametrize(("kernel", "steps"), [(1, 7), (5, 7), (8, 7), (8, 4), (3, 1)])
def test_convolution_in_time_is_scipys(kernel, steps, formulation):
    """SciPy's 'full' correlation, cut so that (kernel - 1) // 2 zeros stand before the window."""
    x, conv = draw(2, steps, 3), make_temporal_conv(kernel, formulation)
    weights, begin = np.asarray(conv.kernel[...]), kernel - 1 - (kernel - 1) // 2
    expected = np.zeros((2, steps, 4))
    for n, c, o in np.ndindex(2, 3, 4):
        full = signal.correlate(x[n, :, c], weights[:, c, o], mode="full")
        expected[n, :, o] += full[begin:][:steps]
    np.testing.assert_allclose(jax.jit(conv)(x), expected + np.arange(4.0), atol=1e-5)


@pytest.mark.parametrize("other", ["batched", "xla"])
@pytest.mark.parametrize("kernel", [1, 2, 5, 8])
def test_all_convolutions_in_time_have_one_value_and_gradient(kernel, other):
    def evaluate(formulation):
        def total(x, weights):
            conv = make_temporal_conv(kernel, formulation)
            conv.kernel[...] = weights
            return jnp.sum(jnp.sin(conv(x)))

        return jax.jit(jax.value_and_grad(total, argnums=(0, 1)))(
            draw(2, 9, 3), draw(kernel, 3, 4, seed=1)
        )

    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4),
        evaluate("im2col"),
        evaluate(other),
    )


@pytest.mark.parametrize("steps", [2, 6, 7])
def test_max_pool_in_time(steps):
    x = draw(3, steps, 2)
    expected = np.stack([x[:, i : i + 2].max(axis=1) for i in range(0, steps - 1, 2)], axis=1)
    np.testing.assert_array_equal(jax.jit(max_pool_time)(x), expected)


@pytest.mark.parametrize("shape", [(2, 4, 6, 3), (1, 5, 7, 2)])
def test_max_pool(shape):
    x = draw(*shape)
    n, h, w, c = shape
    expected = np.empty((n, h // 2, w // 2, c), np.float32)
    for i, j in np.ndindex(h // 2, w // 2):
        expected[:, i, j] = x[:, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].max(axis=(1, 2))
    gradients = []
    for formulation in ("im2col", "xla"):

        def pool(x, formulation=formulation):
            return max_pool(x, formulation=formulation)

        np.testing.assert_array_equal(jax.jit(pool)(x), expected)
        gradients.append(jax.jit(jax.grad(lambda x, pool=pool: jnp.sum(jnp.sin(pool(x)))))(x))
    np.testing.assert_allclose(*gradients, atol=1e-6)


def test_formulation_by_name():
    assert resolve_formulation("auto") == "im2col"
    assert resolve_formulation("xla") == "xla"
    with pytest.raises(InputError, match=r"'fft'.*auto, im2col, batched, forward, xla"):
        resolve_formulation("fft")


@pytest.mark.parametrize("shape", [(8, 3), (2, 4, 4, 3)])
def test_batch_norm_in_training(shape):
    x, norm = draw(*shape) * 3 + 1, BatchNorm(3)
    norm.scale[...], norm.bias[...] = jnp.array([[1.0, 2.0, 3.0]]), jnp.array([[0.0, -1.0, 1.0]])
    rows = x.reshape(-1, 3).astype(np.float64)
    mean, var = rows.mean(axis=0), rows.var(axis=0)
    expected = (x - mean) / np.sqrt(var + 1e-5) * [1, 2, 3] + [0, -1, 1]
    np.testing.assert_allclose(norm(jnp.asarray(x), TRAIN), expected, atol=1e-5)
    np.testing.assert_allclose(norm.mean[...][0], 0.1 * mean, rtol=1e-5)
    np.testing.assert_allclose(norm.var[...][0], 0.9 + 0.1 * rows.var(axis=0, ddof=1), rtol=1e-5)


def test_batch_norm_in_evaluation():
    x, norm = draw(5, 2), BatchNorm(2)
    norm.mean[...], norm.var[...] = jnp.array([[1.0, -2.0]]), jnp.array([[4.0, 0.25]])
    expected = (x - [1, -2]) / np.sqrt(np.array([4, 0.25]) + 1e-5)
    np.testing.assert_allclose(norm(jnp.asarray(x), EVAL), expected, atol=1e-5)
    np.testing.assert_array_equal(norm.mean[...], [[1.0, -2.0]])


def test_batch_norm_of_one_example_is_finite():
    norm = BatchNorm(2)
    assert np.isfinite(norm(jnp.ones((1, 2)), TRAIN)).all()
    assert np.isfinite(norm.var[...]).all()


def test_domains_keep_statistics_of_their_own():
    norm, x = BatchNorm(3, domains=2), draw(6, 3)
    norm(jnp.asarray(x), Mode(True, domain=1))
    np.testing.assert_array_equal(norm.mean[...][0], np.zeros(3))
    np.testing.assert_allclose(norm.mean[...][1], 0.1 * x.mean(axis=0), rtol=1e-5)
    norm.bias[...] = jnp.array([[0.0] * 3, [5.0] * 3])
    source, target = (norm(jnp.zeros((2, 3)), Mode(False, domain=i)) for i in (0, 1))
    assert np.abs(source).max() < 1e-6
    assert np.abs(target).min() > 3


def test_shared_statistics_ignore_the_domain():
    norm, other, x = BatchNorm(3), BatchNorm(3), jnp.asarray(draw(6, 3))
    norm(x, Mode(True, domain=0))
    other(x, Mode(True, domain=1))
    np.testing.assert_array_equal(norm.mean[...], other.mean[...])


def test_cumulative_momentum_gives_the_mean_over_batches():
    norm, batches = BatchNorm(3), draw(5, 8, 3)
    for t, batch in enumerate(batches):
        norm(jnp.asarray(batch), Mode(True, momentum=jnp.asarray(t / (t + 1))))
    np.testing.assert_allclose(norm.mean[...][0], batches.mean(axis=(0, 1)), atol=1e-6)
    variances = batches.astype(np.float64).var(axis=1, ddof=1)
    np.testing.assert_allclose(norm.var[...][0], variances.mean(axis=0), rtol=1e-5)


def test_running_averages_pass_no_gradient():
    def moved(x):
        norm = BatchNorm(3)
        norm(x, TRAIN)
        return norm.mean[...].sum() + norm.var[...].sum()

    np.testing.assert_array_equal(jax.grad(moved)(jnp.asarray(draw(4, 3))), np.zeros((4, 3)))


def test_dropout_keeps_the_mean_and_drops_the_fraction():
    out = np.asarray(Dropout(0.3)(jnp.ones((200, 500)), Mode(True, key=jax.random.key(0))))
    standard_error = np.sqrt(0.3 * 0.7 / out.size)
    assert abs((out == 0).mean() - 0.3) < 5 * standard_error
    np.testing.assert_allclose(out[out != 0], 1 / 0.7, rtol=1e-6)


def test_dropout_of_channels():
    out = np.asarray(
        Dropout(0.5, channels=True)(jnp.ones((30, 4, 5, 20)), Mode(True, key=jax.random.key(0)))
    )
    means = out.mean(axis=(1, 2))
    assert set(np.unique(means)) == {0.0, 2.0}
    assert 0.4 < (means == 0).mean() < 0.6


def test_dropout_keys():
    x, dropout = jnp.ones((10, 20)), Dropout(0.5)
    first, second = (Mode(True, key=jax.random.key(0)) for _ in range(2))
    a, b = dropout(x, first), dropout(x, first)
    assert not np.array_equal(a, b)
    np.testing.assert_array_equal(dropout(x, second), a)


def test_dropout_is_off_outside_training_and_at_rate_zero():
    x = jnp.ones((3, 4))
    assert Dropout(0.5)(x, EVAL) is x
    assert Dropout(0.0)(x, TRAIN) is x
    with pytest.raises(ValueError, match=r"Mode\(key="):
        Dropout(0.5)(x, TRAIN)
