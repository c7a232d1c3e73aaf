"""Gradient reversal, and the adversarial losses as a pair."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from xferlab import losses

pytestmark = pytest.mark.fast


def square(x, scale):
    return jnp.sum(losses.gradient_reversal(x, scale) ** 2)


def test_reversal_is_the_identity_forward():
    x = jnp.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(losses.gradient_reversal(x, 0.3), x)


@pytest.mark.parametrize("transform", [lambda f: f, jax.jit], ids=["eager", "jit"])
def test_reversal_scales_and_turns_the_gradient(transform):
    x, scale = jnp.array([1.0, -2.0]), jnp.array(0.5)
    gradient, scale_gradient = transform(jax.grad(square, argnums=(0, 1)))(x, scale)
    np.testing.assert_allclose(gradient, -0.5 * 2 * x)
    assert scale_gradient == 0


def test_reversal_under_vmap_has_a_scale_per_run():
    x, scales = jnp.ones((3, 2)), jnp.array([0.0, 1.0, 2.0])
    gradients = jax.vmap(jax.grad(square))(x, scales)
    np.testing.assert_allclose(gradients, -2 * scales[:, None] * x)
    shared = jax.vmap(jax.grad(square), in_axes=(0, None))(x, 1.0)
    np.testing.assert_allclose(shared, -2 * x)


def test_reversal_keeps_narrow_types():
    x = jnp.ones(3, jnp.bfloat16)
    gradient = jax.grad(lambda x: jnp.sum(losses.gradient_reversal(x, jnp.float32(0.5))))(x)
    assert gradient.dtype == jnp.bfloat16
    np.testing.assert_array_equal(gradient, jnp.full(3, -0.5, jnp.bfloat16))


def test_weights_matter_by_their_ratio_and_zeros_drop_examples():
    source, target = jnp.array([0.3, -1.0, 2.0]), jnp.array([0.5, -0.4])
    weights = jnp.array([1.0, 2.0, 0.0])
    value = losses.domain_loss(source, target, source_weights=weights)
    scaled = losses.domain_loss(source, target, source_weights=10 * weights)
    np.testing.assert_allclose(scaled, value, rtol=1e-6)
    dropped = losses.domain_loss(source[:2], target, source_weights=weights[:2])
    np.testing.assert_allclose(dropped, value, rtol=1e-6)
    nothing = losses.domain_loss(source, target, source_weights=jnp.zeros(3))
    np.testing.assert_allclose(nothing, 0.5 * jnp.mean(jax.nn.softplus(target)), rtol=1e-6)


def test_generator_loss_keeps_its_slope_where_the_reversed_loss_loses_it():
    sure = jnp.array([-20.0])  # the discriminator is sure: target
    reversed_slope = jax.grad(lambda t: losses.domain_loss(jnp.zeros(1), t))(sure)
    slope = jax.grad(lambda t: losses.generator_loss(t)[0])(sure)
    assert abs(reversed_slope[0]) < 1e-8
    np.testing.assert_allclose(slope, -1, rtol=1e-6)
