"""Modules as a user would write them, of `nnx` alone, and a method that uses one."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from xferlab.losses.classification import cross_entropy
from xferlab.methods.base import Method, Term, method, static
from xferlab.models.backbones import BACKBONES


class Counter(nnx.Variable):
    """A kind of variable that no library knows."""


class Plain(nnx.Module):
    """A layer that is told how to build itself, and a linear output."""

    def __init__(self, features, rngs):
        self.body = self.make(features, rngs)
        self.out = nnx.Linear(features, 1, rngs=rngs)

    def make(self, features, rngs):
        return nnx.LayerNorm(features, rngs=rngs)

    def __call__(self, x):
        return self.out(self.body(x))[:, 0]


class Dropped(Plain):
    def make(self, features, rngs):
        return nnx.Dropout(0.5, rngs=rngs)


class Normalised(Plain):
    def make(self, features, rngs):
        return nnx.BatchNorm(features, rngs=rngs)


class BuiltForEvaluation(Plain):
    """As in the examples of flax's documentation, where `train()` is called afterwards."""

    def make(self, features, rngs):
        return nnx.Sequential(
            nnx.BatchNorm(features, use_running_average=True, rngs=rngs),
            nnx.Dropout(0.5, deterministic=True, rngs=rngs),
        )


class Nested(Plain):
    def make(self, features, rngs):
        inner = [nnx.Sequential(nnx.Dropout(0.2, rngs=rngs), nnx.BatchNorm(features, rngs=rngs))]
        return nnx.Sequential(nnx.List(inner)[0], nnx.GroupNorm(features, 2, rngs=rngs))


class Spectral(Plain):
    def make(self, features, rngs):
        self.training = True
        return nnx.SpectralNorm(nnx.Linear(features, features, rngs=rngs), rngs=rngs)

    def train(self, **attributes):
        super().train(**attributes)
        self.training = True

    def eval(self, **attributes):
        super().eval(**attributes)
        self.training = False

    def __call__(self, x):
        return self.out(self.body(x, update_stats=self.training))[:, 0]


class Recurrent(Plain):
    def make(self, features, rngs):
        return nnx.RNN(nnx.LSTMCell(features, features, rngs=rngs), rngs=rngs)

    def __call__(self, x):
        return self.out(self.body(x[:, None])[:, -1])[:, 0]


class Own(Plain):
    """Variables of its own kinds, a random stream, and one it never declared."""

    def make(self, features, rngs):
        self.passes = Counter(jnp.zeros((), jnp.int32))
        self.mean = nnx.BatchStat(jnp.zeros(features))
        self.noise = rngs.noise.fork()
        self.deterministic = False
        return nnx.Linear(features, features, rngs=rngs)

    def __call__(self, x):
        if not self.deterministic:
            self.passes[...] = self.passes[...] + 1
            self.mean[...] = 0.9 * self.mean[...] + 0.1 * jax.lax.stop_gradient(x.mean(axis=0))
            x = x + 0.1 * jax.random.normal(self.noise(), x.shape)
        self.seen = nnx.Intermediate(x)
        return self.out(self.body(x - self.mean[...][None]))[:, 0]


MODULES = {
    "layer_norm": Plain,
    "dropout": Dropped,
    "batch_norm": Normalised,
    "built_for_evaluation": BuiltForEvaluation,
    "nested": Nested,
    "spectral_norm": Spectral,
    "recurrent": Recurrent,
    "own_variables": Own,
}


@method
class UsesModule(Method):
    """Source classification by head plus the module, which predicts too."""

    name: str = static()

    def extra_networks(self, spec, features, rngs):
        return {"net": MODULES[self.name](features, rngs)}

    def loss(self, nets, batch, ctx):
        source, target = nets.forward(batch)
        logits = source.logits + nets["net"](source.features)[:, None]
        pull = (nets["net"](target.features) ** 2).mean()
        return {
            "classification": Term(cross_entropy(logits, batch.source.labels).mean()),
            "pull": Term(pull, 0.1),
        }

    def predict(self, nets, inputs, state, *, role):
        output = nets.apply(inputs, role=role)
        return output._replace(logits=output.logits + nets["net"](output.features)[:, None])


class Backbone(nnx.Module):
    """A user's backbone around one of the modules' layers."""

    def __init__(self, spec, *, formulation, rngs):
        self.feature_dim = 6
        self.first = nnx.Linear(spec.input_size, 6, rngs=rngs)
        self.norm = nnx.BatchNorm(6, rngs=rngs)
        self.drop = nnx.Dropout(0.3, rngs=rngs)

    def __call__(self, x, mode):
        return self.drop(jax.nn.relu(self.norm(self.first(x))))


FOREIGN = "foreign"


def put_backbone(monkeypatch):
    """Puts the user's backbone into the table, under the name `FOREIGN`."""
    entries = {**BACKBONES, FOREIGN: Backbone}
    monkeypatch.setattr("xferlab.models.networks.BACKBONES", entries)
    monkeypatch.setattr("xferlab.models.spec.BACKBONE_NAMES", tuple(entries))
