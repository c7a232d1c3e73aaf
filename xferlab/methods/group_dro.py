"""GroupDRO: the worst of several source domains counts most, and no target is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from xferlab.core.batch import AdaptationBatch
from xferlab.core.roles import SOURCE, Role
from xferlab.core.settings import Setting
from xferlab.losses.classification import cross_entropy
from xferlab.losses.robust import domain_means, exponentiated_weights
from xferlab.methods.base import Context, Method, Stage, Terms, method, number
from xferlab.methods.supervised import head_terms, labelled_parts
from xferlab.models.nets import SOURCE_ROW, Nets, Output
from xferlab.models.networks import Kept
from xferlab.models.spec import NetworkSpec


@method
class GroupDRO(Method):
    """Distributionally robust optimisation over the domains of the source.

        L = Σ_g q_g L_g,   L_g = mean CE(h(f(x)), y) over the examples of domain g
        q_g ← q_g exp(step_size · L_g) / Σ_h q_h exp(step_size · L_h),   before each update by L

    The weights q begin equal and turn towards the domain with the largest loss. A batch has as many
    examples of each domain. With a single source q is 1, and this is `source_only`.

    Heads beside the first have the same weights; shots, where there are some, count as so many
    more examples of weight one.

    Attributes:
        step_size: of the weights; 0.01 in the authors' code.

    References:
        Sagawa, Koh, Hashimoto, Liang: Distributionally Robust Neural Networks for Group Shifts: On
        the Importance of Regularization for Worst-Case Generalization. ICLR 2020, arXiv:1911.08731,
        algorithm 1.

    Differences from the paper: groups are domains; there they are pairs of a class and an attribute
    of images or sentences. An update sees all domains, there one group that is drawn. Its strong
    weight decay, on which its results rest, is the suite's to choose.

    Differences from the authors' code (kohpangwei/group_DRO, loss.py): no adjustment of the losses
    for the sizes of groups (0 in the commands of its README), no losses divided by their sum, no
    greedy variant. Batches are drawn with the weights of its flag `reweight_groups`, there at
    random, here in equal numbers. Its best epoch is chosen on validation groups.
    """

    reference: ClassVar[str] = "sagawa2020groupdro"
    needs: ClassVar[Setting] = Setting.DOMAIN_GENERALISATION
    step_size: float = number(default=0.01, least=0.0)

    def stages(self) -> tuple[Stage, ...]:
        """Returns one stage, whose batches have equally many examples of each domain."""
        return (Stage(self, sampler="per_domain"),)

    def extra_networks(
        self, spec: NetworkSpec, features: int, rngs: nnx.Rngs
    ) -> Mapping[str, nnx.Module]:
        """Returns the weights of the domains."""
        equal = jnp.full(spec.source_domains, 1.0 / spec.source_domains)
        return {"domain_weights": Kept(equal)}

    def loss(self, nets: Nets, batch: AdaptationBatch, ctx: Context) -> Terms:
        """Moves the weights and returns the weighted classification term."""
        source = nets.apply(batch.source.inputs, role=SOURCE)
        labelled = labelled_parts(nets, source, batch, shots_row=SOURCE_ROW)
        weights = self._example_weights(nets, source.logits, batch)
        return head_terms(labelled, nets.heads, weights=weights)

    def predict(self, nets: Nets, inputs: Any, state: Any, *, role: Role) -> Output:
        """Returns the outputs under the source's batch statistics: it has no others."""
        return nets.apply(inputs, role=role, row=SOURCE_ROW)

    def _example_weights(
        self, nets: Nets, logits: Float[Array, "n k"], batch: AdaptationBatch
    ) -> Float[Array, " n"]:
        """Returns q_g / (n_g / n) for each example, after moving q by the losses of the batch."""
        labels, known = batch.source.by_head[0]
        count, domain_id = nets.source_domains, batch.source.domain_id
        counted = domain_id if known is None else jnp.where(known, domain_id, count)
        labels = labels if known is None else jnp.where(known, labels, 0)
        losses = jax.lax.stop_gradient(cross_entropy(logits, labels))
        kept = nets["domain_weights"]
        kept.values[...] = exponentiated_weights(
            kept.values[...], domain_means(losses, counted, domains=count), step_size=self.step_size
        )
        sizes = jnp.sum(jax.nn.one_hot(counted, count), axis=0)
        return (kept.values[...] * jnp.sum(sizes) / jnp.maximum(sizes, 1))[domain_id]
