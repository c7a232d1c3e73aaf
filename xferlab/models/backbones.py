"""Backbones: from inputs to a flat feature vector. No weights live here (`models.pretrained`)."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Protocol

import jax
from flax import nnx
from jaxtyping import Array, Float

from xferlab.core.errors import InputError
from xferlab.core.names import NameTable
from xferlab.models.efficientnet import EfficientNetLite0
from xferlab.models.layers import (
    BatchNorm,
    Conv,
    Dropout,
    Mode,
    TemporalConv,
    max_pool,
    max_pool_time,
)
from xferlab.models.pretrained import efficientnet_lite0_imagenet
from xferlab.models.spec import NetworkSpec


class Backbone(Protocol):
    """What the encoder expects of a backbone."""

    feature_dim: int

    def __call__(self, x: Float[Array, "n ..."], mode: Mode) -> Float[Array, "n d"]:
        """Returns the features."""
        ...


class MLP(nnx.Module):
    """Fully connected layers with ReLU over flattened inputs; no hidden layer means identity."""

    def __init__(self, spec: NetworkSpec, *, formulation: str, rngs: nnx.Rngs):
        """Builds one layer for each entry of `spec.hidden`."""
        dims = (spec.input_size, *spec.hidden)
        self.layers = nnx.List([nnx.Linear(a, b, rngs=rngs) for a, b in itertools.pairwise(dims)])
        self.dropout = Dropout(spec.dropout)
        self.feature_dim = dims[-1]

    def __call__(self, x: Float[Array, "n ..."], mode: Mode) -> Float[Array, "n d"]:
        """Returns the last hidden layer."""
        x = x.reshape(x.shape[0], -1)
        for layer in self.layers:
            x = self.dropout(jax.nn.relu(layer(x)), mode)
        return x


class LeNet(nnx.Module):
    """LeNet of the digit papers: two 5×5 convolutions with max pooling, then dense layers.

    `spec.hidden` gives the widths (conv, conv, dense, ...): (20, 50, 500) by default, as in the
    CDAN and Transfer-Learning-Library experiments; (32, 48), with heads of 100 and 100 hidden
    units, is the MNIST network of ganin2016dann. Channel dropout follows the second convolution
    and dropout the last dense layer, both at `spec.dropout`.

    References:
        LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document recognition.
        Proc. IEEE 1998.
        Long, Cao, Wang, Jordan: Conditional Adversarial Domain Adaptation. NeurIPS 2018.
    """

    def __init__(self, spec: NetworkSpec, *, formulation: str, rngs: nnx.Rngs):
        """Builds the layers for images of at least 16×16 pixels."""
        height, width, channels = _image_shape(spec, least=16)
        if len(spec.hidden) == 1:
            raise InputError(
                f"backbone 'lenet' has two convolutions, and hidden is {spec.hidden}. Give a width"
                " for each, then any number of dense ones, such as (20, 50, 500)"
            )
        first, second, *dense = spec.hidden or (20, 50, 500)
        self.conv1 = Conv(channels, first, 5, formulation=formulation, rngs=rngs)
        self.conv2 = Conv(first, second, 5, formulation=formulation, rngs=rngs)
        dims = (second * _lenet_side(height) * _lenet_side(width), *dense)
        self.dense = nnx.List([nnx.Linear(a, b, rngs=rngs) for a, b in itertools.pairwise(dims)])
        self.channel_dropout = Dropout(spec.dropout, channels=True)
        self.dropout = Dropout(spec.dropout)
        self.formulation = formulation
        self.feature_dim = dims[-1]

    def __call__(self, x: Float[Array, "n h w c"], mode: Mode) -> Float[Array, "n d"]:
        """Returns the last dense layer, or the flattened feature maps where there is none."""
        x = jax.nn.relu(max_pool(self.conv1(x), formulation=self.formulation))
        x = self.channel_dropout(self.conv2(x), mode)
        x = jax.nn.relu(max_pool(x, formulation=self.formulation))
        x = x.reshape(x.shape[0], -1)
        for layer in self.dense:
            x = jax.nn.relu(layer(x))
        return self.dropout(x, mode)


def _lenet_side(pixels: int) -> int:
    return ((pixels - 4) // 2 - 4) // 2


class SmallConvNet(nnx.Module):
    """Convolutions 3×3 with batch norm, ReLU and pooling, one for each entry of `spec.hidden`."""

    def __init__(self, spec: NetworkSpec, *, formulation: str, rngs: nnx.Rngs):
        """Builds the layers; every layer halves height and width."""
        height, width, channels = _image_shape(spec, least=2 ** len(spec.hidden))
        dims = (channels, *spec.hidden)
        self.convs = nnx.List(
            [
                Conv(a, b, 3, padding="SAME", formulation=formulation, rngs=rngs)
                for a, b in itertools.pairwise(dims)
            ]
        )
        self.norms = nnx.List([BatchNorm(d, domains=spec.bn_domains) for d in spec.hidden])
        self.formulation = formulation
        shrink = 2 ** len(spec.hidden)
        self.feature_dim = (height // shrink) * (width // shrink) * dims[-1]

    def __call__(self, x: Float[Array, "n h w c"], mode: Mode) -> Float[Array, "n d"]:
        """Returns the flattened last feature map."""
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = max_pool(jax.nn.relu(norm(conv(x), mode)), formulation=self.formulation)
        return x.reshape(x.shape[0], -1)


class TemporalConvNet(nnx.Module):
    """The 1-D network of AdaTime for windows of sensor channels, and for spectrograms.

    Blocks of convolution, batch norm, ReLU and pooling over pairs of time steps, kernels 5, 8, 8,
    ...; dropout after the first block; the mean over time at the end. `spec.hidden` gives the
    channels, (64, 128, 128) by default.

    References:
        Ragab et al.: AdaTime: A Benchmarking Suite for Domain Adaptation on Time Series Data.
        TKDD 2023, arXiv:2203.08321.
    """

    def __init__(self, spec: NetworkSpec, *, formulation: str, rngs: nnx.Rngs):
        """Builds one block for each entry of `spec.hidden`."""
        channels = spec.hidden or (64, 128, 128)
        if len(spec.input_shape) != 2 or spec.input_shape[0] < 2 ** len(channels):
            raise InputError(
                f"backbone {spec.backbone!r} takes windows [time, channels] of at least"
                f" {2 ** len(channels)} steps, got inputs of shape {list(spec.input_shape)};"
                " choose backbone 'mlp' or longer windows"
            )
        dims = itertools.pairwise((spec.input_shape[1], *channels))
        self.convs = nnx.List(
            [
                TemporalConv(a, b, 8 if i else 5, formulation=formulation, rngs=rngs)
                for i, (a, b) in enumerate(dims)
            ]
        )
        self.norms = nnx.List([BatchNorm(d, domains=spec.bn_domains) for d in channels])
        self.dropout = Dropout(spec.dropout)
        self.feature_dim = channels[-1]

    def __call__(self, x: Float[Array, "n t c"], mode: Mode) -> Float[Array, "n d"]:
        """Returns the mean over time of the last block."""
        for number, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            x = max_pool_time(jax.nn.relu(norm(conv(x), mode)))
            x = self.dropout(x, mode) if number == 0 else x
        return x.mean(axis=1)


def _image_shape(spec: NetworkSpec, *, least: int) -> tuple[int, int, int]:
    if len(spec.input_shape) != 3 or min(spec.input_shape[:2]) < least:
        raise InputError(
            f"backbone {spec.backbone!r} takes images [h, w, c] of at least {least}×{least}"
            f" pixels, got inputs of shape {list(spec.input_shape)}; choose backbone 'mlp' or"
            " resize the images"
        )
    height, width, channels = spec.input_shape
    return height, width, channels


BACKBONES: NameTable[Callable[..., Backbone]] = NameTable(
    "network",
    {
        "mlp": MLP,
        "lenet": LeNet,
        "small_conv": SmallConvNet,
        "temporal_conv": TemporalConvNet,
        "efficientnet_lite0": EfficientNetLite0,
        "efficientnet_lite0_imagenet": efficientnet_lite0_imagenet,
    },
)
