"""BNM: target predictions that are certain and diverse, by their nuclear norm."""

from __future__ import annotations

from typing import ClassVar

from xferlab.core.batch import AdaptationBatch
from xferlab.losses.nuclear_norm import nuclear_norm_loss
from xferlab.methods.base import Context, Method, Term, Terms, method, number
from xferlab.methods.supervised import supervised
from xferlab.models.nets import Nets


@method
class BNM(Method):
    """Maximises the nuclear norm of the target batch's probability matrix.

        L = mean CE(h(f(x_s)), y_s) - weight · ‖softmax(h(f(x_t)))‖_* / m

    Attributes:
        weight: factor of the norm; 1 in the paper.

    References:
        Cui, Wang, Zhuo, Li, Huang, Tian: Towards Discriminability and Diversity: Batch
        Nuclear-norm Maximization under Label Insufficient Situations. CVPR 2020,
        arXiv:2003.12237, eq. 9.

    Differences from the authors' code (cuishuhao/BNM): as in the paper the norm is divided by the
    number of examples m, there by the number of singular values, min(m, k). With its 36 examples
    and 31 or 65 classes both are nearly the same; with fewer classes its term is m / k times ours.
    """

    reference: ClassVar[str] = "cui2020bnm"
    weight: float = number(default=1.0, least=0.0)

    def loss(self, nets: Nets, batch: AdaptationBatch, ctx: Context) -> Terms:
        """Returns the classification and the nuclear-norm term."""
        source, target = nets.forward(batch)
        return {
            **supervised(nets, source, batch),
            "nuclear_norm": Term(nuclear_norm_loss(target.logits), self.weight),
        }
