"""DAN: equal feature distributions by the multi-kernel maximum mean discrepancy."""

from __future__ import annotations

from typing import ClassVar

from xferlab.core.batch import AdaptationBatch
from xferlab.losses.mmd import mmd_loss
from xferlab.methods.base import Context, Method, Term, Terms, method, number
from xferlab.methods.supervised import supervised
from xferlab.models.nets import Nets


@method
class DAN(Method):
    """Aligns the features by MK-MMD with five Gaussian kernels.

        L = mean CE(h(f(x_s)), y_s) + weight · MMD²(f(x_s), f(x_t))

    Attributes:
        weight: factor of the discrepancy; 1 in the authors' code. The paper chooses it for each
            task on the source and a domain classifier.

    References:
        Long, Cao, Wang, Jordan: Learning Transferable Features with Deep Adaptation Networks.
        ICML 2015, arXiv:1502.02791, eq. 4.

    Differences from the paper: one adapted layer, the encoder's output (the paper adapts the three
    last layers of AlexNet); fixed equal kernel weights instead of learned ones; the quadratic-time
    estimate instead of the linear-time one, unbiased as that is. The biased one counts each example
    with itself: it is above zero between equal distributions, and falls as a batch draws together,
    so that with 32 + 32 examples features collapse.

    Differences from the authors' code (thuml/Xlearn): none in the loss of its PyTorch part, which
    adapts the bottleneck alone with five kernels of equal weight and the unbiased estimate. Its
    Caffe model adapts the last two layers, each with weight 1, and estimates in linear time.
    """

    reference: ClassVar[str] = "long2015dan"
    weight: float = number(default=1.0, least=0.0)

    def loss(self, nets: Nets, batch: AdaptationBatch, ctx: Context) -> Terms:
        """Returns the classification and the discrepancy term."""
        source, target = nets.forward(batch)
        return {
            **supervised(nets, source, batch),
            "mmd": Term(
                mmd_loss(source.features, target.features, estimator="unbiased"), self.weight
            ),
        }
