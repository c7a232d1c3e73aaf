"""Encoder, discriminator, and the container that holds every network of a run."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping, Sequence

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from xferlab.core.errors import InputError
from xferlab.core.inputs import Inputs, parts_of
from xferlab.models.backbones import BACKBONES
from xferlab.models.layers import BatchNorm, Mode, resolve_formulation
from xferlab.models.pretrained import PRETRAINED
from xferlab.models.spec import NetworkSpec

ENCODER, TARGET_ENCODER = "encoder", "target_encoder"
"""The parameter groups of the encoder, and of that of a target's own inputs."""
ExtraNetworks = Callable[[NetworkSpec, int, nnx.Rngs], Mapping[str, nnx.Module]]
"""Builds a method's own networks from the spec, the feature dimension and the random streams."""


class Encoder(nnx.Module):
    """Backbone and bottleneck: inputs `[n, ...]` to features `[n, d]`.

    Of several modalities each has a backbone; their features stand side by side.
    """

    def __init__(self, spec: NetworkSpec, *, rngs: nnx.Rngs):
        """Builds what the spec names. Raises InputError where input and backbone do not fit."""
        formulation = resolve_formulation(spec.convolution)
        _check_averages(spec)
        self.backbone, *others = (
            BACKBONES[branch.backbone](branch, formulation=formulation, rngs=rngs)
            for branch in spec.branches
        )
        self.others = nnx.List(others)
        self.feature_dim = sum(each.feature_dim for each in (self.backbone, *others))
        self.has_bottleneck = spec.bottleneck > 0
        if self.has_bottleneck:
            self.bottleneck = nnx.Linear(self.feature_dim, spec.bottleneck, rngs=rngs)
            self.norm = BatchNorm(spec.bottleneck, domains=spec.bn_domains)
            self.feature_dim = spec.bottleneck

    def __call__(self, inputs: Inputs, mode: Mode) -> Float[Array, "n d"]:
        """Returns the features."""
        backbones = (self.backbone, *self.others)
        seen = [each(x, mode) for each, x in zip(backbones, parts_of(inputs), strict=True)]
        features = seen[0] if len(seen) == 1 else jnp.concatenate(seen, axis=1)
        if self.has_bottleneck:
            features = jax.nn.relu(self.norm(self.bottleneck(features), mode))
        return features


@functools.cache
def feature_width(spec: NetworkSpec) -> int:
    """Returns the number of features before a network's heads, d; no weights are made.

    >>> feature_width(NetworkSpec(backbone="mlp", input_shape=(9,), heads=(("class", 2),)))
    9

    Raises:
        InputError: where input and backbone do not fit.
    """
    return nnx.eval_shape(lambda: Encoder(spec, rngs=nnx.Rngs(0))).feature_dim


def _check_averages(spec: NetworkSpec) -> None:
    """Raises InputError where batch-norm averages are to be kept and there are none."""
    without = [b.backbone for b in spec.branches if b.backbone not in PRETRAINED]
    if spec.batch_norm == "frozen" and without:
        raise InputError(
            f"batch_norm 'frozen' keeps the averages of pretrained weights, but"
            f" {without[0]!r} starts without any. Allowed for: {', '.join(PRETRAINED)};"
            " choose 'joint', 'separate' or 'domain'"
        )


class Perceptron(nnx.Module):
    """Fully connected layers with ReLU between them: a discriminator, a critic, a deep head."""

    def __init__(self, widths: Sequence[int], *, rngs: nnx.Rngs):
        """Takes the widths of input, hidden layers and output."""
        layers = [nnx.Linear(a, b, rngs=rngs) for a, b in itertools.pairwise(widths)]
        self.hidden, self.out = nnx.List(layers[:-1]), layers[-1]

    def __call__(self, x: Float[Array, "n d"]) -> Float[Array, "n o"]:
        """Returns the outputs, unnormalised."""
        for layer in self.hidden:
            x = jax.nn.relu(layer(x))
        return self.out(x)


class Discriminator(nnx.Module):
    """Domain discriminator: features `[n, d]` to domain logits `[n]`, positive for the source.

    One hidden ReLU layer (100 units in the MNIST network of ganin2016dann); no batch norm, so
    that source and target never share statistics inside it.
    """

    def __init__(self, features: int, *, hidden: int = 100, rngs: nnx.Rngs):
        """Takes the feature dimension and the width of the hidden layer."""
        self.net = Perceptron((features, hidden, 1), rngs=rngs)

    def __call__(self, features: Float[Array, "n d"]) -> Float[Array, " n"]:
        """Returns the domain logits."""
        return self.net(features)[:, 0]


class Kept(nnx.Module):
    """Numbers that a method keeps beside its parameters: no gradient reaches them.

    What a loss or `Method.refresh` puts into `values` stays from step to step, as batch-norm
    averages do. For numbers whose shape is known with the network: a weight of each class or of
    each domain.
    """

    def __init__(self, values: Float[Array, "..."]):
        """Takes what they begin with."""
        self.values = nnx.Variable(jnp.asarray(values, jnp.float32))


class PrototypeHead(nnx.Module):
    """One prototype w_k for each class, compared with features on the unit sphere.

        logits_k = w_k · f / ||f||

    There is no bias, and prototypes keep their own length. A method divides by its temperature.
    """

    def __init__(self, features: int, classes: int, *, rngs: nnx.Rngs):
        """Takes the feature dimension and the number of classes."""
        self.prototypes = nnx.Linear(features, classes, use_bias=False, rngs=rngs)

    def __call__(self, features: Float[Array, "n d"]) -> Float[Array, "n k"]:
        """Returns the logits; zeros for features that are all zero."""
        length = jax.lax.rsqrt(jnp.sum(features**2, axis=1, keepdims=True) + 1e-10)
        return self.prototypes(features * length)


class LogVariances(nnx.Module):
    """A log variance for each head, zeros at first: kendall2018uncertainty weighs losses by it."""

    def __init__(self, heads: int):
        """Takes the number of heads."""
        self.values = nnx.Param(jnp.zeros(heads))

    def __call__(self) -> Float[Array, " h"]:
        """Returns the log variances in the order of the heads."""
        return self.values[...]


def make_head(
    spec: NetworkSpec, features: int, outputs: int, rngs: nnx.Rngs
) -> nnx.Linear | Perceptron:
    """Returns a head as the spec wants it: linear, or with hidden layers."""
    if not spec.head_hidden:
        return nnx.Linear(features, outputs, rngs=rngs)
    return Perceptron((features, *spec.head_hidden, outputs), rngs=rngs)


def build_networks(spec: NetworkSpec, extra: ExtraNetworks, key: Array) -> nnx.Dict:
    """Builds encoder, heads and a method's own networks as one module.

    The top-level names ('encoder', 'heads', perhaps 'target_encoder', and those of the method) are
    the parameter groups.
    Encoder and heads draw from their own key, so every method of a suite starts from the same.
    """
    shared, own = jax.random.split(key)
    rngs = nnx.Rngs(shared)
    encoder = Encoder(spec, rngs=rngs)
    heads = {
        head.name: make_head(spec, encoder.feature_dim, head.size, rngs) for head in spec.outputs
    }
    encoders = {ENCODER: encoder}
    if spec.target_inputs:
        encoders[TARGET_ENCODER] = _target_encoder(spec, encoder.feature_dim, rngs)
    extras = extra(spec, encoder.feature_dim, nnx.Rngs(own))
    return nnx.Dict({**encoders, "heads": nnx.Dict(heads), **extras})


def _target_encoder(spec: NetworkSpec, features: int, rngs: nnx.Rngs) -> Encoder:
    """Returns the encoder of the target's own inputs.

    Raises:
        InputError: it has another number of features than the source's, so that no head fits both.
    """
    encoder = Encoder(spec.of_target, rngs=rngs)
    if encoder.feature_dim != features:
        raise InputError(
            f"the source's encoder has {features} features, the target's {encoder.feature_dim};"
            " heads are shared. Give NetworkSpec a bottleneck, or backbones of equal width"
        )
    return encoder
