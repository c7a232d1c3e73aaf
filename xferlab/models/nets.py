"""`Nets`: the networks of a run during one pure function call.

The state of the modules, a user's own among them, falls into three parts: parameters (`nnx.Param`),
the random streams that modules keep (`nnx.RngState`, of `nnx.Dropout` for example), and all the
rest, called statistics here: batch-norm averages and every other `nnx.Variable`. Parameters and
statistics are carried from step to step and saved; random streams are not: each `Nets` starts them
from its own key, so that noise is a function of seed and step alone.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from xferlab.core.batch import AdaptationBatch
from xferlab.core.errors import InputError, unknown_name
from xferlab.core.heads import Head
from xferlab.core.inputs import Inputs, map_parts
from xferlab.core.roles import SOURCE, TARGET, Role
from xferlab.models.layers import Mode
from xferlab.models.networks import ExtraNetworks, build_networks
from xferlab.models.spec import NetworkSpec

Params = dict[str, Any]
"""Nested dict of arrays; its top level are the parameter groups."""

SOURCE_ROW, TARGET_ROW = 0, 1
"""Rows of batch norms that are kept per domain; shots have the target's."""
COPIES_KEY, STREAMS_KEY = 2**16, 2**17
"""Folded into a key for copies and for random streams; passes never get that far."""


class Output(NamedTuple):
    """What the network makes of `n` examples."""

    features: Float[Array, "n d"]
    logits: Float[Array, "n k"]
    """Of the first head, which tells classes."""
    others: tuple[Float[Array, "n o"], ...] = ()
    """Of the heads behind it: a logit for each class or label, or the numbers themselves."""
    unknown: Float[Array, " n"] | None = None
    """Where a method can tell: positive for examples of a class that the source lacks."""

    @property
    def heads(self) -> tuple[Float[Array, "n o"], ...]:
        """The outputs of all heads, in the order of the network's."""
        return (self.logits, *self.others)


class Blueprint(NamedTuple):
    """The static part of a run's networks, computed once: structure without values."""

    spec: NetworkSpec
    graphdef: Any
    streams: Params
    """Shapes and types of the random streams that modules keep."""
    frozen: tuple[tuple[Any, ...], ...] = ()
    """Paths of modules that a training pass leaves in evaluation mode: their parameters, all of
    them, are frozen (`core.paths.frozen_paths`)."""

    @classmethod
    def of(cls, spec: NetworkSpec, extra: ExtraNetworks) -> Blueprint:
        """Traces the construction without computing anything."""
        key = jax.random.key(0)
        modules = nnx.eval_shape(lambda: build_networks(spec, extra, key))
        graphdef, streams, _ = nnx.split(modules, nnx.RngState, ...)
        return cls(spec, graphdef, nnx.to_pure_dict(streams))

    def merge(self, params: Params, statistics: Params, key: Array | None) -> Any:
        """Returns the modules, their random streams started from the key."""
        key = jax.random.key(0) if key is None else key
        leaves, structure = jax.tree.flatten(self.streams)
        started = [_start_stream(leaf, jax.random.fold_in(key, i)) for i, leaf in enumerate(leaves)]
        streams = jax.tree.unflatten(structure, started)
        return nnx.merge(self.graphdef, params, streams, statistics, copy=True)

    def init(self, extra: ExtraNetworks, key: Array) -> tuple[Params, Params]:
        """Draws `(params, statistics)` as plain dicts; pure in the key."""
        modules = build_networks(self.spec, extra, key)
        _, params, _, statistics = nnx.split(modules, nnx.Param, nnx.RngState, ...)
        return nnx.to_pure_dict(params), nnx.to_pure_dict(statistics)


def _start_stream(leaf: Any, key: Array) -> Array:
    """Returns keys for a leaf of keys (several where a module was built by `vmap`), else zeros."""
    if not jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        return jnp.zeros(leaf.shape, leaf.dtype)
    return jax.random.split(key, leaf.shape) if leaf.shape else key


def _encode_in(dtype: Any, encoder: nnx.Module, inputs: Inputs, mode: Mode) -> Array:
    """Returns the features, float32, of an encoder that computes in another type.

    Inputs and parameters are rounded on the way in, so any module computes in that type; the
    gradient passes the rounding and stays float32, as does what the pass leaves in the statistics.
    """
    graphdef, params, rest = nnx.split(encoder, nnx.Param, ...)
    rounded = jax.tree.map(lambda a: a.astype(dtype), params)
    rounding = nnx.merge(graphdef, rounded, rest, copy=True)
    features = rounding(map_parts(lambda part: part.astype(dtype), inputs), mode)
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
        """Merges structure and values; `key` is needed for training passes with dropout.

        Modules are put in training or evaluation mode (`nnx.Module.train`, `nnx.Module.eval`);
        frozen ones are in evaluation mode in a training pass too.
        """
        self._blueprint = blueprint
        streams_key = None if key is None else jax.random.fold_in(key, STREAMS_KEY)
        self._modules = blueprint.merge(params, statistics, streams_key)
        _set_mode(self._modules, train, blueprint.frozen if train else ())
        self._initial = statistics
        self._train = train
        self._key = key
        self._passes = 0
        self._copies = 0

    def __getitem__(self, name: str) -> Any:
        """Returns a method's own network by the name it gave it.

        Raises:
            InputError: if there is none of that name.
        """
        if name not in self._modules:
            raise unknown_name("network", name, self._modules)
        return self._modules[name]

    def encode(
        self,
        inputs: Inputs,
        *,
        role: Role = TARGET,
        row: Array | int | None = None,
        momentum: Array | float | None = None,
    ) -> Float[Array, "n d"]:
        """Returns the features of one role's inputs.

        Args:
            inputs: the examples.
            role: whose inputs they are.
            row: SOURCE_ROW or TARGET_ROW: the statistics used where batch norm is kept per domain,
                by default the role's own; may be traced.
            momentum: replaces the batch norms' own in a training pass; may be traced.
        """
        self._passes += 1
        key = None if self._key is None else jax.random.fold_in(self._key, self._passes)
        own = role != SOURCE and self._blueprint.spec.target_inputs
        name = "target_encoder" if own else "encoder"
        train = self._train and (name,) not in self._blueprint.frozen
        row = (SOURCE_ROW if role == SOURCE else TARGET_ROW) if row is None else row
        mode = Mode(train, domain=row, key=key, momentum=momentum)
        encoder = self._modules[name]
        if self._blueprint.spec.compute == "float32":
            return encoder(inputs, mode)
        return _encode_in(jnp.dtype(self._blueprint.spec.compute), encoder, inputs, mode)

    def classify(self, features: Float[Array, "n d"], head: str | None = None) -> Array:
        """Returns the outputs `[n, o]` of a head, by default the logits of the first one."""
        return self._modules["heads"][head or self.heads[0].name](features)

    @property
    def heads(self) -> tuple[Head, ...]:
        """The heads, in order."""
        return self._blueprint.spec.outputs

    @property
    def source_domains(self) -> int:
        """How many domains the source has: `domain_id` of its examples lies below."""
        return self._blueprint.spec.source_domains

    def apply(
        self,
        inputs: Inputs,
        *,
        role: Role = TARGET,
        row: Array | int | None = None,
    ) -> Output:
        """Returns features and outputs of every head for one role's inputs (see `encode`)."""
        features = self.encode(inputs, role=role, row=row)
        logits, *others = (self.classify(features, head.name) for head in self.heads)
        return Output(features, logits, tuple(others))

    def forward(self, batch: AdaptationBatch) -> tuple[Output, Output]:
        """Returns the outputs for source and target, batch norm as the spec says.

        'joint' runs both through the encoder together, so that a training pass normalises them by
        common statistics; otherwise each has a pass of its own, the source first.
        """
        source, target = batch.source.inputs, batch.target.inputs
        if self._blueprint.spec.batch_norm != "joint":
            return self.apply(source, role=SOURCE), self.apply(target, role=TARGET)
        n = len(source)
        stacked = map_parts(lambda s, t: jnp.concatenate([s, t]), source, target)
        both = self.apply(stacked, role=SOURCE)
        return jax.tree.map(lambda a: a[:n], both), jax.tree.map(lambda a: a[n:], both)

    def forward_apart(self, batch: AdaptationBatch) -> tuple[Output, Output]:
        """Returns the outputs of a pass each, whatever the spec says, the source first.

        Where the domains share averages, the target's pass alone moves the encoder's: averages of
        both would fit neither of what the two passes normalise by.
        """
        encoder = self._modules["encoder"]
        before = nnx.state(encoder, nnx.Not(nnx.Any(nnx.Param, nnx.RngState)))
        before = jax.tree.map(lambda a: a, before)
        source = self.apply(batch.source.inputs, role=SOURCE)
        if self._blueprint.spec.bn_domains == 1 and not self._blueprint.spec.target_inputs:
            nnx.update(encoder, before)
        return source, self.apply(batch.target.inputs, role=TARGET)

    def with_weights(self, params: Params, statistics: Params, *, train: bool) -> Nets:
        """Returns the networks with some groups' values replaced (a teacher, a frozen encoder).

        Args:
            params: parameter groups to replace.
            statistics: batch-norm averages of groups to replace.
            train: whether its passes normalise by batch and use dropout (masks of its own).
        """
        self._copies += 1
        key = self._key
        if key is not None:
            key = jax.random.fold_in(key, COPIES_KEY + self._copies)
        return Nets(
            self._blueprint, self.params() | params, self.statistics() | statistics,
            train=train, key=key,
        )  # fmt: skip

    def params(self) -> Params:
        """Returns the parameters as plain dicts."""
        return nnx.to_pure_dict(nnx.state(self._modules, nnx.Param))

    def statistics(self) -> Params:
        """Returns batch-norm averages and other variables, as moved by this object's passes.

        What a pass adds (`nnx.Module.sow`) is left out.

        Raises:
            InputError: if a pass has removed a variable or given it another shape or type.
        """
        moved = nnx.state(self._modules, nnx.Not(nnx.Any(nnx.Param, nnx.RngState)))
        return _kept(nnx.to_pure_dict(moved), self._initial, "")


def _set_mode(modules: nnx.Module, train: bool, frozen: tuple[tuple[Any, ...], ...]) -> None:
    """Puts all modules in training or evaluation mode, by their own `train` or `eval` if any.

    What lies at or below the frozen paths is put in evaluation mode last.
    """
    modules.train() if train else modules.eval()
    for _, module in nnx.iter_modules(modules):
        if train and type(module).train is not nnx.Module.train:
            module.train()
        if not train and type(module).eval is not nnx.Module.eval:
            module.eval()
    for path, module in nnx.iter_modules(modules):
        if any(path[: len(place)] == place for place in frozen):
            module.eval()


def _kept(moved: Any, initial: Any, path: str) -> Any:
    """Returns of a tree what the initial one has, after comparing shapes and types."""
    if isinstance(initial, dict):
        missing = [key for key in initial if key not in moved]
        if missing:
            raise InputError(
                f"variable '{path}{missing[0]}' is gone after a pass; a network keeps the variables"
                " that it is built with"
            )
        return {key: _kept(moved[key], value, f"{path}{key}/") for key, value in initial.items()}
    before, after = (jax.eval_shape(jnp.asarray, each) for each in (initial, moved))
    if (before.shape, before.dtype) != (after.shape, after.dtype):
        raise InputError(
            f"variable '{path[:-1]}' changes from {before.dtype}{list(before.shape)} to"
            f" {after.dtype}{list(after.shape)} in a pass; the variables of a network keep shape"
            " and type"
        )
    return moved
