"""MCC: predictions on the target that confuse no pair of classes."""

from __future__ import annotations

from typing import ClassVar

from xferlab.core.batch import AdaptationBatch
from xferlab.losses.class_confusion import class_confusion_loss
from xferlab.methods.base import Context, Method, Term, Terms, method, number
from xferlab.methods.supervised import supervised
from xferlab.models.nets import Nets


@method
class MCC(Method):
    """Minimises the class confusion of the target batch; aligns nothing.

        L = mean CE(h(f(x_s)), y_s) + weight · MCC(h(f(x_t)) / temperature)

    Attributes:
        weight: factor of the confusion; 1 in the paper and the authors' code.
        temperature: softens the target predictions; 2.5 in the paper and in the authors' code for
            Office, 3 in that for VisDA.

    References:
        Jin, Wang, Long, Wang: Minimum Class Confusion for Versatile Domain Adaptation. ECCV 2020,
        arXiv:1912.03699, eq. 2-6.

    Differences from the authors' code (thuml/Versatile-Domain-Adaptation): none in the loss but
    1e-5 inside a logarithm; its bottleneck and head learn at ten times the backbone's rate.
    """

    reference: ClassVar[str] = "jin2020mcc"
    weight: float = number(default=1.0, least=0.0)
    temperature: float = number(default=2.5, least=1e-6)

    def loss(self, nets: Nets, batch: AdaptationBatch, ctx: Context) -> Terms:
        """Returns the classification and the confusion term."""
        source, target = nets.forward(batch)
        return {
            **supervised(nets, source, batch),
            "confusion": Term(
                class_confusion_loss(target.logits, temperature=self.temperature), self.weight
            ),
        }
