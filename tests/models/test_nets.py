"""Networks of a run: shapes, forward passes of two domains, replaced weights, equal starts."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.methods.toys import assert_same_bits, make_spec, same_bits
from xferlab.core.batch import Batch, Labelled, Unlabelled
from xferlab.core.errors import InputError
from xferlab.core.roles import SOURCE, TARGET
from xferlab.methods.table import METHODS
from xferlab.models.backbones import BACKBONES
from xferlab.models.nets import SOURCE_ROW, TARGET_ROW, Blueprint, Nets
from xferlab.models.spec import BACKBONE_NAMES, NetworkSpec


def no_extra(spec, features, rngs):
    return {}


def make_nets(spec, *, train=True, key=None, seed=0, extra=no_extra):
    blueprint = Blueprint.of(spec, extra)
    return Nets(blueprint, *blueprint.init(extra, jax.random.key(seed)), train=train, key=key)


def make_batch(n=5, m=3, shape=(4,)):
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(n, *shape)), rng.normal(size=(m, *shape)) + 1
    return Batch(
        Labelled.of(jnp.asarray(source, jnp.float32), jnp.zeros(n, jnp.int32)),
        Unlabelled.of(jnp.asarray(target, jnp.float32)),
    )


@pytest.mark.parametrize(
    ("spec", "features"),
    [
        (make_spec(bottleneck=0), 8),
        (make_spec(hidden=(), bottleneck=0), 4),
        (make_spec(), 6),
        (make_spec(backbone="lenet", input_shape=(16, 16, 3), hidden=(2, 3, 5), bottleneck=0), 5),
        (make_spec(backbone="lenet", input_shape=(17, 16, 1), hidden=(2, 3), bottleneck=0), 3),
        (make_spec(backbone="small_conv", input_shape=(8, 9, 1), hidden=(4,), bottleneck=0), 64),
        (make_spec(backbone="small_conv", input_shape=(8, 8, 3), hidden=(4, 5), bottleneck=7), 7),
        (make_spec(backbone="temporal_conv", input_shape=(8, 3), hidden=(), bottleneck=0), 128),
        (make_spec(backbone="temporal_conv", input_shape=(9, 3), hidden=(4, 5), bottleneck=7), 7),
    ],
    ids=[
        *("mlp", "identity", "bottleneck", "lenet", "lenet_flat", "small_conv", "small_conv_deep"),
        *("temporal_conv", "temporal_conv_odd"),
    ],
)
def test_shapes(spec, features):
    output = jax.eval_shape(lambda: make_nets(spec).apply(jnp.zeros((3, *spec.input_shape))))
    assert output.features.shape == (3, features)
    assert output.logits.shape == (3, 3)


def test_lenet_of_the_digit_papers():
    """Caffe's LeNet on 28 × 28: 4 × 4 × 50 values reach the dense layer of 500 units."""
    spec = NetworkSpec(backbone="lenet", input_shape=(28, 28, 1), heads=(("label", 10),))
    params = jax.eval_shape(lambda: make_nets(spec).params())
    shapes = jax.tree.map(lambda leaf: leaf.shape, params["encoder"]["backbone"])
    assert shapes["conv1"]["kernel"] == (5, 5, 1, 20)
    assert shapes["conv2"]["kernel"] == (5, 5, 20, 50)
    assert shapes["dense"][0]["kernel"] == (800, 500)
    assert params["heads"]["label"]["kernel"].shape == (500, 10)


def test_temporal_conv_is_its_equation_in_numpy():
    """Two blocks, kernels 5 and 8, at the initial averages of batch norm (mean 0, variance 1)."""
    spec = make_spec(
        backbone="temporal_conv", input_shape=(12, 3), hidden=(4, 5), bottleneck=0, dropout=0.5
    )
    nets = make_nets(spec, train=False)
    x = np.random.default_rng(0).normal(size=(6, 12, 3)).astype(np.float32)
    hidden, backbone = x.astype(np.float64), nets.params()["encoder"]["backbone"]
    for conv in backbone["convs"].values():
        kernel = np.asarray(conv["kernel"])
        before, length = (len(kernel) - 1) // 2, hidden.shape[1]
        moved = np.zeros((6, length, kernel.shape[2])) + np.asarray(conv["bias"])[None, None]
        for t, i in np.ndindex(length, len(kernel)):
            if 0 <= t + i - before < length:
                moved[:, t] += hidden[:, t + i - before] @ kernel[i]
        moved = np.maximum(moved / np.sqrt(1 + 1e-5), 0)
        hidden = moved[:, : length // 2 * 2].reshape(6, -1, 2, moved.shape[2]).max(axis=2)
    np.testing.assert_allclose(nets.encode(x), hidden.mean(axis=1), atol=1e-5)


def test_temporal_conv_drops_in_training_alone():
    spec = make_spec(
        backbone="temporal_conv", input_shape=(16, 3), hidden=(64,), bottleneck=0, dropout=0.5
    )
    x = jnp.ones((4, 16, 3))
    first, second = (make_nets(spec, key=jax.random.key(i)).encode(x) for i in range(2))
    assert not np.array_equal(first, second)
    first, second = (make_nets(spec, key=jax.random.key(i), train=False) for i in range(2))
    np.testing.assert_array_equal(first.encode(x), second.encode(x))


def test_heads_by_name():
    spec = make_spec(heads=(("label", 3), ("style", 2)))
    nets, features = make_nets(spec), jnp.ones((4, 6))
    assert nets.classify(features).shape == nets.classify(features, "label").shape == (4, 3)
    assert nets.classify(features, "style").shape == (4, 2)
    assert spec.num_classes == 3


def test_a_head_with_hidden_layers_is_its_equation_in_numpy():
    spec = make_spec(head_hidden=(7, 5))
    nets, features = make_nets(spec), np.random.default_rng(0).normal(size=(4, 6))
    head = jax.device_get(nets.params()["heads"]["label"])
    (first, second), out = head["hidden"].values(), head["out"]
    expected = np.maximum(features @ first["kernel"] + first["bias"], 0)
    expected = np.maximum(expected @ second["kernel"] + second["bias"], 0)
    expected = expected @ out["kernel"] + out["bias"]
    assert expected.shape == (4, 3)
    np.testing.assert_allclose(nets.classify(jnp.asarray(features)), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_norm": "shared"}, r"'shared'.*domain, frozen, joint, separate"),
        ({"dropout": 1.0}, r"dropout is 1\.0"),
        ({"dropout": -0.1}, r"\[0, 1\)"),
        ({"heads": ()}, "at least one"),
        ({"heads": (("label", 0),)}, "at least 1"),
        ({"head_hidden": (5, 0)}, r"\(5, 0\).*at least 1"),
    ],
)
def test_bad_specs(changes, message):
    with pytest.raises(InputError, match=message):
        make_spec(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"backbone": "lnet"}, r"unknown network 'lnet'.*lenet"),
        ({"backbone": "lenet"}, r"'lenet' takes images.*16×16.*\[4\].*mlp"),
        ({"backbone": "lenet", "input_shape": (8, 8, 1)}, r"16×16.*\[8, 8, 1\]"),
        ({"backbone": "small_conv", "input_shape": (3, 8, 1), "hidden": (2, 2)}, "4×4"),
        ({"backbone": "temporal_conv"}, r"windows \[time, channels\].*2 steps.*\[4\].*mlp"),
        ({"backbone": "temporal_conv", "input_shape": (7, 2), "hidden": ()}, r"8 steps.*\[7, 2\]"),
        ({"convolution": "fft"}, "auto, batched, forward, im2col, xla"),
    ],
)
def test_specs_that_no_network_fits(changes, message):
    with pytest.raises(InputError, match=message):
        make_nets(make_spec(**changes))


def test_joint_is_one_pass_over_both_domains():
    batch, spec = make_batch(), make_spec(batch_norm="joint")
    nets, whole = make_nets(spec), make_nets(spec)
    source, target = nets.forward(batch)
    both = whole.apply(jnp.concatenate([batch.source.inputs, batch.target.inputs]))
    assert_same_bits(source, jax.tree.map(lambda a: a[:5], both))
    assert_same_bits(target, jax.tree.map(lambda a: a[5:], both))
    assert_same_bits(nets.statistics(), whole.statistics())


@pytest.mark.parametrize("batch_norm", ["separate", "domain"])
def test_otherwise_a_pass_each_the_source_first(batch_norm):
    batch, spec = make_batch(), make_spec(batch_norm=batch_norm)
    nets, by_hand = make_nets(spec), make_nets(spec)
    source, target = nets.forward(batch)
    assert_same_bits(source, by_hand.apply(batch.source.inputs, role=SOURCE))
    assert_same_bits(target, by_hand.apply(batch.target.inputs, role=TARGET))
    assert_same_bits(nets.statistics(), by_hand.statistics())


def test_separate_averages_move_by_the_source_and_then_by_the_target():
    nets, batch = make_nets(make_spec()), make_batch()
    params = nets.params()["encoder"]
    nets.forward(batch)

    def mean(inputs):
        hidden = params["backbone"]["layers"][0]
        hidden = np.maximum(inputs @ hidden["kernel"] + hidden["bias"].reshape(1, -1), 0)
        bottleneck = params["bottleneck"]
        return (hidden @ bottleneck["kernel"] + bottleneck["bias"].reshape(1, -1)).mean(axis=0)

    expected = 0.9 * (0.1 * mean(batch.source.inputs)) + 0.1 * mean(batch.target.inputs)
    np.testing.assert_allclose(nets.statistics()["encoder"]["norm"]["mean"][0], expected, rtol=1e-5)


def test_domain_statistics_are_moved_by_their_domain_alone():
    nets = make_nets(make_spec(batch_norm="domain"))
    before = nets.statistics()["encoder"]["norm"]
    nets.apply(make_batch().target.inputs, role=TARGET)
    after = nets.statistics()["encoder"]["norm"]
    np.testing.assert_array_equal(after["mean"][SOURCE_ROW], before["mean"][SOURCE_ROW])
    assert not np.array_equal(after["mean"][TARGET_ROW], before["mean"][TARGET_ROW])


def test_an_evaluation_pass_moves_nothing():
    nets = make_nets(make_spec(), train=False)
    before = nets.statistics()
    nets.forward(make_batch())
    assert_same_bits(nets.statistics(), before)


def test_dropout_differs_between_passes_and_repeats_by_key():
    spec, x = make_spec(dropout=0.5), make_batch().source.inputs
    nets, again = (make_nets(spec, key=jax.random.key(3)) for _ in range(2))
    first, second = nets.encode(x), nets.encode(x)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(again.encode(x), first)
    teacher = make_nets(spec, key=jax.random.key(3)).with_weights({}, {}, train=True)
    assert not np.array_equal(teacher.encode(x), first)


def test_with_weights_replaces_groups_and_leaves_the_original():
    nets, other = make_nets(make_spec()), make_nets(make_spec(), seed=1)
    x = make_batch().source.inputs
    mixed = nets.with_weights({"encoder": other.params()["encoder"]}, {}, train=False)
    assert_same_bits(mixed.params()["encoder"], other.params()["encoder"])
    assert_same_bits(mixed.params()["heads"], nets.params()["heads"])
    evaluated = make_nets(make_spec(), train=False, seed=1)
    assert_same_bits(mixed.encode(x), evaluated.encode(x))
    assert not same_bits(nets.params()["encoder"], mixed.params()["encoder"])


def test_passes_of_replaced_weights_move_no_average_of_the_original():
    nets = make_nets(make_spec())
    before = nets.statistics()
    nets.with_weights({}, {}, train=True).encode(make_batch().source.inputs)
    assert_same_bits(nets.statistics(), before)


def test_one_key_gives_one_start_to_every_method():
    spec, key = make_spec(), jax.random.key(4)
    starts = {}
    for name, method in METHODS.items():
        extra = method.extra_networks
        params, statistics = Blueprint.of(spec, extra).init(extra, key)
        starts[name] = [params["encoder"], params["heads"], statistics["encoder"]]
    for name, start in starts.items():
        assert same_bits(start, starts["source_only"]), name


def test_keys_and_groups_draw_independently():
    method = METHODS["mcd"]
    first, second = (make_nets(make_spec(), seed=i, extra=method.extra_networks) for i in (0, 1))
    assert not same_bits(first.params()["encoder"], second.params()["encoder"])
    head, other = first.params()["heads"]["label"], first.params()["second_head"]
    assert not np.array_equal(head["kernel"], other["kernel"])


BFLOAT16 = [
    make_spec(),
    make_spec(batch_norm="domain"),
    make_spec(backbone="lenet", input_shape=(16, 16, 3), hidden=(2, 3, 5)),
    make_spec(backbone="small_conv", input_shape=(8, 8, 3), hidden=(4, 5), bottleneck=7),
    make_spec(backbone="temporal_conv", input_shape=(9, 3), hidden=(4, 5), dropout=0.0),
]


@pytest.mark.parametrize("convolution", ["im2col", "batched", "xla"])
@pytest.mark.parametrize("spec", BFLOAT16, ids=lambda s: f"{s.backbone}-{s.batch_norm}")
def test_bfloat16_rounds_the_encoder_and_nothing_that_is_kept(spec, convolution):
    spec = dataclasses.replace(spec, convolution=convolution)
    batch = make_batch(40, 30, shape=spec.input_shape)

    def evaluate(compute):
        blueprint = Blueprint.of(dataclasses.replace(spec, compute=compute), no_extra)
        params, statistics = blueprint.init(no_extra, jax.random.key(0))

        def loss(params):
            nets = Nets(blueprint, params, statistics, train=True, key=jax.random.key(1))
            source, target = nets.forward(batch)
            return jnp.mean(source.logits**2) + jnp.mean(target.logits), nets.statistics()

        (value, moved), gradient = jax.jit(jax.value_and_grad(loss, has_aux=True))(params)
        return value, moved, gradient, statistics

    exact, rounded = evaluate("float32"), evaluate("bfloat16")
    assert {a.dtype for a in jax.tree.leaves(rounded)} == {jnp.dtype("float32")}
    assert not same_bits(exact[2], rounded[2])
    for a, b in zip(exact[:3], rounded[:3], strict=True):
        a, b = (np.concatenate([np.ravel(x) for x in (*jax.tree.leaves(t), 1.0)]) for t in (a, b))
        assert np.linalg.norm(a - b) < 0.2 * np.linalg.norm(a)
    if jax.tree.leaves(exact[3]):
        assert not same_bits(rounded[1], rounded[3])


@pytest.mark.parametrize("spec", BFLOAT16[:1])
def test_bfloat16_really_multiplies_in_it(spec):
    nets = make_nets(dataclasses.replace(spec, compute="bfloat16"), train=False)
    program = str(jax.make_jaxpr(lambda x: nets.encode(x))(jnp.zeros((3, *spec.input_shape))))
    products = [line for line in program.splitlines() if "dot_general" in line]
    assert products and all("bf16" in line for line in products)


def test_the_names_that_a_spec_accepts_are_those_of_the_backbones():
    assert tuple(BACKBONES) == BACKBONE_NAMES


def test_an_unknown_compute_type_is_refused():
    with pytest.raises(InputError, match=r"'float16'.*Allowed: bfloat16, float32"):
        make_spec(compute="float16")


def test_a_compiled_gradient_through_pooling_in_time_is_finite():
    """With `max` over an axis it was NaN on a CPU, where the program rounded the maximum twice."""
    spec = make_spec(backbone="temporal_conv", input_shape=(9, 3), hidden=(4, 5))
    blueprint, batch = Blueprint.of(spec, no_extra), make_batch(shape=(9, 3))
    params, statistics = blueprint.init(no_extra, jax.random.key(0))

    def loss(params):
        nets = Nets(blueprint, params, statistics, train=True, key=jax.random.key(1))
        source, target = nets.forward(batch)
        return jnp.mean(source.logits**2) + jnp.mean(target.logits)

    gradient = jax.jit(jax.grad(loss))(params)
    assert all(np.isfinite(a).all() for a in jax.tree.leaves(gradient))


def test_lenet_needs_a_width_for_each_convolution():
    spec = NetworkSpec(
        backbone="lenet", input_shape=(28, 28, 1), hidden=(20,), heads=(("class", 3),)
    )
    with pytest.raises(InputError, match=r"two convolutions, and hidden is \(20,\)"):
        Blueprint.of(spec, {})
