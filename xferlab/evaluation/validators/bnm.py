"""Nuclear norm of target predictions (BNM)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from xferlab.evaluation.validators._parts import require_target
from xferlab.evaluation.views import ValidationView


@dataclass(frozen=True, kw_only=True)
class NuclearNorm:
    r"""Nuclear norm of the target prediction matrix, as a fraction of its maximum.

        score = \sum_r s_r(P) / sqrt(n min(n, k)),   P = softmax(target logits) [n, k],
        s_r its singular values

    The score is in (0, 1]: 1 where predictions are certain and, for n a multiple of k, all classes
    are predicted equally often; 1 / sqrt(min(n, k)) where one class is predicted with certainty.

    >>> import numpy as np
    >>> from xferlab.evaluation import Outputs
    >>> target = Outputs(np.eye(4), 50 * np.eye(4))  # four certain predictions, four classes
    >>> round(NuclearNorm()(ValidationView(target=target)), 4)
    1.0

    References:
        Cui, Wang, Zhuo, Li, Huang, Tian: Towards Discriminability and Diversity: Batch
        Nuclear-norm Maximization under Label Insufficient Situations, CVPR 2020, arXiv:2003.12237
        (`cui2020bnm`).
        Musgrave, Belongie, Lim: Three New Validators and a Large-Scale Benchmark Ranking for
        Unsupervised Domain Adaptation, 2022, arXiv:2208.07360 (`musgrave2022three`): as a
        validator.

    Differences from the second paper's code:
        It divides the norm by n, which makes it sqrt(min(n, k) / n) times this score. The ranking
        of runs on the same examples is the same.
    """

    needs_source: ClassVar[bool] = False
    needs_features: ClassVar[bool] = False
    needs_target: ClassVar[bool] = True
    oracle: ClassVar[bool] = False

    def __call__(self, view: ValidationView) -> float:
        """Returns the nuclear norm as a fraction of its maximum."""
        probs = require_target(view.target, "bnm").probs
        return float(np.linalg.norm(probs, "nuc") / np.sqrt(len(probs) * min(probs.shape)))
