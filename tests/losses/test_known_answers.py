"""Values known in closed form, and what the numbers mean."""

import jax
import jax.numpy as jnp
import numpy as np
import ot
import pytest

from xferlab import losses


def certain(classes, per_class=1):
    """Logits of predictions without doubt, all classes equally often."""
    return 100 * jnp.tile(jnp.eye(classes), (per_class, 1))


@pytest.mark.parametrize("shift", [0.0, 1.0, 3.0])
def test_mmd_of_shifted_gaussians(shift):
    # For x ~ N(0, 1), y ~ N(a, 1) and variance s: E k(x, y) = sqrt(s/(s+2)) exp(-a^2/(2(s+2))).
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(2, 2000, 1)).astype(np.float32)
    variance = 1.5
    value = losses.mmd_loss(
        source,
        target + np.float32(shift),
        multipliers=(1.0,),
        squared_bandwidth=variance,
        estimator="unbiased",
    )
    peak = (variance / (variance + 2)) ** 0.5
    expected = 2 * peak * (1 - np.exp(-(shift**2) / (2 * (variance + 2))))
    np.testing.assert_allclose(value, expected, atol=0.02)


def test_unbiased_mmd_has_mean_zero_for_one_distribution_and_biased_is_never_negative():
    rng = np.random.default_rng(1)
    draws = rng.normal(size=(400, 2, 8, 2)).astype(np.float32)

    def values(estimator):
        loss = lambda pair: losses.mmd_loss(  # noqa: E731
            pair[0], pair[1], squared_bandwidth=1.0, estimator=estimator
        )
        return np.asarray(jax.vmap(loss)(draws))

    unbiased, biased = values("unbiased"), values("biased")
    assert abs(unbiased.mean()) < 3 * unbiased.std() / 400**0.5
    assert unbiased.min() < 0 < biased.min()


def test_mmd_far_from_the_origin_is_as_exact_as_near_it():
    rng = np.random.default_rng(2)
    # Multiples of 1/64 are exact in float32, and stay so after adding 2**17.
    source, target = (rng.integers(-64, 64, (2, 16, 4)) / 64).astype(np.float32)
    near = losses.mmd_loss(source, target)
    np.testing.assert_allclose(losses.mmd_loss(source + 2**17, target + 2**17), near, rtol=1e-4)


def test_collapsed_features_have_no_mmd_and_no_gradient():
    collapsed = np.full((8, 16), 123.456, np.float32)
    value, gradient = jax.value_and_grad(losses.mmd_loss)(collapsed, collapsed)
    assert value == 0
    np.testing.assert_array_equal(gradient, 0)


def test_jmmd_sees_what_the_marginals_hide():
    # Both layers have the same marginals; only their pairing differs.
    layer, order = np.eye(4, dtype=np.float32), [1, 0, 3, 2]
    keywords = {"multipliers": ((1.0,), (1.0,)), "squared_bandwidths": (0.5, 0.5)}
    aligned = losses.jmmd_loss((layer, layer), (layer[order], layer[order]), **keywords)
    crossed = losses.jmmd_loss((layer, layer), (layer, layer[order]), **keywords)
    np.testing.assert_allclose(aligned, 0, atol=1e-6)
    assert crossed > 0.1


@pytest.mark.parametrize("keyword", ["multipliers", "squared_bandwidths"])
def test_jmmd_wants_one_entry_per_layer(keyword):
    layers = (np.ones((3, 2), np.float32), np.ones((3, 4), np.float32))
    with pytest.raises(ValueError, match=f"{keyword}: expected one entry for each of the 2"):
        losses.jmmd_loss(layers, layers, **{keyword: ((1.0,),)})
    with pytest.raises(ValueError, match="target: expected one entry"):
        losses.jmmd_loss(layers, layers[:1])


def test_unknown_estimator_raises():
    points = np.ones((3, 2), np.float32)
    with pytest.raises(ValueError, match='"biased" or "unbiased", got \'linear\''):
        losses.mmd_loss(points, points, estimator="linear")


def test_coral_ignores_means_and_is_minimal_where_covariances_agree():
    rng = np.random.default_rng(3)
    source = rng.normal(size=(50, 3)).astype(np.float32)
    np.testing.assert_allclose(losses.coral_loss(source, source + 7), 0, atol=1e-5)
    np.testing.assert_array_equal(losses.coral_loss(source[:1], source[1:2]), 0)


def test_wasserstein_gap_of_a_lipschitz_critic_stays_below_the_distance():
    rng = np.random.default_rng(4)
    source, target = rng.normal(2, 1, 200), rng.normal(0, 1, 200)
    bound = ot.wasserstein_1d(source, target)
    assert losses.wasserstein_gap(np.sin(source), np.sin(target)) < bound
    # For shifted samples the identity is the optimal critic and the gap is the distance.
    gap = losses.wasserstein_gap(source, source - 2)
    np.testing.assert_allclose(gap, ot.wasserstein_1d(source, source - 2), rtol=1e-4)


def test_information_maximisation_at_its_extremes():
    uniform = jnp.zeros((8, 4))
    one_class = certain(4)[jnp.zeros(8, int)]
    np.testing.assert_allclose(losses.information_maximisation(uniform), 0, atol=1e-6)
    np.testing.assert_allclose(losses.information_maximisation(one_class), 0, atol=1e-6)
    np.testing.assert_allclose(
        losses.information_maximisation(certain(4, 2)), -np.log(4), rtol=1e-6
    )


def test_class_confusion_where_no_example_has_a_class():
    logits = certain(4) - 1000 * jnp.eye(4)[3:]
    value, gradient = jax.value_and_grad(losses.class_confusion_loss)(logits)
    assert 0 <= value <= 1
    assert np.all(np.isfinite(gradient))


@pytest.mark.parametrize("per_class", [1, 3])
def test_nuclear_norm_is_largest_for_certain_balanced_predictions(per_class):
    balanced = losses.nuclear_norm_loss(certain(4, per_class))
    np.testing.assert_allclose(balanced, -((1 / per_class) ** 0.5), rtol=1e-5)
    collapsed = losses.nuclear_norm_loss(certain(4)[jnp.zeros(4 * per_class, int)])
    assert balanced < collapsed < losses.nuclear_norm_loss(jnp.zeros((4 * per_class, 4)))


def test_nuclear_norm_gradient_at_rank_one_is_the_smallest_subgradient():
    # All rows equal to p: the norm is sqrt(n) |p|, whose gradient in p is that of the loss.
    row = np.array([0.3, -0.2, 0.5], np.float32)

    def closed_form(row):
        return -jnp.linalg.norm(jax.nn.softmax(row)) / 4**0.5

    def rank_one(row):
        return losses.nuclear_norm_loss(jnp.broadcast_to(row, (4, 3)))

    np.testing.assert_allclose(rank_one(row), closed_form(row), rtol=1e-6)
    np.testing.assert_allclose(jax.grad(rank_one)(row), jax.grad(closed_form)(row), atol=1e-6)


def test_class_balance_is_smallest_at_the_uniform_mean():
    balanced, uniform = losses.class_balance_loss(certain(4)), 4 * -0.25 * np.log(0.25)
    np.testing.assert_allclose(balanced, uniform - 3 * np.log(0.75), rtol=1e-6)
    assert losses.class_balance_loss(certain(4)[:2]) > balanced
    with pytest.raises(ValueError, match="k of at least 2"):
        losses.class_balance_loss(jnp.zeros((3, 1)))


@pytest.mark.parametrize("label", [-1, 4])
def test_label_out_of_range_is_not_taken_for_a_class(label):
    value = losses.cross_entropy(jnp.zeros((2, 4)), jnp.array([0, label]))
    np.testing.assert_array_equal(np.isnan(value), [False, True])


def test_random_multilinear_map_estimates_the_inner_product_of_the_full_one():
    keys = jax.random.split(jax.random.key(0), 4)
    features = jax.random.normal(keys[0], (2, 3))
    probs = jax.nn.softmax(jax.random.normal(keys[1], (2, 4)))
    matrices = [
        jax.random.normal(key, (d, 200_000)) for key, d in zip(keys[2:], [3, 4], strict=True)
    ]
    estimate = losses.random_multilinear(features, probs, *matrices)
    full = losses.multilinear(features, probs)
    np.testing.assert_allclose(estimate @ estimate.T, full @ full.T, atol=0.1)
