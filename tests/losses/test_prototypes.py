"""Nearest class means: values, gradients, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from tests.oracles.episodes import prototype_logits as oracle
from xferlab.losses import prototype_logits

pytestmark = pytest.mark.fast
RNG = np.random.default_rng(0)
SUPPORT, QUERIES = RNG.normal(size=(7, 3)), RNG.normal(size=(5, 3))
LABELS = np.array([2, 0, 1, 1, 2, 0, 0])


def test_values_and_gradients():
    expected = oracle(SUPPORT, LABELS, QUERIES, 3)
    arrays = (SUPPORT.astype(np.float32), QUERIES.astype(np.float32))

    def logits(support, queries):
        return prototype_logits(support, LABELS, queries, ways=3)

    np.testing.assert_allclose(jax.jit(logits)(*arrays), expected, rtol=1e-5)
    check_grads(logits, arrays, order=2, modes=["rev"], rtol=1e-2, atol=1e-2)
    far = logits(arrays[0] + 1e3, arrays[1] + 1e3)  # Differences first, squares then.
    np.testing.assert_allclose(far, expected, rtol=1e-2, atol=1e-3)
    half = logits(*(a.astype(jnp.bfloat16) for a in arrays))
    assert half.dtype == jnp.bfloat16


def test_a_class_without_examples_has_its_mean_at_zero():
    found = prototype_logits(jnp.ones((2, 3)), jnp.array([0, 0]), jnp.full((1, 3), 2.0), ways=2)
    assert found.tolist() == [[-3.0, -12.0]]


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="queries: expected shape"):
        prototype_logits(jnp.ones((2, 3)), jnp.array([0, 1]), jnp.ones((1, 4)), ways=2)
    with pytest.raises(ValueError, match="labels: expected integers"):
        prototype_logits(jnp.ones((2, 3)), jnp.ones(2), jnp.ones((1, 3)), ways=2)
