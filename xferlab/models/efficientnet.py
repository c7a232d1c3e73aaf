"""EfficientNet-Lite0: the backbone for which ImageNet weights exist (`models.pretrained`)."""

from __future__ import annotations

from typing import NamedTuple

import jax
from flax import nnx
from jaxtyping import Array, Float

from xferlab.core.errors import InputError
from xferlab.models.layers import BatchNorm, Dropout, Formulation, Mode
from xferlab.models.separable import DepthwiseConv, StridedConv
from xferlab.models.spec import NetworkSpec

STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
"""Of each stage: number of blocks, kernel, stride of the first block, expansion, channels."""
STEM, FEATURES = 32, 1280
LEAST_PIXELS = 32


class BlockShape(NamedTuple):
    """What distinguishes an inverted residual block from another one."""

    features_in: int
    features_out: int
    kernel: int
    stride: int
    expansion: int


def block_shapes() -> list[BlockShape]:
    """Returns the shapes of the 16 blocks."""
    shapes, width = [], STEM
    for count, kernel, stride, expansion, channels in STAGES:
        for number in range(count):
            step = stride if number == 0 else 1
            shapes.append(BlockShape(width, channels, kernel, step, expansion))
            width = channels
    return shapes


class EfficientNetLite0(nnx.Module):
    """Stem, 16 inverted residual blocks, a 1×1 convolution, and the mean over all positions.

    Every convolution is without bias and followed by batch norm (ε 1e-3), all but the last one of
    a block then by ReLU6. Inputs lie in [-1, 1] as the training step gives them, x / 127.5 - 1 for
    pixels x, and are brought here to the (x - 127) / 128 that the published weights expect. The
    network has no choice of widths: `spec.hidden` is empty.

    References:
        Tan, Le: EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks.
        ICML 2019, arXiv:1905.11946.
        Liu: Higher accuracy on vision models with EfficientNet-Lite. TensorFlow blog, 2020.

    Differences from its code:
        No stochastic depth; the dropout before the classifier is `spec.dropout`, by default none.
    """

    def __init__(self, spec: NetworkSpec, *, formulation: Formulation, rngs: nnx.Rngs):
        """Builds the layers for RGB images of at least 32×32 pixels."""
        _check(spec)
        shapes, domains = block_shapes(), spec.bn_domains
        self.stem = StridedConv(3, STEM, 3, stride=2, formulation=formulation, rngs=rngs)
        self.stem_norm = _make_norm(STEM, domains)
        self.blocks = nnx.List(
            [
                InvertedResidual(shape, bn_domains=domains, formulation=formulation, rngs=rngs)
                for shape in shapes
            ]
        )
        self.last = _make_pointwise(shapes[-1].features_out, FEATURES, rngs)
        self.last_norm = _make_norm(FEATURES, domains)
        self.dropout = Dropout(spec.dropout)
        self.frozen_norms = spec.batch_norm == "frozen"
        self.feature_dim = FEATURES

    def __call__(self, x: Float[Array, "n h w 3"], mode: Mode) -> Float[Array, "n 1280"]:
        """Returns the mean over positions of the last feature map."""
        norms = Mode(train=False, domain=mode.domain) if self.frozen_norms else mode
        x = (x * 127.5 + 0.5) / 128.0
        x = jax.nn.relu6(self.stem_norm(self.stem(x), norms))
        for block in self.blocks:
            x = block(x, norms)
        x = jax.nn.relu6(self.last_norm(self.last(x), norms))
        return self.dropout(x.mean(axis=(1, 2)), mode)


class InvertedResidual(nnx.Module):
    """1×1 expansion, depthwise convolution, 1×1 projection; added to the input where it fits.

    References:
        Sandler et al.: MobileNetV2: Inverted Residuals and Linear Bottlenecks. CVPR 2018,
        arXiv:1801.04381.
    """

    def __init__(
        self, shape: BlockShape, *, bn_domains: int, formulation: Formulation, rngs: nnx.Rngs
    ):
        """Builds the layers; without expansion there is no first convolution."""
        wide = shape.features_in * shape.expansion
        self.expands = shape.expansion > 1
        if self.expands:
            self.expand = _make_pointwise(shape.features_in, wide, rngs)
            self.expand_norm = _make_norm(wide, bn_domains)
        self.depthwise = DepthwiseConv(
            wide, shape.kernel, stride=shape.stride, formulation=formulation, rngs=rngs
        )
        self.depthwise_norm = _make_norm(wide, bn_domains)
        self.project = _make_pointwise(wide, shape.features_out, rngs)
        self.project_norm = _make_norm(shape.features_out, bn_domains)
        self.adds = shape.stride == 1 and shape.features_in == shape.features_out

    def __call__(self, x: Float[Array, "n h w c"], mode: Mode) -> Float[Array, "n i j o"]:
        """Returns the block's output."""
        y = x
        if self.expands:
            y = jax.nn.relu6(self.expand_norm(self.expand(y), mode))
        y = jax.nn.relu6(self.depthwise_norm(self.depthwise(y), mode))
        y = self.project_norm(self.project(y), mode)
        return x + y if self.adds else y


def _make_pointwise(features_in: int, features_out: int, rngs: nnx.Rngs) -> nnx.Linear:
    """Returns a 1×1 convolution: one matrix product over all positions."""
    return nnx.Linear(features_in, features_out, use_bias=False, rngs=rngs)


def _make_norm(features: int, domains: int) -> BatchNorm:
    return BatchNorm(features, domains=domains, momentum=0.99, epsilon=1e-3)


def _check(spec: NetworkSpec) -> None:
    shape = spec.input_shape
    if len(shape) != 3 or shape[2] != 3 or min(shape[:2]) < LEAST_PIXELS:
        raise InputError(
            f"backbone {spec.backbone!r} takes RGB images [h, w, 3] of at least {LEAST_PIXELS}×"
            f"{LEAST_PIXELS} pixels, got inputs of shape {list(shape)}; resize the images, or"
            " choose another backbone"
        )
    if spec.hidden:
        raise InputError(
            f"backbone {spec.backbone!r} has fixed widths, got hidden={spec.hidden}; leave it empty"
        )
