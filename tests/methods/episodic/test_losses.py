"""Terms and gradients of methods of episodes against NumPy, on linear networks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.methods.toys import make_spec
from tests.oracles import episodes as oracles
from xferlab.core.batch import Batch, Labelled
from xferlab.core.errors import InputError
from xferlab.methods.base import Context, identity_view
from xferlab.methods.episodic._parts import places_of
from xferlab.methods.episodic.maml import MAML
from xferlab.methods.episodic.prototypical import Prototypical
from xferlab.models.nets import Blueprint, Nets

pytestmark = pytest.mark.fast

WAYS, SHOTS, EACH = 3, 2, 5
RNG = np.random.default_rng(0)
INPUTS = RNG.normal(size=(WAYS * EACH, 4)).astype(np.float32)
CLASSES = np.repeat([2, 0, 1], EACH)
"""As the source numbers them: only that they stand together counts."""
BATCH = Batch(Labelled.of(INPUTS, CLASSES))
PLACES = [EACH * way + i for way in range(WAYS) for i in range(EACH)]
SUPPORT = [p for p in PLACES if p % EACH < SHOTS]
QUERIES = [p for p in PLACES if p % EACH >= SHOTS]
NEW_LABELS = np.repeat(np.arange(WAYS), EACH)
LINEAR = make_spec(hidden=(), bottleneck=0)
"""Features are the inputs, so that MAML's head is all that moves."""


def drawn(method, spec):
    blueprint = Blueprint.of(spec, method.extra_networks)
    params, statistics = blueprint.init(method.extra_networks, jax.random.key(0))
    return blueprint, params, statistics


def term_of(method, blueprint, params, statistics, batch=BATCH):
    nets = Nets(blueprint, params, statistics, train=True, key=jax.random.key(1))
    ctx = Context(jax.random.key(2), jnp.int32(0), jnp.float32(0), (), identity_view)
    ((name, term),) = method.loss(nets, batch, ctx).items()
    assert name == "episode" and term.weight == 1.0
    return term.value


def test_places_of_an_episode():
    places = places_of(15, ways=WAYS, shots=SHOTS)
    assert places.support.tolist() == SUPPORT and places.queries.tolist() == QUERIES
    assert places.support_labels.tolist() == NEW_LABELS[SUPPORT].tolist()
    assert places.query_labels.tolist() == NEW_LABELS[QUERIES].tolist()


def test_prototypical_is_its_formula():
    method = Prototypical(ways=WAYS, shots=SHOTS)
    blueprint, params, statistics = drawn(method, make_spec(bottleneck=0))
    layer = params["encoder"]["backbone"]["layers"][0]
    features = np.maximum(INPUTS @ np.asarray(layer["kernel"]) + np.asarray(layer["bias"]), 0)
    logits = oracles.prototype_logits(
        features[SUPPORT], NEW_LABELS[SUPPORT], features[QUERIES], WAYS
    )
    expected = oracles.mean_cross_entropy(logits, NEW_LABELS[QUERIES])
    value = term_of(method, blueprint, params, statistics)
    np.testing.assert_allclose(value, expected, rtol=1e-5)


@pytest.mark.parametrize("first_order", [False, True])
@pytest.mark.parametrize("steps", [1, 3])
def test_maml_and_its_gradient_are_their_formulas(steps, first_order):
    """Second derivatives in closed form; without them the gradient is another one."""
    rate = 0.7
    method = MAML(ways=WAYS, shots=SHOTS, inner_steps=steps, inner_lr=rate, first_order=first_order)
    blueprint, params, statistics = drawn(method, LINEAR)
    head = params["episode_head"]
    theta = np.concatenate([np.asarray(head["kernel"]), np.asarray(head["bias"])[None]])
    theta = theta.astype(np.float64).ravel()
    support, queries = (
        oracles.Softmax(INPUTS[rows].astype(np.float64), NEW_LABELS[rows], WAYS)
        for rows in (SUPPORT, QUERIES)
    )
    loss, gradient = oracles.maml(
        theta, support, queries, steps=steps, rate=rate, first_order=first_order
    )

    def objective(head):
        return term_of(method, blueprint, params | {"episode_head": head}, statistics)

    value, found = jax.value_and_grad(objective)(head)
    joined = np.concatenate([found["kernel"], found["bias"][None]]).ravel()
    np.testing.assert_allclose(value, loss, rtol=1e-5)
    np.testing.assert_allclose(joined, gradient, rtol=1e-3, atol=1e-6)
    other = oracles.maml(
        theta, support, queries, steps=steps, rate=rate, first_order=not first_order
    )[1]
    assert np.abs(other - gradient).max() > 1e-2


def test_the_oracle_of_maml_against_finite_differences():
    support, queries = (
        oracles.Softmax(INPUTS[rows].astype(np.float64), NEW_LABELS[rows], WAYS)
        for rows in (SUPPORT, QUERIES)
    )
    theta = RNG.normal(size=15)
    _, gradient = oracles.maml(theta, support, queries, steps=2, rate=0.5)
    for place in range(15):
        step = 1e-5 * np.eye(15)[place]
        high, low = (
            oracles.maml(theta + s, support, queries, steps=2, rate=0.5)[0] for s in (step, -step)
        )
        np.testing.assert_allclose(gradient[place], (high - low) / 2e-5, rtol=1e-5, atol=1e-8)


def test_maml_answers_by_the_inner_loop_that_it_trains():
    """With batch norm, by the queries' own statistics; running averages do not matter."""
    method = MAML(ways=WAYS, shots=SHOTS, inner_steps=2)
    blueprint, params, statistics = drawn(method, make_spec())
    support = Labelled.of(INPUTS[SUPPORT], jnp.asarray(NEW_LABELS[SUPPORT]))
    values = []
    for shift in (0.0, 3.0):
        moved = jax.tree.map(lambda a, s=shift: a + s, statistics)
        nets = Nets(blueprint, params, moved, train=False)
        output = method.predict_episode(nets, support, INPUTS[QUERIES], (), ways=WAYS)
        values.append(oracles.mean_cross_entropy(output.logits, NEW_LABELS[QUERIES]))
    expected = term_of(method, blueprint, params, statistics)
    np.testing.assert_allclose(values, [expected, expected], rtol=1e-5)


def test_every_method_answers_by_nearest_means_of_its_own_features():
    method = Prototypical(ways=WAYS)
    blueprint, params, statistics = drawn(method, make_spec())
    nets = Nets(blueprint, params, statistics, train=False)
    support = Labelled.of(INPUTS[SUPPORT], jnp.asarray(NEW_LABELS[SUPPORT]))
    output = method.predict_episode(nets, support, INPUTS[QUERIES], (), ways=WAYS)
    features = np.asarray(method.predict(nets, INPUTS, (), role="target").features)
    expected = oracles.prototype_logits(
        features[SUPPORT], NEW_LABELS[SUPPORT], features[QUERIES], WAYS
    )
    np.testing.assert_allclose(output.logits, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(output.features, features[QUERIES], rtol=1e-5)


def test_what_cannot_be_an_episode_is_refused():
    with pytest.raises(InputError, match="has 5 examples of a class, of which 5 are its support"):
        places_of(15, ways=3, shots=5)
    method = MAML(ways=4)
    nets = Nets(*drawn(method, LINEAR), train=False)
    support = Labelled.of(INPUTS[SUPPORT], jnp.asarray(NEW_LABELS[SUPPORT]))
    with pytest.raises(InputError, match=r"head of 4 outputs.*have 3 ways. Give MAML\(ways=3\)"):
        method.predict_episode(nets, support, INPUTS[QUERIES], (), ways=3)
    with pytest.raises(InputError, match=r"dropout 0.5. Give NetworkSpec\(dropout=0.0\)"):
        drawn(method, make_spec(dropout=0.5))


def test_defaults_are_the_papers():
    """Omniglot, 5 ways: algorithm 2 with one inner step of 0.4 (cbfinn/maml, main.py)."""
    assert vars(MAML()) == {
        "ways": 5, "shots": 1, "inner_steps": 1, "inner_lr": 0.4, "first_order": False,
    }  # fmt: skip
    assert vars(Prototypical()) == {"ways": 5, "shots": 1}
