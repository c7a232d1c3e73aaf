"""Four devices give the numbers of one, for losses that couple the whole batch too."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from xferlab.core.batch import Batch, Labelled, Unlabelled
from xferlab.core.errors import InputError
from xferlab.core.settings import Setting
from xferlab.data.feeds.resident import to_resident
from xferlab.losses import coral_loss, mmd_loss, nuclear_norm_loss
from xferlab.methods.bnm import BNM
from xferlab.methods.dan import DAN
from xferlab.methods.dann import DANN
from xferlab.methods.deep_coral import DeepCORAL
from xferlab.models.spec import NetworkSpec
from xferlab.training.options import TrainingOptions
from xferlab.training.run import Member, StageCache, Training
from xferlab.training.sharding import make_mesh

SPEC = NetworkSpec(
    backbone="mlp", input_shape=(6,), hidden=(16,), bottleneck=8, heads=(("class", 3),),
    batch_norm="joint",
)  # fmt: skip
OPTIONS = TrainingOptions(steps=6, batch_sizes=(16, 16), lr=0.05, evaluations=1)


def resident():
    rng = np.random.default_rng(0)
    source = Labelled.of(
        rng.normal(size=(40, 6)).astype(np.float32), rng.integers(0, 3, 40, dtype=np.int32)
    )
    target = Unlabelled.of(rng.normal(1.0, 2.0, (40, 6)).astype(np.float32))
    return {Setting.UNSUPERVISED_DA: to_resident(Batch(source, target))}


def train(method, mesh, seeds=(0,)):
    members = [Member(method, OPTIONS, seed) for seed in seeds]
    training = Training(SPEC, members, resident(), Setting.UNSUPERVISED_DA, StageCache(mesh))
    log = training.advance(3)
    return log, training.state.params


@pytest.mark.parametrize(
    "method", [DAN(), DeepCORAL(), BNM(), DANN()], ids=lambda m: type(m).__name__
)
def test_a_batch_over_four_devices_trains_as_on_one(method):
    (one_log,), one = train(method, None)
    (four_log,), four = train(method, make_mesh(data=4))
    assert one_log.means == pytest.approx(four_log.means, abs=2e-6)
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(four), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("loss", [mmd_loss, coral_loss], ids=lambda f: f.__name__)
def test_value_and_gradient_of_a_split_batch(loss):
    rng = np.random.default_rng(1)
    source, target = (jnp.asarray(rng.normal(i, 1.0, (16, 5)), jnp.float32) for i in (0, 1))
    function = jax.jit(jax.value_and_grad(loss))
    sharding = jax.sharding.NamedSharding(make_mesh(data=4), jax.sharding.PartitionSpec("data"))
    one = function(source, target)
    four = function(jax.device_put(source, sharding), jax.device_put(target, sharding))
    assert len(four[1].sharding.device_set) == 4
    for a, b in zip(one, four, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_nuclear_norm_of_a_split_batch():
    logits = jnp.asarray(np.random.default_rng(2).normal(size=(16, 4)), jnp.float32)
    function = jax.jit(jax.value_and_grad(nuclear_norm_loss))
    sharding = jax.sharding.NamedSharding(make_mesh(data=4), jax.sharding.PartitionSpec("data"))
    for a, b in zip(function(logits), function(jax.device_put(logits, sharding)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_runs_over_two_devices_with_batches_over_two():
    _, one = train(DAN(), None, seeds=(0, 1, 2, 3))
    logs, four = train(DAN(), make_mesh(runs=2, data=2), seeds=(0, 1, 2, 3))
    assert len(logs) == 4
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(four), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=2e-6)


def test_more_devices_than_there_are():
    with pytest.raises(InputError, match="needs 8 devices; there are 4"):
        make_mesh(runs=2, data=4)
