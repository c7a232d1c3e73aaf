"""PADA: source classes that the target does not seem to have count less, for both losses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from xferlab.core.batch import AdaptationBatch, Labelled
from xferlab.losses.adversarial import generator_loss, gradient_reversal
from xferlab.methods.base import Context, Method, Term, Terms, WholeTarget, method, number
from xferlab.methods.schedules import dann_ramp
from xferlab.methods.supervised import head_terms, labelled_parts
from xferlab.models.nets import Nets, Params
from xferlab.models.networks import Discriminator, Kept
from xferlab.models.spec import NetworkSpec


@method
class PADA(Method):
    """Partial adversarial adaptation: DANN with weights of the source's classes.

        L = mean γ_y CE(h(f(x_s)), y_s)
            + weight · 1/2 (mean γ_y softplus(-D(R(f(x_s)))) + mean softplus(D(R(f(x_t)))))
        γ = m / max m,   m = mean softmax(h(f(x_t))) over the whole target

    R reverses and ramps the gradient as in DANN. γ is one for all classes at first, and renewed 19
    times, at even distances. Examples whose class is missing weigh one.

    Attributes:
        weight: of the domain loss; 1 in the paper.

    References:
        Cao, Ma, Long, Wang: Partial Adversarial Domain Adaptation. ECCV 2018, arXiv:1808.04205.

    Differences from the paper: the domain loss is half the sum of both domains' means.

    Differences from the authors' code (thuml/PADA, pytorch/src/train_pada.py): γ is renewed every
    500 of 50 004 iterations, from the 500th on, on the average of ten crops. For classification it
    has mean one over the classes and the loss is divided by the weights of the batch; for the
    domain loss it is divided by the largest in the batch. Its discriminator has two hidden layers
    of 1024 units with dropout, and learns, as bottleneck and classifier do, at ten times the rate
    of the pretrained layers; the ramp counts 10 000 steps. Its best model is chosen on the target's
    labels.
    """

    reference: ClassVar[str] = "cao2018pada"
    refreshes: ClassVar[int] = 20
    weight: float = number(default=1.0, least=0.0)

    def extra_networks(
        self, spec: NetworkSpec, features: int, rngs: nnx.Rngs
    ) -> Mapping[str, nnx.Module]:
        """Returns the domain discriminator and the weights of the classes."""
        return {
            "discriminator": Discriminator(features, rngs=rngs),
            "class_weights": Kept(jnp.ones(spec.num_classes)),
        }

    def init_state(self, params: Params, statistics: Params, target_size: int) -> Any:
        """Counts the refreshes; the first one is of a network that has learnt nothing."""
        return {"refreshes": jnp.int32(0)}

    def refresh(self, state: Any, nets: Nets, target: WholeTarget) -> Any:
        """Renews the weights of the classes, but for the first time."""
        found = class_weights(target.outputs.logits, target.mask)
        weights = nets["class_weights"].values
        weights[...] = jnp.where(state["refreshes"] > 0, found, weights[...])
        return {"refreshes": state["refreshes"] + 1}

    def loss(self, nets: Nets, batch: AdaptationBatch, ctx: Context) -> Terms:
        """Returns the weighted classification and domain terms."""
        source, target = nets.forward(batch)
        weights = _of_examples(nets["class_weights"].values[...], batch.source)
        ramp = dann_ramp(ctx.progress)
        source_domain, target_domain = (
            nets["discriminator"](gradient_reversal(output.features, ramp))
            for output in (source, target)
        )
        from_source = jnp.mean(weights * generator_loss(source_domain))
        from_target = jnp.mean(jax.nn.softplus(target_domain))
        return {
            **head_terms(labelled_parts(nets, source, batch), nets.heads, weights=weights),
            "domain": Term(0.5 * (from_source + from_target), self.weight),
        }


def class_weights(logits: Float[Array, "n k"], mask: Float[Array, " n"]) -> Float[Array, " k"]:
    """Returns the mean prediction over the target, the largest entry one (PADA's γ).

    Args:
        logits: of the whole target, [n, k].
        mask: 1 for examples, 0 for padding, [n].
    """
    mean = jnp.sum(jax.nn.softmax(logits) * mask[:, None], axis=0)
    return mean / jnp.max(mean)


def _of_examples(weights: Float[Array, " k"], source: Labelled) -> Float[Array, " n"]:
    """Returns the weight of each example's class, one where it is missing."""
    labels, known = source.by_head[0]
    return weights[labels] if known is None else jnp.where(known, weights[labels], 1.0)
