"""EfficientNet-Lite0: size, shapes, a whole network against NumPy, batch norm by domain."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from tests.models.test_nets import make_nets
from tests.oracles import efficientnet as oracle
from xferlab.core.errors import InputError
from xferlab.data.feeds.scaling import scale_inputs
from xferlab.models.efficientnet import BlockShape, EfficientNetLite0, InvertedResidual
from xferlab.models.layers import Mode
from xferlab.models.pretrained import convert_efficientnet, set_weights
from xferlab.models.spec import NetworkSpec

PUBLISHED_PARAMETERS = 4_652_008
CLASSIFIER = 1000 * 1280 + 1000


def make_spec(size=64, **changes):
    return NetworkSpec(
        backbone="efficientnet_lite0",
        input_shape=(size, size, 3),
        heads=(("label", 10),),
        **changes,
    )


def test_parameters_are_those_published_without_the_classifier():
    params = jax.eval_shape(lambda: make_nets(make_spec()).params())["encoder"]
    count = sum(leaf.size for leaf in jax.tree.leaves(params))
    assert count == PUBLISHED_PARAMETERS - CLASSIFIER


@pytest.mark.parametrize("shape", [(64, 64, 3), (33, 50, 3)])
def test_shapes(shape):
    spec = NetworkSpec(
        backbone="efficientnet_lite0", input_shape=shape, heads=(("label", 10),), bottleneck=7
    )
    output = jax.eval_shape(lambda: make_nets(spec).apply(jnp.zeros((2, *shape))))
    assert output.features.shape == (2, 7) and output.logits.shape == (2, 10)
    bare = jax.eval_shape(lambda: make_nets(make_spec()).encode(jnp.zeros((2, 64, 64, 3))))
    assert bare.shape == (2, 1280)


@pytest.mark.parametrize("shape", [(31, 64, 3), (64, 64, 1), (64, 3)])
def test_inputs_that_do_not_fit(shape):
    spec = NetworkSpec(backbone="efficientnet_lite0", input_shape=shape, heads=(("label", 10),))
    with pytest.raises(InputError, match=r"RGB images \[h, w, 3\] of at least 32×32"):
        make_nets(spec)


def test_widths_are_fixed():
    with pytest.raises(InputError, match=r"fixed widths, got hidden=\(8,\)"):
        make_nets(make_spec(hidden=(8,)))


@pytest.mark.parametrize("formulation", ["im2col", "xla"])
def test_the_whole_network_is_its_definition(formulation):
    """Random weights under the published names, pixels as a data set stores them."""
    rng = np.random.default_rng(0)
    tensors = oracle.random_tensors(rng)
    pixels = rng.integers(0, 256, (2, 40, 33, 3), dtype=np.uint8)
    build = lambda: EfficientNetLite0(  # noqa: E731
        make_spec(), formulation=formulation, rngs=nnx.Rngs(0)
    )
    network = nnx.eval_shape(build)
    set_weights(network, convert_efficientnet(tensors))
    features = jax.jit(lambda x: network(x, Mode(False)))(scale_inputs(pixels))
    expected = oracle.features(pixels, tensors)
    assert expected.std() > 0.01
    np.testing.assert_allclose(features, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("stride", "out"), [(1, 8), (2, 8), (2, 12)])
def test_a_block_is_its_definition(stride, out):
    shape = BlockShape(8, out, 5, stride, 6)
    block = InvertedResidual(shape, bn_domains=1, formulation="im2col", rngs=nnx.Rngs(0))
    weights = nnx.to_pure_dict(nnx.state(block, nnx.Param))
    tensors = {
        "_expand_conv.weight": np.asarray(weights["expand"]["kernel"]).T[:, :, None, None],
        "_depthwise_conv.weight": np.asarray(weights["depthwise"]["kernel"]).transpose(2, 0, 1)[
            :, None
        ],
        "_project_conv.weight": np.asarray(weights["project"]["kernel"]).T[:, :, None, None],
    }
    for number, width in enumerate((48, 48, out)):
        tensors |= {
            f"_bn{number}.{part}": np.full(width, value)
            for part, value in (
                ("weight", 1), ("bias", 0), ("running_mean", 0), ("running_var", 1)
            )
        }  # fmt: skip
    x = np.random.default_rng(0).normal(size=(2, 7, 6, 8)).astype(np.float32)
    expected = oracle.inverted_residual(x.transpose(0, 3, 1, 2), tensors, "", stride, 6)
    np.testing.assert_allclose(
        np.asarray(block(x, Mode(False))).transpose(0, 3, 1, 2), expected, rtol=1e-4, atol=1e-5
    )


def test_batch_norm_by_domain():
    """Weights are the same for both domains; a training pass moves those of its domain alone."""
    shape = BlockShape(8, 8, 3, 1, 6)
    block = InvertedResidual(shape, bn_domains=2, formulation="im2col", rngs=nnx.Rngs(0))
    block(jnp.ones((4, 5, 5, 8)), Mode(True, domain=1))
    for norm in (block.expand_norm, block.depthwise_norm, block.project_norm):
        np.testing.assert_array_equal(norm.mean[...][0], np.zeros(norm.mean[...].shape[1]))
        assert (norm.var[...][1] != 1).any() and (norm.var[...][0] == 1).all()


def test_frozen_batch_norm_keeps_its_averages_and_normalises_by_them():
    @jax.jit
    def run(x):
        spec = make_spec(32, batch_norm="frozen")
        network = EfficientNetLite0(spec, formulation="xla", rngs=nnx.Rngs(0))
        before = nnx.to_pure_dict(nnx.state(network, nnx.BatchStat))
        features = network(x, Mode(train=True))
        return features, before, nnx.to_pure_dict(nnx.state(network, nnx.BatchStat))

    x = jax.random.normal(jax.random.key(0), (2, 32, 32, 3))
    whole, before, after = run(x)
    part, *_ = run(x.at[1].set(0.0))
    np.testing.assert_allclose(whole[0], part[0], rtol=1e-4, atol=1e-5)  # No batch mixes in.
    assert jax.tree.all(jax.tree.map(jnp.array_equal, before, after))


@pytest.mark.parametrize(
    ("backbone", "shape"), [("mlp", (3,)), ("efficientnet_lite0", (32, 32, 3))]
)
def test_frozen_batch_norm_needs_a_pretrained_backbone(backbone, shape):
    spec = NetworkSpec(
        backbone=backbone, input_shape=shape, heads=(("label", 2),), batch_norm="frozen"
    )
    with pytest.raises(InputError, match=rf"{backbone!r} starts without any.*'joint'"):
        jax.eval_shape(lambda: make_nets(spec).params())
