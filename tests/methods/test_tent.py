"""Tent: only scales and shifts of norms move, by target batches; whatever the norms are called."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from tests.methods.toys import make_options, make_spec, make_task, make_training, snapshot
from xferlab.core.batch import Batch, Unlabelled
from xferlab.core.errors import InputError
from xferlab.core.settings import Setting
from xferlab.methods.base import Context, identity_view
from xferlab.methods.table import METHODS
from xferlab.models.nets import Blueprint, Nets

METHOD = METHODS["tent"]
STEPS = 100


def adapted(spec, **changes):
    """The state at the end of the source stage, and some steps later."""
    training = make_training(METHOD, spec=spec, options=make_options(steps=STEPS, **changes))
    training.advance(STEPS * 9 // 10)
    before = snapshot(training.state)
    training.advance(STEPS)
    return before, snapshot(training.state), training


def moved_paths(before, after):
    leaves = zip(jax.tree_util.tree_leaves_with_path(before), jax.tree.leaves(after), strict=True)
    names = {
        "/".join(str(part.key) for part in path)
        for (path, a), b in leaves
        if not np.array_equal(a, b)
    }
    return names


def test_scale_and_shift_of_batch_norm_move_alone_whatever_the_optimiser():
    for changes in ({}, {"optimiser": "adamw", "weight_decay": 0.1}):
        before, after, _ = adapted(make_spec(), **changes)
        moved = moved_paths(before.params, after.params)
        assert moved == {"encoder/norm/scale", "encoder/norm/bias"}


def test_it_sees_the_target_alone():
    adaptation = METHOD.stages()[-1]
    assert adaptation.setting == Setting.SOURCE_FREE and adaptation.method is METHOD


class TwoNorms(nnx.Module):
    """A backbone of a user's, with norms of flax under names of its own and a plain bias."""

    def __init__(self, spec, *, formulation, rngs):
        self.linear = nnx.Linear(spec.input_shape[0], 8, rngs=rngs)
        self.bn1 = nnx.BatchNorm(8, rngs=rngs)
        self.inner = nnx.List([nnx.LayerNorm(8, rngs=rngs), nnx.RMSNorm(8, rngs=rngs)])
        self.feature_dim = 8

    def __call__(self, x, mode):
        x = self.bn1(self.linear(x))
        for norm in self.inner:
            x = norm(x)
        return jax.nn.relu(x)


def test_norms_of_users_are_found_by_their_scale(monkeypatch):
    monkeypatch.setattr("xferlab.models.networks.BACKBONES", {"mlp": TwoNorms})
    before, after, _ = adapted(make_spec(bottleneck=0, dropout=0.25))
    moved = moved_paths(before.params["encoder"]["backbone"], after.params["encoder"]["backbone"])
    assert moved == {"bn1/scale", "bn1/bias", "inner/0/scale", "inner/0/bias", "inner/1/scale"}


def test_a_network_without_norms_is_refused():
    with pytest.raises(InputError, match=r"no module there has a 'scale'.*bottleneck=64"):
        adapted(make_spec(bottleneck=0))


def make_nets(row_shift=0.0):
    blueprint = Blueprint.of(make_spec(batch_norm="domain"), METHOD.extra_networks)
    params, statistics = blueprint.init(METHOD.extra_networks, jax.random.key(0))
    norm = params["encoder"]["norm"]
    norm["bias"] = norm["bias"].at[1].add(row_shift)
    return blueprint, params, statistics


@pytest.mark.fast
def test_averages_begin_at_the_first_target_batch():
    """Mean over the first ten batches, after which earlier ones have nine tenths."""
    blueprint, params, statistics = make_nets()
    rng = np.random.default_rng(0)
    layer, bottleneck = params["encoder"]["backbone"]["layers"][0], params["encoder"]["bottleneck"]
    means = []
    for step in range(14):
        x = rng.normal(step, 1, (9, 4)).astype(np.float32)
        hidden = np.maximum(x @ layer["kernel"] + layer["bias"][None], 0)
        means.append((hidden @ bottleneck["kernel"] + bottleneck["bias"][None]).mean(axis=0))
        nets = Nets(blueprint, params, statistics, train=True, key=jax.random.key(1))
        ctx = Context(jax.random.key(2), jnp.int32(step), jnp.float32(0), (), identity_view)
        METHOD.loss(nets, Batch(None, Unlabelled.of(jnp.asarray(x))), ctx)
        statistics = nets.statistics()
        expected = np.mean(means, axis=0) if step < 10 else 0.9 * expected + 0.1 * means[-1]
        np.testing.assert_allclose(
            statistics["encoder"]["norm"]["mean"][0], expected, rtol=1e-4, atol=1e-5
        )
    assert not np.any(statistics["encoder"]["norm"]["mean"][1])


@pytest.mark.fast
def test_it_starts_from_the_sources_row_where_norms_are_per_domain():
    inputs = jnp.asarray(np.random.default_rng(0).normal(size=(9, 4)), jnp.float32)
    outputs = []
    for shift in (0.0, 3.0):
        blueprint, params, statistics = make_nets(shift)
        nets = Nets(blueprint, params, statistics, train=False)
        outputs.append(METHOD.predict(nets, inputs, (), role="target").logits)
    np.testing.assert_array_equal(*outputs)


def test_entropy_falls_and_the_target_is_told_better_than_by_the_source_model():
    task = make_task()
    test = task.target.splits["test"]
    _, _, training = adapted(make_spec())
    (ours,) = training.predict(test.inputs, "target")
    plain = make_training(METHODS["source_only"], options=make_options(steps=STEPS))
    plain.advance(STEPS)
    (theirs,) = plain.predict(test.inputs, "target")
    right = [(output.logits.argmax(axis=1) == test.labels).mean() for output in (ours, theirs)]
    assert right[0] > right[1] + 0.1
