"""PCGrad: algorithm 1 of the paper on vectors, and over which parameters it projects."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.methods.toys import make_options, make_spec, make_training, snapshot
from tests.training.test_heads import TASK
from xferlab.methods.base import Context, identity_view
from xferlab.methods.pcgrad import conflict_free_weights
from xferlab.methods.recipes import lora
from xferlab.methods.table import METHODS
from xferlab.training.run import Member

METHOD = METHODS["pcgrad"]
SPEC = make_spec(heads=(("label", 3), ("tags", 3, "labels"), ("place", 2, "numbers")))


def context(seed):
    return Context(jax.random.key(seed), jnp.int32(0), jnp.float32(0), (), identity_view)


def projected(gradients, i, order):
    """Algorithm 1: one task's gradient, held against the others' in an order."""
    own = gradients[i].copy()
    for j in order:
        if own @ gradients[j] < 0:
            own -= own @ gradients[j] / (gradients[j] @ gradients[j]) * gradients[j]
    return own


def every_sum(gradients):
    """The updates of all choices of orders, which are independent."""
    count = len(gradients)
    choices = [
        [
            projected(gradients, i, order)
            for order in itertools.permutations([j for j in range(count) if j != i])
        ]
        for i in range(count)
    ]
    return [sum(parts) for parts in itertools.product(*choices)]


def combine(gradients, seed=0):
    gradients = jnp.asarray(gradients, jnp.float32)
    return np.asarray(conflict_free_weights(gradients @ gradients.T, jax.random.key(seed))) @ (
        np.asarray(gradients)
    )


@pytest.mark.fast
@pytest.mark.parametrize("seed", range(5))
def test_two_gradients(seed):
    gradients = np.random.default_rng(seed).normal(size=(2, 4))
    (expected,) = every_sum(gradients)
    np.testing.assert_allclose(combine(gradients), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.fast
def test_three_gradients_are_projected_in_every_order():
    """Each update is that of some orders, and all orders are drawn."""
    gradients = np.array([[1.0, 0.2], [-1.0, 0.3], [-0.2, -1.0]])
    expected = np.array(every_sum(gradients))
    found = set()
    for seed in range(60):
        distances = np.abs(expected - combine(gradients, seed)).max(axis=1)
        assert distances.min() < 1e-5
        found.add(tuple(np.round(expected[distances.argmin()], 5)))
    assert found == {tuple(np.round(row, 5)) for row in expected}
    assert len(found) > 1


@pytest.mark.fast
def test_agreeing_and_absent_gradients_are_summed():
    gradients = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 0.0]])
    np.testing.assert_allclose(combine(gradients), [2.0, 1.0])


@pytest.mark.fast
def test_heads_keep_their_own_gradients():
    """Inner products and projections are over the encoder alone; the factors of LoRA too."""
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(2, 3)).astype(np.float32)
    shared[1] -= 2 * shared[0]
    assert shared[0] @ shared[1] < 0

    def tree(i):
        heads = {name: jnp.full(2, 5.0 * (name == "ab"[i])) for name in "ab"}
        return {
            "encoder": {"kernel": jnp.asarray(shared[i, :2]), "frozen": None},
            "adapter/encoder": {"a": jnp.asarray(shared[i, 2:])},
            "heads": heads,
            "adapter/heads": heads,
        }

    combined = METHOD.combine_gradients({"classification": tree(0), "head_b": tree(1)}, context(0))
    (expected,) = every_sum(shared.astype(np.float64))
    actual = [*combined["encoder"]["kernel"], *combined["adapter/encoder"]["a"]]
    np.testing.assert_allclose(actual, expected, rtol=1e-4)
    for group in ("heads", "adapter/heads"):
        np.testing.assert_array_equal(combined[group]["a"], [5.0, 5.0])
        np.testing.assert_array_equal(combined[group]["b"], [5.0, 5.0])


def moves(learner, steps, recipe=None):
    """What the parameters move by, of plain SGD, over three heads with missing labels."""
    stages = learner.stages() if recipe is None else recipe(learner.stages())
    member = Member(learner, make_options(momentum=0.0, lr=1e-2), 0, stages)
    training = make_training(learner, task=TASK, spec=SPEC, members=[member])
    before = snapshot(training.state.params)
    training.advance(steps)
    return jax.tree.map(lambda a, b: b - a, before, snapshot(training.state.params))


def test_a_step_moves_the_heads_as_source_only_does_and_the_encoder_otherwise():
    ours, plain = moves(METHOD, 1), moves(METHODS["source_only"], 1)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-7),
        ours["heads"],
        plain["heads"],
    )
    kernels = (m["encoder"]["bottleneck"]["kernel"] for m in (ours, plain))
    assert not np.allclose(*kernels, rtol=1e-2)


def test_factors_of_low_rank_are_projected_too():
    moved = moves(METHOD, 3, lora)
    assert any(np.any(leaf) for leaf in jax.tree.leaves(moved["adapter/encoder"]))
