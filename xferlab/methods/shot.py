"""SHOT: a source model adapted to the target without the source data."""

from __future__ import annotations

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from xferlab.core.batch import TargetBatch
from xferlab.core.roles import TARGET, Role
from xferlab.core.settings import Setting
from xferlab.losses.classification import cross_entropy
from xferlab.losses.information import diversity, entropy
from xferlab.methods.base import (
    Context,
    Method,
    Phase,
    Stage,
    Term,
    Terms,
    WholeTarget,
    method,
    number,
)
from xferlab.methods.source_only import SourceOnly
from xferlab.models.nets import SOURCE_ROW, Nets, Output, Params


@method
class SHOT(Method):
    """Source hypothesis transfer: information maximisation and centroid pseudo-labels.

        stage 1:  min_{f, h}  CE with label smoothing 0.1 on the source
        stage 2:  min_f  mean H(p(x_t)) - H(mean p(x_t)) + pseudo_weight · mean CE(p(x_t), ŷ_t)

    Stage 2 sees no source; the head h is frozen. ŷ is renewed 15 times: nearest centroid by cosine,
    centroids weighted by the predictions, then once more by the labels just found.

    Attributes:
        pseudo_weight: factor of the pseudo-label loss; 0.1 for digits in the authors' code (0.3
            for Office).

    References:
        Liang, Hu, Feng: Do We Really Need to Access the Source Data? Source Hypothesis Transfer
        for Unsupervised Domain Adaptation. ICML 2020, arXiv:2002.08546, eq. 1-7.

    Differences from the paper: both stages take half of the suite's steps; the head has no weight
    normalisation.

    Differences from the authors' code (tim-learn/SHOT): the last source checkpoint is adapted,
    where it keeps the best on held-out source examples, for digits on the test split. 15 renewals
    are those of its code for Office; for digits it renews in each of 30 epochs. For Office a round
    chooses among the classes assigned before it, the first among those that the network predicts;
    for digits, and here, the first chooses among all. Its bottleneck ends with batch norm, without
    ReLU (with dropout for digits), and a pretrained backbone learns at a tenth of the rate.
    """

    reference: ClassVar[str] = "liang2020shot"
    one_encoder: ClassVar[bool] = True
    refreshes: ClassVar[int] = 15
    pseudo_weight: float = number(default=0.1, least=0.0)

    def stages(self) -> tuple[Stage, ...]:
        """Returns source training and source-free adaptation."""
        source = Stage(SourceOnly(label_smoothing=0.1), 0.5)
        return (source, Stage(self, 0.5, Setting.SOURCE_FREE))

    def phases(self) -> tuple[Phase, ...]:
        """Returns one phase that trains the encoder under the frozen head."""
        return (Phase("train", self.loss, trains=("encoder",)),)

    def init_state(self, params: Params, statistics: Params, target_size: int) -> Any:
        """Makes room for a pseudo-label of every target example."""
        return {"pseudo_labels": jnp.zeros(target_size, jnp.int32)}

    def refresh(self, state: Any, nets: Nets, target: WholeTarget) -> Any:
        """Renews the pseudo-labels."""
        return {"pseudo_labels": centroid_pseudo_labels(target.outputs, target.mask)}

    def loss(self, nets: Nets, batch: TargetBatch, ctx: Context) -> Terms:
        """Returns the entropy, diversity and pseudo-label terms."""
        logits = nets.apply(batch.target.inputs, role=TARGET, row=SOURCE_ROW).logits
        pseudo_labels = ctx.state["pseudo_labels"][batch.target.index]
        return {
            "entropy": Term(entropy(logits).mean()),
            "diversity": Term(diversity(logits), -1.0),
            "pseudo_label": Term(cross_entropy(logits, pseudo_labels).mean(), self.pseudo_weight),
        }

    def predict(self, nets: Nets, inputs: Any, state: Any, *, role: Role) -> Output:
        """Returns the outputs of the one network that was adapted."""
        return nets.apply(inputs, role=role, row=SOURCE_ROW)


def centroid_pseudo_labels(outputs: Output, mask: Float[Array, " n"]) -> Int[Array, " n"]:
    """Returns the label of the nearest class centroid by cosine similarity (SHOT, eq. 5-7).

    Features get a constant 1 appended and unit length, as in the authors' code. First centroids
    weigh examples by their probabilities, second ones by the labels of the first round. A class
    that no example chooses in the first round attracts none in the second.

    Args:
        outputs: features [n, d] and logits [n, k].
        mask: 1 for examples, 0 for padding.
    """
    ones = jnp.ones((len(mask), 1))
    features = jnp.concatenate([outputs.features, ones], axis=1)
    features = features / jnp.linalg.norm(features, axis=1, keepdims=True)
    probs = jax.nn.softmax(outputs.logits) * mask[:, None]
    first = jnp.argmax(_cosine(features, probs), axis=1)
    chosen = jax.nn.one_hot(first, probs.shape[1]) * mask[:, None]
    similarity = _cosine(features, chosen)
    return jnp.argmax(jnp.where(chosen.sum(0)[None, :] > 0, similarity, -jnp.inf), axis=1)


def _cosine(features: Float[Array, "n d"], weights: Float[Array, "n k"]) -> Float[Array, "n k"]:
    centroids = weights.T @ features
    length = jnp.linalg.norm(centroids, axis=1)
    return features @ centroids.T / jnp.maximum(length, 1e-8)[None, :]
