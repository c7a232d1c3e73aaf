"""The layers of every backbone in order: each parameter is in one group alone."""

from __future__ import annotations

import dataclasses

import jax
import pytest

from xferlab.core.errors import InputError
from xferlab.core.paths import matching, path_of
from xferlab.models.layer_groups import layer_groups
from xferlab.models.nets import Blueprint
from xferlab.models.spec import BACKBONE_NAMES, NetworkSpec

pytestmark = pytest.mark.fast

SHAPES = {
    "mlp": {"input_shape": (6,), "hidden": (5, 4)},
    "lenet": {"input_shape": (28, 28, 1)},
    "small_conv": {"input_shape": (8, 8, 1), "hidden": (4, 6)},
    "temporal_conv": {"input_shape": (32, 3)},
    "efficientnet_lite0": {"input_shape": (32, 32, 3)},
    "efficientnet_lite0_imagenet": {"input_shape": (32, 32, 3)},
}
SPECS = [
    NetworkSpec(backbone=name, heads=(("class", 3),), bottleneck=bottleneck, **fields)
    for name, fields in SHAPES.items()
    for bottleneck in (0, 7)
    if "imagenet" not in name
]
SPECS += [
    NetworkSpec(backbone="lenet", heads=(("a", 3), ("b", 1, "numbers")), head_hidden=(9, 9),
                input_shape=(28, 28, 1), hidden=(4, 5)),
    NetworkSpec(backbone="mlp", heads=(("a", 3),), input_shape=(6,), hidden=(5, 4), bottleneck=3,
                further_inputs=(("lenet", (28, 28, 1), (4, 5, 6)),)),
    NetworkSpec(backbone="mlp", heads=(("a", 3),), input_shape=(6,), hidden=(5, 4), bottleneck=3,
                target_inputs=(("mlp", (9,), (4,)), ("small_conv", (8, 8, 1), (3,)))),
]  # fmt: skip


def paths_of(spec):
    def none(spec, features, rngs):
        return {}

    blueprint = Blueprint.of(spec, none)
    params, _ = jax.eval_shape(lambda: blueprint.init(none, jax.random.key(0)))
    return [path_of(path) for path, _ in jax.tree_util.tree_leaves_with_path(params)]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.backbone}-{spec.bottleneck}")
def test_each_parameter_is_in_one_group_and_no_pattern_is_idle(spec):
    paths, seen = paths_of(spec), []
    for group in layer_groups(spec):
        assert group
        for pattern in group:
            found = matching(pattern, paths)
            assert found, pattern
            seen += found
    assert sorted(seen) == sorted(paths)


def test_every_backbone_has_its_order():
    assert set(SHAPES) == set(BACKBONE_NAMES)
    for name, fields in SHAPES.items():
        groups = layer_groups(NetworkSpec(backbone=name, heads=(("class", 3),), **fields))
        assert groups[-1] == ("heads/**",) and len(groups) > 2


def test_the_order_is_that_of_the_forward_pass():
    lenet = NetworkSpec(backbone="lenet", heads=(("a", 3),), input_shape=(28, 28, 1), bottleneck=4)
    assert layer_groups(lenet) == (
        ("encoder/backbone/conv1/**",),
        ("encoder/backbone/conv2/**",),
        ("encoder/backbone/dense/0/**",),
        ("encoder/bottleneck/**", "encoder/norm/**"),
        ("heads/**",),
    )
    image = layer_groups(dataclasses.replace(lenet, backbone="efficientnet_lite0",
                                             input_shape=(32, 32, 3), bottleneck=0))  # fmt: skip
    blocks = [pattern for group in image[1:-2] for pattern in group]
    assert blocks == [f"encoder/backbone/blocks/{n}/**" for n in range(16)]
    assert image[0][0] == "encoder/backbone/stem/**" and image[-2][0] == "encoder/backbone/last/**"
    assert [len(group) for group in image] == [2, 1, 2, 2, 3, 3, 4, 1, 2, 1]


def test_encoders_side_by_side_are_counted_from_their_outputs():
    spec = SPECS[-2]
    assert layer_groups(spec) == (
        ("encoder/others/0/conv1/**",),
        ("encoder/backbone/layers/0/**", "encoder/others/0/conv2/**"),
        ("encoder/backbone/layers/1/**", "encoder/others/0/dense/0/**"),
        ("encoder/bottleneck/**", "encoder/norm/**"),
        ("heads/**",),
    )


def test_the_order_of_a_users_backbone_is_not_guessed(monkeypatch):
    monkeypatch.setattr("xferlab.models.spec.BACKBONE_NAMES", ("mine",))
    spec = NetworkSpec(backbone="mine", heads=(("a", 3),), input_shape=(4,))
    with pytest.raises(InputError, match=r"'mine' is not known; it is of mlp, .*Give groups of"):
        layer_groups(spec)
