"""SimCLR: two views of an example are alike, those of different examples are not; no labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from xferlab.core.batch import Batch
from xferlab.core.inputs import Inputs, map_parts
from xferlab.core.roles import ROLES, SHOTS, Role
from xferlab.core.settings import Setting
from xferlab.losses.contrastive import nt_xent
from xferlab.methods.base import (
    Context,
    Method,
    Phase,
    Term,
    Terms,
    method,
    number,
    static,
    without_outputs,
)
from xferlab.models.nets import Nets, Output
from xferlab.models.networks import Perceptron
from xferlab.models.spec import NetworkSpec


@method
class SimCLR(Method):
    """Contrastive learning of features from inputs alone.

        L = mean NT-Xent(g(f(v(x))), g(f(v'(x))))   over x of every role that is shown

    v and v' are random views by the suite's augmentation, g a perceptron with one hidden layer that
    is dropped afterwards. All examples of a step, of source, target and shots, are contrasted with
    each other; labels are not looked at. Both views of a role go through the encoder in one pass.

    The heads are not trained, so it predicts no class: logits are zeros, of which a validator
    prefers none. Its features are scored by probes (`--metric=knn_probe,linear_probe`).

    Attributes:
        temperature: T; 0.1 for ImageNet and 0.5 for CIFAR-10 in the authors' code.
        projection: width of g's outputs; 128 in the paper.

    References:
        Chen, Kornblith, Norouzi, Hinton: A Simple Framework for Contrastive Learning of Visual
        Representations. ICML 2020, arXiv:2002.05709, sections 2 and 4.2.

    Differences from the paper: views are the suite's augmentation, without crops in other sizes and
    colour distortion, unless it has them; the optimiser is the suite's, not LARS. Batches are those
    of a suite, tens of examples, not thousands.

    Differences from the authors' code (google-research/simclr, model_util.py, run.py): its g has
    batch norm behind each layer, and three layers by default since its second version.
    """

    reference: ClassVar[str] = "chen2020simclr"
    needs: ClassVar[Setting] = Setting.SOURCE_FREE
    temperature: float = number(default=0.1, least=1e-6)
    projection: int = static(default=128, least=1)

    def extra_networks(
        self, spec: NetworkSpec, features: int, rngs: nnx.Rngs
    ) -> Mapping[str, nnx.Module]:
        """Returns the projection g, its hidden layer as wide as the features."""
        return {"projection": Perceptron((features, features, self.projection), rngs=rngs)}

    def phases(self) -> tuple[Phase, ...]:
        """Returns one phase that leaves the heads as they are."""
        return (Phase("train", self.loss, trains=("encoder", "projection")),)

    def loss(self, nets: Nets, batch: Batch, ctx: Context) -> Terms:
        """Returns the contrastive term."""
        pairs = [jnp.split(nets["projection"](own), 2) for own in _features(nets, batch, ctx)]
        first, second = (jnp.concatenate(views) for views in zip(*pairs, strict=True))
        return {"nt_xent": Term(nt_xent(first, second, temperature=self.temperature).mean())}

    def predict(self, nets: Nets, inputs: Any, state: Any, *, role: Role) -> Output:
        """Returns the features; no head is trained, and all outputs are zeros."""
        return without_outputs(nets.apply(inputs, role=role))


def _features(nets: Nets, batch: Batch, ctx: Context) -> list[Float[Array, "n d"]]:
    """Returns the features of both views of every role that is shown, one view after the other."""
    keys = jax.random.split(ctx.key, len(batch))
    views: Any = Batch._make(
        part if part is None else part._replace(inputs=_two_views(ctx, key, part.inputs))
        for key, part in zip(keys, batch, strict=True)
    )
    if batch.source is None or batch.target is None:
        shown: list[Role] = [
            role for role, part in zip(ROLES, batch, strict=True) if part is not None
        ]
        return [nets.encode(views[ROLES.index(role)].inputs, role=role) for role in shown]
    both = [output.features for output in nets.forward(views)]  # One pass where norms are joint.
    if batch.shots is None:
        return both
    return [*both, nets.encode(views.shots.inputs, role=SHOTS)]


def _two_views(ctx: Context, key: Array, inputs: Inputs) -> Inputs:
    """Returns a random view of each example, and behind them another of each."""
    both = [ctx.augment(own, inputs) for own in jax.random.split(key)]
    return map_parts(lambda *parts: jnp.concatenate(parts), *both)
