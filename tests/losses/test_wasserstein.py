"""The points between the domains, and the gradient penalty's edges."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from xferlab import losses

pytestmark = pytest.mark.fast
KEY = jax.random.key(3)


@pytest.mark.parametrize(("n", "m"), [(6, 6), (6, 4), (1, 5)])
def test_interpolates_lie_between_paired_rows(n, m):
    rng = np.random.default_rng(0)
    source, target = (rng.normal(size=(k, 3)).astype(np.float32) for k in (n, m))
    points = losses.interpolate(KEY, source, target)
    rows = np.arange(max(n, m))
    source, target = source[rows % n], target[rows % m]
    assert points.shape == source.shape
    shares = (points - target) / (source - target)
    np.testing.assert_allclose(shares, np.broadcast_to(shares[:, :1], shares.shape), atol=1e-3)
    assert np.all((shares > -1e-3) & (shares < 1 + 1e-3))
    assert len(np.unique(shares[:, 0].round(4))) == len(rows)


def test_interpolate_is_reproducible_and_keeps_the_type():
    source, target = jnp.zeros((4, 2), jnp.bfloat16), jnp.ones((4, 2), jnp.bfloat16)
    points = losses.interpolate(KEY, source, target)
    assert points.dtype == jnp.bfloat16
    np.testing.assert_array_equal(points, losses.interpolate(KEY, source, target))
    other = losses.interpolate(jax.random.key(4), source, target)
    assert np.any(np.asarray(points != other))


def test_interpolate_wants_one_width():
    with pytest.raises(ValueError, match=r"target: expected shape \[m, d\] with d=2, got \(4, 3\)"):
        losses.interpolate(KEY, jnp.zeros((4, 2)), jnp.zeros((4, 3)))


def test_flat_critic_has_penalty_one_and_a_finite_gradient():
    def penalty(weights):
        return losses.gradient_penalty(lambda x: x @ weights, jnp.ones((4, 2)))

    value, gradient = jax.value_and_grad(penalty)(jnp.zeros(2))
    assert value == 1
    np.testing.assert_array_equal(gradient, 0)


def test_penalty_trains_the_critic_to_slope_one():
    weights = jnp.array([3.0, 4.0])

    def penalty(weights):
        return losses.gradient_penalty(lambda x: x @ weights, jnp.ones((4, 2)))

    np.testing.assert_allclose(penalty(weights), 16, rtol=1e-6)  # (5 - 1)^2
    np.testing.assert_allclose(jax.grad(penalty)(weights), 8 * weights / 5, rtol=1e-6)


def test_critic_with_a_column_of_scores_raises():
    with pytest.raises(ValueError, match=r"critic\(points\): expected shape \[n\] with n=4"):
        losses.gradient_penalty(lambda x: x, jnp.ones((4, 2)))
