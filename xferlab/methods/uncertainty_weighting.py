"""Uncertainty weighting: heads weigh by variances that are learnt with the network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from xferlab.core.batch import AdaptationBatch
from xferlab.core.roles import SOURCE, Role
from xferlab.core.settings import Setting
from xferlab.methods.base import Context, Method, Term, Terms, method, number
from xferlab.methods.supervised import supervised
from xferlab.models.nets import SOURCE_ROW, Nets, Output
from xferlab.models.networks import LogVariances
from xferlab.models.spec import NetworkSpec


@method
class UncertaintyWeighting(Method):
    """Supervised training of several heads, each weighted by a variance that is learnt.

        L = sum over heads h of  c_h exp(-s_h) L_h + s_h / 2,   s_h = log σ_h²
        c_h = 1/2 for numbers,  1 for classes and labels
        σ_h² = least_variance + (1 - least_variance) exp(r_h),  r_h learnt, from 0

    L_h is the head's mean loss over what is labelled (`supervised`). For numbers that is a
    Gaussian's negative log likelihood without its constant, for classes the paper's approximation
    of a cross entropy at temperature σ². At the best s every head weighs 1 / (2 L_h). A batch in
    which no label of a head is known moves neither the head nor its s. The target is not looked at.

    Attributes:
        least_variance: what σ² ends at where a loss goes to 0; 0 as in the paper.

    References:
        Kendall, Gal, Cipolla: Multi-Task Learning Using Uncertainty to Weigh Losses for Scene
        Geometry and Semantics. CVPR 2018, arXiv:1705.07115, section 3.2.

    Differences from the paper: σ² has a least value. Without one the weight of a head whose
    training labels can be learnt by heart grows without end, until an update by SGD throws the
    network away. The errors of several numbers under one head are averaged, and s counts once.
    Several labels, which the paper does not have, weigh as classes do.

    Differences from the authors' code (yaringal/multi-task-learning-example, a notebook with two
    heads of numbers): it minimises exp(-s) L + s, twice this loss. s begins at 0 there too.
    """

    needs: ClassVar[Setting] = Setting.DOMAIN_GENERALISATION
    reference: ClassVar[str] = "kendall2018uncertainty"
    least_variance: float = number(default=0.01, least=0.0, most=1.0)

    def extra_networks(
        self, spec: NetworkSpec, features: int, rngs: nnx.Rngs
    ) -> Mapping[str, nnx.Module]:
        """Returns what the variances of the heads are made of."""
        return {"log_variances": LogVariances(len(spec.heads))}

    def loss(self, nets: Nets, batch: AdaptationBatch, ctx: Context) -> Terms:
        """Returns a term for each head, and its log variance as another."""
        source = nets.apply(batch.source.inputs, role=SOURCE)
        terms = supervised(nets, source, batch, shots_row=SOURCE_ROW)
        free = jnp.exp(nets["log_variances"]())
        variances = self.least_variance + (1.0 - self.least_variance) * free
        weighted: dict[str, Term] = {}
        for place, (head, (name, term)) in enumerate(zip(nets.heads, terms.items(), strict=True)):
            factor = 0.5 if head.kind == "numbers" else 1.0
            weighted[name] = Term(term.value, factor / variances[place])
            log_variance = jnp.log(variances[place])
            weighted[f"log_variance_{head.name}"] = Term(log_variance, 0.5 * _any(batch, place))
        return weighted

    def predict(self, nets: Nets, inputs: Any, state: Any, *, role: Role) -> Output:
        """Returns the outputs under the source's batch statistics, as source-only does."""
        return nets.apply(inputs, role=role, row=SOURCE_ROW)


def _any(batch: AdaptationBatch, place: int) -> Float[Array, ""]:
    """Returns 1 where a label under the head at a place is known, else 0."""
    parts = [part for part in (batch.source, batch.shots) if part is not None]
    masks = [part.by_head[place].known for part in parts]
    known = [jnp.any(mask) if mask is not None else jnp.array(True) for mask in masks]
    return jnp.any(jnp.stack(known)).astype(jnp.float32)
