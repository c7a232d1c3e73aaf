"""The layers of a network in order, as patterns of their parameters' paths."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping

from xferlab.core.errors import InputError
from xferlab.models.efficientnet import STAGES
from xferlab.models.spec import NetworkSpec

LayerGroups = tuple[tuple[str, ...], ...]
"""Patterns of each group of layers, from the inputs to the outputs."""


def layer_groups(spec: NetworkSpec) -> LayerGroups:
    """Returns the layers of a network's encoder and heads, a group for each, the heads last.

    A norm belongs to the layer before it. The 16 blocks of EfficientNet are 7 groups, its stages.
    Encoders and backbones that stand side by side (of several modalities, of a target's own inputs)
    are counted from their outputs; what lies at one depth is one group.

    Raises:
        InputError: a backbone whose order is not known here.

    >>> spec = NetworkSpec(backbone="mlp", input_shape=(4,), heads=(("class", 2),), hidden=(8,))
    >>> layer_groups(spec)
    (('encoder/backbone/layers/0/**',), ('heads/**',))
    """
    encoders = [_of_encoder("encoder", spec)]
    if spec.target_inputs:
        encoders.append(_of_encoder("target_encoder", spec.of_target))
    return (*_side_by_side(encoders), ("heads/**",))


def _of_encoder(name: str, spec: NetworkSpec) -> LayerGroups:
    others = (f"{name}/others/{n}" for n in range(len(spec.branches) - 1))
    backbones = [
        tuple(tuple(f"{place}/{part}/**" for part in group) for group in _of_backbone(branch))
        for place, branch in zip((f"{name}/backbone", *others), spec.branches, strict=True)
    ]
    groups = _side_by_side(backbones)
    return (*groups, (f"{name}/bottleneck/**", f"{name}/norm/**")) if spec.bottleneck else groups


def _side_by_side(several: list[LayerGroups]) -> LayerGroups:
    """Returns groups of one depth, counted from the last, as one."""
    levels = itertools.zip_longest(*(reversed(groups) for groups in several), fillvalue=())
    joined = [tuple(itertools.chain.from_iterable(level)) for level in levels]
    return tuple(reversed(joined))


def _of_backbone(spec: NetworkSpec) -> LayerGroups:
    if spec.backbone not in _ORDERS:
        raise InputError(
            f"the order of the layers of backbone {spec.backbone!r} is not known; it is of"
            f" {', '.join(_ORDERS)}. Give groups of paths, from the inputs to the heads, in a"
            " recipe of your own: gradual_unfreezing(stages, (('encoder/**',), ('heads/**',)))"
        )
    return _ORDERS[spec.backbone](spec)


def _mlp(spec: NetworkSpec) -> LayerGroups:
    return tuple((f"layers/{n}",) for n in range(len(spec.hidden)))


def _lenet(spec: NetworkSpec) -> LayerGroups:
    dense = len(spec.hidden or (20, 50, 500)) - 2
    return (("conv1",), ("conv2",), *((f"dense/{n}",) for n in range(dense)))


def _convolutions(spec: NetworkSpec) -> LayerGroups:
    widths = spec.hidden or ((64, 128, 128) if spec.backbone == "temporal_conv" else ())
    return tuple((f"convs/{n}", f"norms/{n}") for n in range(len(widths)))


def _efficientnet(spec: NetworkSpec) -> LayerGroups:
    ends = list(itertools.accumulate(stage[0] for stage in STAGES))
    stages = (
        tuple(f"blocks/{n}" for n in range(begin, end))
        for begin, end in itertools.pairwise((0, *ends))
    )
    return (("stem", "stem_norm"), *stages, ("last", "last_norm"))


_ORDERS: Mapping[str, Callable[[NetworkSpec], LayerGroups]] = {
    "mlp": _mlp,
    "lenet": _lenet,
    "small_conv": _convolutions,
    "temporal_conv": _convolutions,
    "efficientnet_lite0": _efficientnet,
    "efficientnet_lite0_imagenet": _efficientnet,
}
