"""Deep CORAL: equal second-order statistics of source and target features."""

from __future__ import annotations

from typing import ClassVar

from xferlab.core.batch import AdaptationBatch
from xferlab.losses.classification import cross_entropy
from xferlab.losses.coral import coral_loss
from xferlab.methods.base import Context, Method, Term, Terms, method
from xferlab.models.nets import Nets


@method
class DeepCORAL(Method):
    """Aligns the covariances of the two domains.

        L = mean CE(h(f(x_s)), y_s) + weight · ‖C_s - C_t‖_F² / (4 d²)

    Attributes:
        weight: factor of the CORAL loss. The paper chooses it so that both terms end up roughly
            equal and gives no number; 10 is the value of the DeepDA benchmark.

    References:
        Sun, Saenko: Deep CORAL: Correlation Alignment for Deep Domain Adaptation. ECCV workshops
        2016, arXiv:1607.01719, eq. 1 and 6.

    Differences from the paper: the adapted layer is the encoder's output rather than the logits.
    """

    reference: ClassVar[str] = "sun2016deepcoral"
    weight: float = 10.0

    def loss(self, nets: Nets, batch: AdaptationBatch, ctx: Context) -> Terms:
        """Returns the classification and the CORAL term."""
        source, target = nets.forward(batch)
        return {
            "classification": Term(cross_entropy(source.logits, batch.source.labels).mean()),
            "coral": Term(coral_loss(source.features, target.features), self.weight),
        }
