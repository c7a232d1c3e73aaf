"""PCGrad: the gradient of each head loses what opposes those of the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from xferlab.core.batch import AdaptationBatch
from xferlab.core.roles import SOURCE, Role
from xferlab.core.settings import Setting
from xferlab.methods.base import Context, Method, Terms, method
from xferlab.methods.supervised import supervised
from xferlab.models.nets import SOURCE_ROW, Nets, Output, Params


@method
class PCGrad(Method):
    """Supervised training of several heads by projecting conflicting gradients.

        for each head i:   g ← g_i
            for each j ≠ i in random order, if g · g_j < 0:   g ← g - (g · g_j / ||g_j||²) g_j
            g_i' ← g
        update by  Σ_i g_i'

    g_i is the gradient of head i's term (`supervised`). Inner products are over the parameters that
    the heads share, the encoder's; a head's own have a gradient of its own term alone, and keep it.
    With one head it is source-only. The target is not looked at.

    References:
        Yu, Kumar, Gupta, Levine, Hausman, Finn: Gradient Surgery for Multi-Task Learning.
        NeurIPS 2020, arXiv:2001.06782, algorithm 1.

    Differences from the authors' code (tianheyu927/PCGrad, PCGrad_tf.py): its order is that of the
    losses, since what it shuffles is dropped; a gradient is also held against its own task's.
    """

    needs: ClassVar[Setting] = Setting.DOMAIN_GENERALISATION
    reference: ClassVar[str] = "yu2020pcgrad"
    per_term_gradients: ClassVar[bool] = True

    def loss(self, nets: Nets, batch: AdaptationBatch, ctx: Context) -> Terms:
        """Returns a term for each head."""
        source = nets.apply(batch.source.inputs, role=SOURCE)
        return supervised(nets, source, batch, shots_row=SOURCE_ROW)

    def combine_gradients(self, gradients: Mapping[str, Params], ctx: Context) -> Params:
        """Returns the sum of the gradients, those of shared parameters projected before."""
        parts = list(gradients.values())
        shared = [{g: own for g, own in part.items() if _is_shared(g)} for part in parts]
        products = jnp.stack([jnp.stack([_dot(a, b) for b in shared]) for a in shared])
        weights = conflict_free_weights(products, ctx.key)

        def combine(group: str) -> Any:
            factors = weights if _is_shared(group) else jnp.ones(len(parts))
            return jax.tree.map(
                lambda *leaves: sum(f * leaf for f, leaf in zip(factors, leaves, strict=True)),
                *(part[group] for part in parts),
            )

        return {group: combine(group) for group in parts[0]}

    def predict(self, nets: Nets, inputs: Any, state: Any, *, role: Role) -> Output:
        """Returns the outputs under the source's batch statistics, as source-only does."""
        return nets.apply(inputs, role=role, row=SOURCE_ROW)


def conflict_free_weights(products: Float[Array, "t t"], key: Key[Array, ""]) -> Float[Array, " t"]:
    """Returns how much of each gradient is in the sum of the projected ones.

    Projections stay in the span of the gradients, so their inner products are all that is needed.

    Args:
        products: inner products of the gradients of t terms, K_ij = g_i · g_j.
        key: draws the orders of projection.

    >>> products = jnp.array([[1.0, -1.0], [-1.0, 4.0]])
    >>> conflict_free_weights(products, jax.random.key(0)).tolist()  # 1 + 1/1, 1 + 1/4
    [2.0, 1.25]
    """
    count = len(products)
    lengths = jnp.maximum(jnp.diag(products), jnp.finfo(products.dtype).tiny)

    def project(i: Array) -> Float[Array, " t"]:
        order = jax.random.permutation(jax.random.fold_in(key, i), count)

        def once(place: Array, own: Float[Array, " t"]) -> Float[Array, " t"]:
            j = order[place]
            conflict = jnp.minimum(own @ products[j], 0.0) / lengths[j]
            return own.at[j].add(jnp.where(j == i, 0.0, -conflict))

        return jax.lax.fori_loop(0, count, once, jnp.eye(count, dtype=products.dtype)[i])

    return jax.vmap(project)(jnp.arange(count)).sum(axis=0)


def _is_shared(group: str) -> bool:
    """Tells whether all heads have a part in a parameter group; 'adapter/heads' is the heads'."""
    return group.rpartition("/")[2] != "heads"


def _dot(first: Params, second: Params) -> Float[Array, ""]:
    pairs = zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True)
    return sum((jnp.vdot(a, b) for a, b in pairs), jnp.zeros(()))
