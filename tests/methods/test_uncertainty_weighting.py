"""Uncertainty weighting on heads of all kinds: likelihoods, missing labels, the learnt variance."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from tests.methods.toys import make_spec, quick_jit
from xferlab.core.batch import Batch, Labelled
from xferlab.core.heads import Labels
from xferlab.methods.base import Context, identity_view, sum_terms
from xferlab.methods.supervised import supervised
from xferlab.methods.table import METHODS
from xferlab.models.nets import Blueprint, Nets

pytestmark = pytest.mark.fast

METHOD = type(METHODS["uncertainty_weighting"])(least_variance=0.0)
SPEC = make_spec(heads=(("label", 3), ("tags", 2, "labels"), ("place", 1, "numbers")), bottleneck=0)
S = np.array([0.3, -0.7, 1.1])
CTX = Context(jax.random.key(0), jnp.int32(0), jnp.float32(0), (), identity_view)


def make_nets(params=None):
    blueprint = Blueprint.of(SPEC, METHOD.extra_networks)
    if params is None:
        params, _ = blueprint.init(METHOD.extra_networks, jax.random.key(0))
        params["log_variances"] = {"values": jnp.asarray(S, jnp.float32)}
    return params, Nets(blueprint, params, {}, train=True, key=jax.random.key(1))


def make_part(known=(None, None, None), seed=0):
    rng = np.random.default_rng(seed)
    values = (np.arange(8) % 3, rng.integers(0, 2, (8, 2)).astype("f4"), rng.normal(size=(8, 1)))
    by_head = tuple(Labels(jnp.asarray(v), k) for v, k in zip(values, known, strict=True))
    inputs = jnp.asarray(rng.normal(size=(8, 4)), jnp.float32)
    return Labelled.of(inputs, None)._replace(by_head=by_head)


def test_variances_begin_at_one():
    blueprint = Blueprint.of(SPEC, METHOD.extra_networks)
    params, _ = blueprint.init(METHOD.extra_networks, jax.random.key(0))
    np.testing.assert_array_equal(params["log_variances"]["values"], np.zeros(3))


def test_numbers_have_a_gaussian_likelihood_and_others_the_papers_factor():
    _, nets = make_nets()
    batch = Batch(make_part())
    terms = METHOD.loss(nets, batch, CTX)
    output = nets.apply(batch.source.inputs, role="source")
    plain = {name: float(t.value) for name, t in supervised(nets, output, batch).items()}
    parts = {name: float(term.value * term.weight) for name, term in terms.items()}
    for name, head, s in (("classification", "label", S[0]), ("head_tags", "tags", S[1])):
        expected = np.exp(-s) * plain[name] + s / 2
        np.testing.assert_allclose(parts[name] + parts[f"log_variance_{head}"], expected, rtol=1e-5)
    numbers = np.asarray(batch.source.by_head[2].values)
    likelihood = stats.norm(np.asarray(output.heads[2]), np.exp(S[2] / 2)).logpdf(numbers)
    actual = parts["head_place"] + parts["log_variance_place"]
    np.testing.assert_allclose(actual, -likelihood.mean() - np.log(2 * np.pi) / 2, rtol=1e-5)


@pytest.mark.parametrize("shots_too", [False, True])
def test_a_head_without_a_known_label_keeps_its_variance(shots_too):
    """What is known of the source or of the shots counts."""
    params, _ = make_nets()
    nobody = jnp.zeros(8, bool)
    shots = make_part((nobody.at[1].set(True), None, nobody), seed=1) if shots_too else None
    batch = Batch(make_part((nobody, jnp.ones(8, bool), nobody)), None, shots)

    def loss(params):
        return sum_terms(METHOD.loss(make_nets(params)[1], batch, CTX))

    gradient = quick_jit(jax.grad(loss))(params)
    moved = np.asarray(gradient["log_variances"]["values"]) != 0
    np.testing.assert_array_equal(moved, [shots_too, True, False])
    assert not np.any(gradient["heads"]["place"]["kernel"])


def test_a_weight_is_bounded_where_the_variance_has_a_least_value():
    """It begins at 1 all the same."""
    bounded = type(METHOD)(least_variance=0.04)
    for r, weight in ((-1e3, 25.0), (0.0, 1.0)):
        params, _ = make_nets()
        _, nets = make_nets(params | {"log_variances": {"values": jnp.full(3, r)}})
        terms = bounded.loss(nets, Batch(make_part()), CTX)
        np.testing.assert_allclose(terms["classification"].weight, weight, rtol=1e-5)
        np.testing.assert_allclose(terms["head_place"].weight, weight / 2, rtol=1e-5)


def test_the_variance_of_numbers_becomes_their_mean_squared_error():
    """As in the authors' example, where noise of known variance is found; here heads stand."""
    params, nets = make_nets()
    batch = Batch(make_part())
    output = nets.apply(batch.source.inputs, role="source")
    error = float(supervised(nets, output, batch)["head_place"].value)

    def loss(s):
        own = params | {"log_variances": {"values": s}}
        return sum_terms(METHOD.loss(make_nets(own)[1], batch, CTX))

    slope = quick_jit(jax.grad(loss))
    s = jnp.asarray(S, jnp.float32)
    for _ in range(300):
        s = s - 0.3 * slope(s)
    np.testing.assert_allclose(np.exp(s[2]), error, rtol=1e-3)
