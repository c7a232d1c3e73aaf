"""JAN: equal joint distributions of features and predictions."""

from __future__ import annotations

from typing import ClassVar

import jax

from xferlab.core.batch import AdaptationBatch
from xferlab.losses.jmmd import jmmd_loss
from xferlab.methods.base import Context, Method, Term, Terms, method, number
from xferlab.methods.schedules import dann_ramp
from xferlab.methods.supervised import supervised
from xferlab.models.nets import Nets, Output


@method
class JAN(Method):
    """Aligns (features, probabilities) jointly by the joint maximum mean discrepancy.

        L = mean CE(h(f(x_s)), y_s) + λ · JMMD²((f_s, p_s), (f_t, p_t))
        λ = weight · (2 / (1 + exp(-10 p)) - 1)

    p is the training progress: early features and predictions are noise.

    Attributes:
        weight: factor of the discrepancy at the end of its ramp; 1 in the paper.

    References:
        Long, Zhu, Wang, Jordan: Deep Transfer Learning with Joint Adaptation Networks. ICML 2017,
        arXiv:1605.06636, eq. 9.

    Differences from the paper: the quadratic-time estimate instead of the linear-time one, unbiased
    as that is (see `methods.dan`); no adversarial kernel layer (the paper's JAN-A).

    Differences from the authors' code (thuml/Xlearn): λ is constant there. Its PyTorch part has
    this discrepancy with λ = 1, above a frozen backbone. Its Caffe models have two of λ = 0.3, one
    of last hidden layer and predictions and one of the predictions with themselves.
    """

    reference: ClassVar[str] = "long2017jan"
    weight: float = number(default=1.0, least=0.0)

    def loss(self, nets: Nets, batch: AdaptationBatch, ctx: Context) -> Terms:
        """Returns the classification and the joint-discrepancy term."""
        source, target = nets.forward(batch)
        return {
            **supervised(nets, source, batch),
            "jmmd": Term(
                jmmd_loss(_layers(source), _layers(target), estimator="unbiased"),
                self.weight * dann_ramp(ctx.progress),
            ),
        }


def _layers(output: Output) -> tuple[jax.Array, jax.Array]:
    return output.features, jax.nn.softmax(output.logits)
