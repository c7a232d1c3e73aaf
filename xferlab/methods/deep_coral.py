"""Deep CORAL: equal second-order statistics of source and target features."""

from __future__ import annotations

from typing import ClassVar

from xferlab.core.batch import AdaptationBatch
from xferlab.losses.coral import coral_loss
from xferlab.methods.base import Context, Method, Term, Terms, method, number
from xferlab.methods.supervised import supervised
from xferlab.models.nets import Nets


@method
class DeepCORAL(Method):
    """Aligns the covariances of the two domains.

        L = mean CE(h(f(x_s)), y_s) + weight · ‖C_s - C_t‖_F² / (4 d²)

    Attributes:
        weight: factor of the CORAL loss. The paper chooses it so that both terms end up roughly
            equal. The authors' experiments on Office-31 have, on logits, 0.8 for A -> W, 0.05 for
            A -> D, 0.001 for D -> A, 0.0007 for W -> A and 0.0001 for D -> W and W -> D. Features
            are of another scale; 10 is the value for them in DeepDA (jindongwang/transferlearning).

    References:
        Sun, Saenko: Deep CORAL: Correlation Alignment for Deep Domain Adaptation. ECCV workshops
        2016, arXiv:1607.01719, eq. 1 and 6.

    Differences from the paper and the authors' code (VisionLearningGroup/CORAL, a Caffe layer): the
    adapted layer is the encoder's output rather than the logits. The loss is the same.
    """

    reference: ClassVar[str] = "sun2016deepcoral"
    weight: float = number(default=10.0, least=0.0)

    def loss(self, nets: Nets, batch: AdaptationBatch, ctx: Context) -> Terms:
        """Returns the classification and the CORAL term."""
        source, target = nets.forward(batch)
        return {
            **supervised(nets, source, batch),
            "coral": Term(coral_loss(source.features, target.features), self.weight),
        }
