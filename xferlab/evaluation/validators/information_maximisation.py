"""Mutual information between target examples and their predicted classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from scipy.special import entr

from xferlab.evaluation.validators._parts import require_target
from xferlab.evaluation.views import ValidationView


@dataclass(frozen=True, kw_only=True)
class InformationMaximisation:
    r"""Entropy of the mean target prediction minus the mean entropy: certain and diverse.

        score = H((1/n) \sum_i p_i) - (1/n) \sum_i H(p_i),   p = softmax(target logits)

    The score is in [0, log k], in nats: the mutual information between an example and its
    predicted class. Zero where one class is predicted for everything. It favours balanced
    predictions also where the target's classes are not balanced.

    >>> import numpy as np
    >>> from xferlab.evaluation import Outputs
    >>> target = Outputs(np.eye(4), 50 * np.eye(4))  # four certain predictions, four classes
    >>> round(InformationMaximisation()(ValidationView(target=target)), 4)  # log 4
    1.3863

    References:
        Liang, Hu, Feng: Do We Really Need to Access the Source Data? Source Hypothesis Transfer
        for Unsupervised Domain Adaptation, ICML 2020, arXiv:2002.08546 (`liang2020shot`): minus its
        loss.
        Musgrave, Belongie, Lim: Three New Validators and a Large-Scale Benchmark Ranking for
        Unsupervised Domain Adaptation, 2022, arXiv:2208.07360 (`musgrave2022three`): as a
        validator.
    """

    needs_source: ClassVar[bool] = False
    needs_features: ClassVar[bool] = False
    needs_target: ClassVar[bool] = True
    oracle: ClassVar[bool] = False

    def __call__(self, view: ValidationView) -> float:
        """Returns the mutual information, in nats."""
        probs = require_target(view.target, "information_maximisation").probs
        return float(entr(probs.mean(axis=0)).sum() - entr(probs).sum(axis=1).mean())
