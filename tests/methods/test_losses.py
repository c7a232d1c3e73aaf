"""The terms of every method against its paper's formula, and what passes which gradient."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.methods.toys import make_spec, quick_jit
from tests.oracles import methods as oracles
from xferlab.core.batch import Batch, Labelled, Unlabelled
from xferlab.core.heads import Labels
from xferlab.core.settings import View
from xferlab.methods.base import Context, identity_view
from xferlab.methods.schedules import dann_ramp
from xferlab.methods.shot import centroid_pseudo_labels
from xferlab.methods.table import METHODS
from xferlab.models.nets import Blueprint, Nets, Output

SPEC = make_spec(bottleneck=0)
RNG = np.random.default_rng(0)
SOURCE, TARGET = RNG.normal(size=(7, 4)), RNG.normal(size=(7, 4)) + 1
LABELS = RNG.integers(0, 3, 7)
PSEUDO_LABELS = RNG.integers(0, 3, 30)
INDEX = RNG.permutation(30)[:7]
PROGRESS = 0.3
DOMAIN_ID = np.array([0, 1, 1, 0, 1, 1, 1])
"""Two sources, for methods that tell them apart."""
KEPT = {
    "group_dro": {"domain_weights": np.array([0.7, 0.3])},
    "pada": {"class_weights": np.array([1.0, 0.2, 0.5])},
}
"""Numbers that methods keep, by network."""


class Case(NamedTuple):
    """Drawn weights of a method's networks, its state, and what the oracle takes for the state."""

    blueprint: Blueprint
    params: Any
    state: Any = ()
    oracle_state: Any = ()


def draw_params(name, seed=0):
    """Random values for every parameter, biases too; heads large enough to be certain."""
    extra = METHODS[name].extra_networks
    blueprint = Blueprint.of(dataclasses.replace(SPEC, source_domains=2), extra)
    shapes, _ = jax.eval_shape(lambda key: blueprint.init(extra, key), jax.random.key(0))
    rng = np.random.default_rng(seed)
    params = jax.tree.map(lambda a: rng.normal(0, 0.5, a.shape).astype(np.float32), shapes)
    return blueprint, params | {"heads": jax.tree.map(lambda a: 6 * a, params["heads"])}


def make_case(name) -> Case:
    blueprint, params = draw_params(name)
    if name == "adda":
        other = {"encoder": draw_params(name, seed=1)[1]["encoder"]}
        return Case(blueprint, params, [other, {}], [other, {}])
    if name == "self_ensembling":
        teacher = draw_params(name, seed=1)[1]
        return Case(blueprint, params, {"params": teacher, "statistics": {}}, teacher)
    if name == "shot":
        state = {"pseudo_labels": jnp.asarray(PSEUDO_LABELS)}
        return Case(blueprint, params, state, PSEUDO_LABELS[INDEX])
    if name == "group_dro":
        return Case(blueprint, params, (), (KEPT[name]["domain_weights"], DOMAIN_ID))
    if name == "m3sda":
        return Case(blueprint, params, (), DOMAIN_ID)
    if name == "pada":
        return Case(blueprint, params, (), KEPT[name]["class_weights"])
    if name == "wdgrl":
        share = jax.random.uniform(jax.random.key(5), (7, 1))
        return Case(blueprint, params, (), np.asarray(share))
    return Case(blueprint, params)


def make_batch(name):
    source = Labelled.of(jnp.asarray(SOURCE, jnp.float32), jnp.asarray(LABELS))
    source = source._replace(domain_id=jnp.asarray(DOMAIN_ID))
    target = Unlabelled.of(jnp.asarray(TARGET, jnp.float32))._replace(index=jnp.asarray(INDEX))
    if METHODS[name].needs.target is View.LABELS:
        target = Labelled(*target, (Labels(jnp.asarray(LABELS)),))
    return Batch(None if name in ("shot", "tent") else source, target)


def make_context(case):
    progress = jnp.float32(PROGRESS)
    return Context(jax.random.key(5), jnp.int32(3), progress, case.state, identity_view)


def compute_terms(name, case, params, phase):
    kept = {n: {"values": jnp.float32(v)} for n, v in KEPT.get(name, {}).items()}
    nets = Nets(case.blueprint, params, kept, train=True, key=jax.random.key(1))
    return dict(phase.loss(nets, make_batch(name), make_context(case)))


WITHOUT_TERMS = ("ada_bn", "untrained")


@pytest.mark.parametrize("name", [name for name in METHODS if name not in WITHOUT_TERMS])
def test_terms_and_weights_are_the_papers(name):
    case, phases = make_case(name), METHODS[name].phases()
    actual = {}
    for phase in phases:
        prefix = f"{phase.name}/" if len(phases) > 1 else ""
        terms = compute_terms(name, case, case.params, phase)
        actual |= {prefix + key: (float(t.value), float(t.weight)) for key, t in terms.items()}
    plain = name in ("source_only", "pcgrad")  # What is special in pcgrad is no term.
    oracle = oracles.classification if plain else vars(oracles)[name]
    world = oracles.World(case.params, SOURCE, LABELS, TARGET, case.oracle_state)
    expected = oracle(world)
    assert actual.keys() == expected.keys()
    for key, value in expected.items():
        np.testing.assert_allclose(actual[key], value, rtol=2e-4, atol=1e-5, err_msg=key)


def test_the_case_of_self_ensembling_has_a_confident_teacher():
    case = make_case("self_ensembling")
    terms = compute_terms(
        "self_ensembling", case, case.params, METHODS["self_ensembling"].phases()[0]
    )
    assert float(terms["consistency"].value) > 0.01


@pytest.mark.parametrize("name", WITHOUT_TERMS)
def test_methods_that_minimise_nothing_have_no_term(name):
    case = make_case(name)
    assert compute_terms(name, case, case.params, METHODS[name].phases()[0]) == {}


@pytest.mark.parametrize("progress", [0.0, 0.1, 0.5, 1.0])
def test_ramp(progress):
    np.testing.assert_allclose(
        dann_ramp(jnp.float32(progress)), oracles.dann_ramp(progress), atol=1e-6
    )


RAMP = oracles.dann_ramp(PROGRESS)


@pytest.mark.parametrize(
    ("name", "file", "term", "factors"),
    [
        ("dann", "dann", "domain", {"encoder": -RAMP, "discriminator": 1.0}),
        ("cdan", "cdan", "domain", {"encoder": -RAMP, "discriminator": 1.0}),
        ("cdan_e", "cdan", "domain", {"encoder": -RAMP, "discriminator": 1.0}),
        ("mme", "mme", "entropy", {"encoder": -1.0, "prototypes": 1.0}),
        ("pada", "pada", "domain", {"encoder": -RAMP, "discriminator": 1.0}),
        ("osbp", "osbp", "boundary", {"encoder": -1.0, "open_head": 1.0}),
    ],
)
def test_the_encoder_receives_a_reversed_gradient(name, file, term, factors, monkeypatch):
    """What it plays against receives it as it is. Plain: with the reversal taken out."""
    case, phase = make_case(name), METHODS[name].phases()[0]

    def value(params):
        return compute_terms(name, case, params, phase)[term].value

    reversed_ = quick_jit(jax.grad(value))(case.params)
    monkeypatch.setattr(f"xferlab.methods.{file}.gradient_reversal", lambda x, scale: x)
    plain = quick_jit(jax.grad(lambda params: value(params)))(case.params)
    for group, factor in factors.items():
        assert max(np.abs(leaf).max() for leaf in jax.tree.leaves(plain[group])) > 1e-3
        jax.tree.map(
            lambda a, b, f=factor: np.testing.assert_allclose(a, f * b, rtol=1e-4, atol=1e-6),
            reversed_[group],
            plain[group],
        )
    assert all(not np.any(leaf) for leaf in jax.tree.leaves(reversed_["heads"]))


def test_dann_moves_the_encoder_to_where_the_discriminator_errs():
    """A small step along minus the gradient raises the domain loss of a fixed discriminator."""
    case, phase = make_case("dann"), METHODS["dann"].phases()[0]

    def domain(params):
        return compute_terms("dann", case, params, phase)["domain"].value

    gradient = quick_jit(jax.grad(domain))(case.params)
    for group, sign in (("encoder", 1), ("discriminator", -1)):
        moved = jax.tree.map(lambda p, g: p - 1e-3 * g, case.params[group], gradient[group])
        change = float(domain(case.params | {group: moved}) - domain(case.params))
        assert np.sign(change) == sign


@pytest.mark.parametrize("seed", range(3))
def test_centroid_pseudo_labels(seed):
    rng = np.random.default_rng(seed)
    n, padding, k = 40, 9, 4
    features = np.maximum(rng.normal(size=(n + padding, 5)), 0).astype(np.float32)
    logits = 3 * rng.normal(size=(n + padding, k)).astype(np.float32)
    mask = jnp.asarray(np.arange(n + padding) < n, jnp.float32)
    actual = centroid_pseudo_labels(Output(jnp.asarray(features), jnp.asarray(logits)), mask)
    expected = oracles.centroid_pseudo_labels(features[:n], logits[:n])
    np.testing.assert_array_equal(actual[:n], expected)


def test_a_class_without_pseudo_label_attracts_none():
    rng = np.random.default_rng(0)
    centres = np.eye(5)[:3]
    labels = np.arange(30) % 3
    features = np.float32(5 * centres[labels] + 0.01 * rng.normal(size=(30, 5)))
    logits = np.float32(8 * np.eye(4)[labels])
    actual = centroid_pseudo_labels(
        Output(jnp.asarray(features), jnp.asarray(logits)), jnp.ones(30)
    )
    np.testing.assert_array_equal(actual, labels)


def test_the_teacher_follows_the_student():
    method, (blueprint, student) = METHODS["self_ensembling"], draw_params("self_ensembling")
    teacher = draw_params("self_ensembling", seed=1)[1]
    case = Case(blueprint, student, {"params": teacher, "statistics": {}})
    nets = Nets(blueprint, student, {}, train=False)
    ctx = make_context(case)._replace(batch=make_batch("self_ensembling"))
    state = method.after_update(case.state, nets, ctx)
    jax.tree.map(
        lambda new, t, s: np.testing.assert_allclose(
            new, 0.99 * t + 0.01 * s, rtol=1e-5, atol=1e-6
        ),
        state["params"],
        teacher,
        student,
    )


def test_predictions_of_mcd_are_the_mean_of_both_heads():
    method, (blueprint, params) = METHODS["mcd"], draw_params("mcd")
    nets = Nets(blueprint, params, {}, train=False)
    world = oracles.World(params, SOURCE, LABELS, TARGET)
    features = oracles.encode(world, TARGET)
    heads = oracles.classify(world, features), oracles.dense(features, params["second_head"])
    output = method.predict(nets, jnp.asarray(TARGET, jnp.float32), (), role="target")
    np.testing.assert_allclose(output.logits, sum(heads) / 2, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("role", ["source", "target"])
def test_adda_predicts_with_the_encoder_of_the_role(role):
    method, case = METHODS["adda"], make_case("adda")
    nets = Nets(case.blueprint, case.params, {}, train=False)
    world = oracles.World(case.params, SOURCE, LABELS, TARGET)
    encoder = case.state[0]["encoder"] if role == "source" else case.params["encoder"]
    expected = oracles.encode(world, TARGET, encoder)
    output = method.predict(nets, jnp.asarray(TARGET, jnp.float32), case.state, role=role)
    np.testing.assert_allclose(output.features, expected, rtol=1e-4, atol=1e-5)


def test_defaults_are_the_papers():
    """Values stated in the papers or their authors' code; see each class."""
    values: dict[str, dict[str, Any]] = {
        "dann": {"weight": 1.0},
        "cdan": {"weight": 1.0, "entropy_conditioning": False},
        "mcd": {"encoder_updates": 4},
        "mcc": {"weight": 1.0, "temperature": 2.5},
        "wdgrl": {"weight": 1.0, "penalty": 10.0, "critic_updates": 5},
        "self_ensembling": {
            "weight": 3.0, "balance_weight": 0.005, "ema_decay": 0.99,
            "confidence_threshold": 0.968,
        },
        "mme": {"weight": 0.1, "temperature": 0.05},
        "group_dro": {"step_size": 0.01},
        "pada": {"weight": 1.0},
        "osbp": {"weight": 1.0, "boundary": 0.5},
        "shot": {"pseudo_weight": 0.1},
        "simclr": {"temperature": 0.1, "projection": 128},
        "uncertainty_weighting": {"least_variance": 0.01},
    }  # fmt: skip
    for name, fields in values.items():
        assert vars(METHODS[name]) == fields
