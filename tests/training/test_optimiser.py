"""Optimisers and schedules against their formulas in NumPy."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.methods.toys import same_bits
from xferlab.core.errors import InputError
from xferlab.training.optimiser import init_optimiser, scheduled_lr, update_group
from xferlab.training.options import TrainingOptions

pytestmark = pytest.mark.fast

RNG = np.random.default_rng(0)
START = RNG.normal(size=4).astype(np.float32)
GRADIENTS = RNG.normal(size=(5, 4)).astype(np.float32)
LR, DECAY = 0.1, 0.3


def make_options(**changes):
    return TrainingOptions(**{"steps": 10, "lr": LR, "weight_decay": DECAY, **changes})


def run(options, multiplier=1.0):
    """Five updates by the package."""
    params = {"net": {"w": jnp.asarray(START)}}
    state = init_optimiser(options, params)["net"]
    for gradient in GRADIENTS:
        group = {"w": jnp.asarray(gradient)}
        params["net"], state = update_group(
            options, jnp.float32(LR), group, state, params["net"], {"w": multiplier}
        )
    return params["net"]["w"]


def sgd(*, momentum=0.9, nesterov=False):
    """Sutskever et al. 2013 with an L2 penalty: v = m v + g, w = w - lr v (or g + m v)."""
    w, velocity = START.astype(np.float64), 0.0
    for gradient in GRADIENTS:
        g = gradient + DECAY * w
        velocity = momentum * velocity + g
        w = w - LR * (g + momentum * velocity if nesterov else velocity)
    return w


def adam(*, decoupled):
    """Kingma and Ba 2015, algorithm 1; decoupled: Loshchilov and Hutter 2019, algorithm 2."""
    w, first, second = START.astype(np.float64), 0.0, 0.0
    for t, gradient in enumerate(GRADIENTS, start=1):
        g = gradient if decoupled else gradient + DECAY * w
        first, second = 0.9 * first + 0.1 * g, 0.999 * second + 0.001 * g**2
        step = first / (1 - 0.9**t) / (np.sqrt(second / (1 - 0.999**t)) + 1e-8)
        w = w - LR * (step + (DECAY * w if decoupled else 0))
    return w


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"momentum": 0.0}, sgd(momentum=0.0)),
        ({}, sgd()),
        ({"nesterov": True}, sgd(nesterov=True)),
        ({"optimiser": "adam"}, adam(decoupled=False)),
        ({"optimiser": "adamw"}, adam(decoupled=True)),
    ],
    ids=["plain", "momentum", "nesterov", "adam", "adamw"],
)
def test_five_steps(changes, expected):
    np.testing.assert_allclose(run(make_options(**changes)), expected, rtol=5e-5)


def test_a_multiplier_scales_the_finished_update():
    options = make_options(weight_decay=0.0)
    whole, half = run(options) - START, run(options, 0.5) - START
    np.testing.assert_allclose(half, 0.5 * whole, rtol=1e-5)


def test_each_group_has_a_state_of_its_own():
    params = {"encoder": {"w": jnp.ones(2)}, "heads": {"w": jnp.ones(3)}}
    options = make_options(weight_decay=0.0)
    state = init_optimiser(options, params)
    assert state.keys() == params.keys()
    gradient = {"w": jnp.ones(2)}
    _, moved = update_group(
        options, jnp.float32(0.1), gradient, state["encoder"], params["encoder"], {"w": 1.0}
    )
    assert not same_bits(moved, state["encoder"])
    assert same_bits(state["heads"], init_optimiser(options, params)["heads"])


@pytest.mark.parametrize("progress", [0.0, 0.25, 0.5, 0.99])
def test_schedules(progress):
    formulas = {
        "constant": LR,
        "dann": LR / (1 + 10 * progress) ** 0.75,
        "cosine": LR * math.cos(math.pi * progress / 2) ** 2,
    }
    for schedule, expected in formulas.items():
        actual = scheduled_lr(make_options(schedule=schedule), jnp.float32(progress))
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-8)


def test_rates_are_leaves_and_the_rest_is_structure():
    structure = jax.tree.structure(make_options())
    assert jax.tree.structure(make_options(lr=7.0, weight_decay=0.0)) == structure
    for change in ({"steps": 11}, {"optimiser": "adam"}, {"momentum": 0.5}, {"nesterov": True}):
        assert jax.tree.structure(make_options(**change)) != structure


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"optimiser": "adma"}, "unknown optimiser 'adma'. Did you mean: adam"),
        ({"schedule": "cosin"}, "unknown schedule 'cosin'. Did you mean: cosine"),
        ({"evaluations": 0}, "evaluations is 0; it must be at least 1"),
        ({"steps": 3, "evaluations": 4}, "steps is 3 with 4 evaluations"),
        ({"batch_sizes": (4, 0)}, r"\(4, 0\); each must be at least 1"),
    ],
)
def test_bad_options(changes, message):
    with pytest.raises(InputError, match=message):
        make_options(**changes)
