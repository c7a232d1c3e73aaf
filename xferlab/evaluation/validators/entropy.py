"""Entropy of target predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from scipy.special import entr

from xferlab.evaluation.validators._parts import require_target
from xferlab.evaluation.views import ValidationView


@dataclass(frozen=True, kw_only=True)
class Entropy:
    r"""Minus the mean entropy of target predictions: certain predictions score high.

        score = (1/n) \sum_i \sum_c p_{ic} log p_{ic},   p = softmax(target logits)

    The score is in [-log k, 0]. It is highest, too, for a network that predicts one class for
    everything, which `information_maximisation` scores lowest.

    >>> import numpy as np
    >>> from xferlab.evaluation import Outputs
    >>> target = Outputs(np.eye(4), 50 * np.eye(4))  # four certain predictions, four classes
    >>> abs(round(Entropy()(ValidationView(target=target)), 4))
    0.0

    References:
        Musgrave, Belongie, Lim: Three New Validators and a Large-Scale Benchmark Ranking for
        Unsupervised Domain Adaptation, 2022, arXiv:2208.07360 (`musgrave2022three`).
    """

    needs_source: ClassVar[bool] = False
    needs_features: ClassVar[bool] = False
    needs_target: ClassVar[bool] = True
    oracle: ClassVar[bool] = False

    def __call__(self, view: ValidationView) -> float:
        """Returns minus the mean entropy, in nats."""
        return -float(entr(require_target(view.target, "entropy").probs).sum(axis=1).mean())
