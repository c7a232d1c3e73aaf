"""`Nets`: the networks of a run during one pure function call."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from xferlab.core.batch import AdaptationBatch
from xferlab.models.layers import Mode
from xferlab.models.networks import ExtraNetworks, build_networks
from xferlab.models.spec import NetworkSpec

Params = dict[str, Any]
"""Nested dict of arrays; its top level are the parameter groups."""

SOURCE, TARGET = 0, 1


class Output(NamedTuple):
    """What the network makes of `n` examples."""

    features: Float[Array, "n d"]
    logits: Float[Array, "n k"]


class Blueprint(NamedTuple):
    """The static part of a run's networks, computed once: structure without values."""

    spec: NetworkSpec
    graphdef: Any

    @classmethod
    def of(cls, spec: NetworkSpec, extra: ExtraNetworks) -> Blueprint:
        """Traces the construction without computing anything."""
        key = jax.random.key(0)
        return cls(spec, nnx.graphdef(nnx.eval_shape(lambda: build_networks(spec, extra, key))))

    def init(self, extra: ExtraNetworks, key: Array) -> tuple[Params, Params]:
        """Draws `(params, statistics)` as plain dicts; pure in the key."""
        _, params, rest = nnx.split(build_networks(self.spec, extra, key), nnx.Param, ...)
        return nnx.to_pure_dict(params), nnx.to_pure_dict(rest)


def _encode_in(dtype: Any, encoder: nnx.Module, inputs: Array, mode: Mode) -> Array:
    """Returns the features, float32, of an encoder that computes in another type.

    Inputs and parameters are rounded on the way in, so any module computes in that type; the
    gradient passes the rounding and stays float32, as does what the pass leaves in the statistics.
    """
    graphdef, params, rest = nnx.split(encoder, nnx.Param, ...)
    rounded = jax.tree.map(lambda a: a.astype(dtype), params)
    rounding = nnx.merge(graphdef, rounded, rest, copy=True)
    features = rounding(inputs.astype(dtype), mode)
    if mode.train:
        nnx.update(encoder, nnx.state(rounding, nnx.Not(nnx.Param)))
    return features.astype(jnp.float32)


class Nets:
    """Networks merged from plain dicts, with the forward passes that methods are written in.

    It lives inside one traced function: training passes move its batch-norm averages and draw its
    dropout keys. `statistics()` gives the averages back.
    """

    def __init__(
        self,
        blueprint: Blueprint,
        params: Params,
        statistics: Params,
        *,
        train: bool,
        key: Array | None = None,
    ):
        """Merges structure and values; `key` is needed for training passes with dropout."""
        self._blueprint = blueprint
        self._modules = nnx.merge(blueprint.graphdef, params, statistics, copy=True)
        self._train = train
        self._key = key
        self._passes = 0

    def __getitem__(self, name: str) -> Any:
        """Returns a method's own network by the name it gave it."""
        return self._modules[name]

    def encode(
        self,
        inputs: Float[Array, "n ..."],
        *,
        domain: Array | int = TARGET,
        momentum: Array | float | None = None,
    ) -> Float[Array, "n d"]:
        """Returns the features of one domain's inputs.

        Args:
            inputs: the examples.
            domain: SOURCE or TARGET: the statistics used where batch norm is kept per domain.
            momentum: replaces the batch norms' own in a training pass; may be traced.
        """
        self._passes += 1
        key = None if self._key is None else jax.random.fold_in(self._key, self._passes)
        mode = Mode(self._train, domain=domain, key=key, momentum=momentum)
        encoder = self._modules["encoder"]
        if self._blueprint.spec.compute == "float32":
            return encoder(inputs, mode)
        return _encode_in(jnp.dtype(self._blueprint.spec.compute), encoder, inputs, mode)

    def classify(self, features: Float[Array, "n d"], head: str | None = None) -> Array:
        """Returns the logits `[n, k]` of a head, by default the first one."""
        return self._modules["heads"][head or self._blueprint.spec.heads[0][0]](features)

    def apply(self, inputs: Float[Array, "n ..."], *, domain: Array | int = TARGET) -> Output:
        """Returns features and logits of one domain's inputs."""
        features = self.encode(inputs, domain=domain)
        return Output(features, self.classify(features))

    def forward(self, batch: AdaptationBatch) -> tuple[Output, Output]:
        """Returns the outputs for source and target, batch norm as the spec says.

        'joint' runs both through the encoder together, so that a training pass normalises them by
        common statistics; otherwise each has a pass of its own, the source first.
        """
        source, target = batch.source.inputs, batch.target.inputs
        if self._blueprint.spec.batch_norm != "joint":
            return self.apply(source, domain=SOURCE), self.apply(target, domain=TARGET)
        n = source.shape[0]
        both = self.apply(jnp.concatenate([source, target]), domain=SOURCE)
        return Output(*(a[:n] for a in both)), Output(*(a[n:] for a in both))

    def with_weights(self, params: Params, statistics: Params, *, train: bool) -> Nets:
        """Returns the networks with some groups' values replaced (a teacher, a frozen encoder).

        Args:
            params: parameter groups to replace.
            statistics: batch-norm averages of groups to replace.
            train: whether its passes normalise by batch and use dropout (masks of its own).
        """
        key = None if self._key is None else jax.random.fold_in(self._key, 2**16)
        return Nets(
            self._blueprint, self.params() | params, self.statistics() | statistics,
            train=train, key=key,
        )  # fmt: skip

    def params(self) -> Params:
        """Returns the parameters as plain dicts."""
        return nnx.to_pure_dict(nnx.state(self._modules, nnx.Param))

    def statistics(self) -> Params:
        """Returns the batch-norm averages, as moved by this object's training passes."""
        return nnx.to_pure_dict(nnx.state(self._modules, nnx.BatchStat))
