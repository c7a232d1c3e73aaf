"""CDAN and CDAN+E: a discriminator on features conditioned on the class predictions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import jax
from flax import nnx
from jaxtyping import Array

from xferlab.core.batch import AdaptationBatch
from xferlab.losses.adversarial import domain_loss, gradient_reversal
from xferlab.losses.conditional import entropy_weights, multilinear
from xferlab.methods.base import Context, Method, Term, Terms, method, number, static
from xferlab.methods.schedules import dann_ramp
from xferlab.methods.supervised import supervised
from xferlab.models.nets import Nets, Output
from xferlab.models.networks import Discriminator
from xferlab.models.spec import NetworkSpec


@method
class CDAN(Method):
    """Conditional adversarial adaptation on the outer product of features and probabilities.

        L = mean CE(h(f(x_s)), y_s) + weight · BCE(D(R(f ⊗ softmax(h(f)))), domain)

    With `entropy_conditioning` (CDAN+E) each example counts by 1 + exp(-H(p)), normalised to mean
    one within its domain: certain predictions steer the alignment.

    Attributes:
        weight: factor of the domain loss; 1 in the paper.
        entropy_conditioning: True for CDAN+E.

    References:
        Long, Cao, Wang, Jordan: Conditional Adversarial Domain Adaptation. NeurIPS 2018,
        arXiv:1705.10667, eq. 5 and 9.

    Differences from the paper: the multilinear map is always the exact outer product (the paper
    samples a random one above 4096 dimensions); the discriminator has one hidden layer of 100 units
    and learns at the suite's rate.

    Differences from the authors' code (thuml/CDAN): entropy weights pass no gradient, where the
    code reverses it; predictions pass none in either. The reversal is ramped as in DANN over the
    whole training, there over 10 000 steps. Its discriminator has two hidden layers of 1024 units
    with dropout, 500 for digits, and learns at ten times the rate of a pretrained backbone, as the
    new layers do; for digits at the network's rate, and between MNIST and USPS the first epoch has
    the source's loss alone. Its map is exact at any size unless a random one is asked for.
    """

    reference: ClassVar[str] = "long2018cdan"
    weight: float = number(default=1.0, least=0.0)
    entropy_conditioning: bool = static(default=False)

    def extra_networks(
        self, spec: NetworkSpec, features: int, rngs: nnx.Rngs
    ) -> Mapping[str, nnx.Module]:
        """Returns the discriminator of the joint variable."""
        return {"discriminator": Discriminator(features * spec.num_classes, rngs=rngs)}

    def loss(self, nets: Nets, batch: AdaptationBatch, ctx: Context) -> Terms:
        """Returns the classification and the conditional domain term."""
        source, target = nets.forward(batch)
        ramp = dann_ramp(ctx.progress)
        source_weights, target_weights = (
            jax.lax.stop_gradient(entropy_weights(o.logits)) if self.entropy_conditioning else None
            for o in (source, target)
        )
        domain = domain_loss(
            self._discriminate(nets, source, ramp),
            self._discriminate(nets, target, ramp),
            source_weights=source_weights,
            target_weights=target_weights,
        )
        return {
            **supervised(nets, source, batch),
            "domain": Term(domain, self.weight),
        }

    def _discriminate(self, nets: Nets, output: Output, ramp: Array) -> Array:
        probs = jax.lax.stop_gradient(jax.nn.softmax(output.logits))
        joint = multilinear(output.features, probs)
        return nets["discriminator"](gradient_reversal(joint, ramp))
