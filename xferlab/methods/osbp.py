"""OSBP: a class for the unknown, which the encoder may choose for a target example or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from xferlab.core.batch import AdaptationBatch
from xferlab.core.roles import Role
from xferlab.losses.adversarial import gradient_reversal
from xferlab.losses.open_set import unknown_boundary_loss
from xferlab.methods.base import Context, Method, Term, Terms, method, number
from xferlab.methods.supervised import supervised
from xferlab.models.nets import Nets, Output
from xferlab.models.networks import make_head
from xferlab.models.spec import NetworkSpec


@method
class OSBP(Method):
    """Open-set adaptation by backpropagation, with a classifier c of k + 1 classes.

        min_c  mean CE(c(f(x_s)), y_s) + weight · A,   min_f  mean CE(c(f(x_s)), y_s) - weight · A
        A = mean over target of  -t log p - (1 - t) log(1 - p),   p = softmax(c(f(x_t)))_{k+1}

    The classifier holds the probability p of the unknown class at t; the encoder moves each target
    example away from there, to the known classes or to the unknown one. A is taken behind a
    gradient reversal of full strength, so both happen in one update.

    An example is unknown where class k + 1 has the largest logit (`Output.unknown`); the network's
    own first head is not trained.

    Attributes:
        weight: of the adversarial term; 1 in the paper.
        boundary: t; 0.5 in the paper.

    References:
        Saito, Yamamoto, Ushiku, Harada: Open Set Domain Adaptation by Backpropagation. ECCV 2018,
        arXiv:1804.10427.

    Differences from the paper: optimiser and its schedule are the suite's; the classifier has the
    layers of the suite's heads.

    Differences from the authors' code (ksaito-ut/OPDA_BP, trainer_osda.py): there source and target
    have a pass each; the encoder's new layers are two of 1000 units with batch norm and dropout,
    and the pretrained ones rest unless asked for.
    """

    reference: ClassVar[str] = "saito2018osbp"
    weight: float = number(default=1.0, least=0.0)
    boundary: float = number(default=0.5, least=0.0, most=1.0)

    def extra_networks(
        self, spec: NetworkSpec, features: int, rngs: nnx.Rngs
    ) -> Mapping[str, nnx.Module]:
        """Returns the classifier, which stands in for the suite's head."""
        return {"open_head": make_head(spec, features, spec.num_classes + 1, rngs)}

    def loss(self, nets: Nets, batch: AdaptationBatch, ctx: Context) -> Terms:
        """Returns the classification term, and the adversarial one, reversed for the encoder."""
        source, target = nets.forward(batch)
        logits = nets["open_head"](gradient_reversal(target.features, 1.0))
        boundary = unknown_boundary_loss(logits, boundary=self.boundary).mean()
        return {
            **supervised(nets, source, batch, classify=lambda output: _classify(nets, output)),
            "boundary": Term(boundary, self.weight),
        }

    def predict(self, nets: Nets, inputs: Any, state: Any, *, role: Role) -> Output:
        """Returns the logits of the known classes, and by how much the unknown one exceeds them."""
        output = nets.apply(inputs, role=role)
        logits = _classify(nets, output)
        unknown = logits[:, -1] - jnp.max(logits[:, :-1], axis=1)
        return output._replace(logits=logits[:, :-1], unknown=unknown)


def _classify(nets: Nets, output: Output) -> Float[Array, "n k+1"]:
    return nets["open_head"](output.features)
