"""The oracle: accuracy on the target's test split, from its labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xferlab.evaluation.metrics import accuracy
from xferlab.evaluation.views import OracleView


@dataclass(frozen=True, kw_only=True)
class OracleAccuracy:
    r"""ORACLE: accuracy on the labelled target test split; label it oracle wherever it is printed.

        score = (1/n) \sum_i [argmax_c logits_{ic} = y_i],   i over target_test

    The score is in [0, 1]. It is no validator that could be used without target labels: it bounds
    what selection can gain. A run selected by it and scored by it on the same examples is biased
    upwards.

    >>> import numpy as np
    >>> from xferlab.evaluation import LabelledOutputs
    >>> test = LabelledOutputs(np.eye(2), np.eye(2), np.array([0, 0]))
    >>> OracleAccuracy()(OracleView(target_test=test))
    0.5
    """

    needs_source: ClassVar[bool] = False
    needs_features: ClassVar[bool] = False
    oracle: ClassVar[bool] = True

    def __call__(self, view: OracleView) -> float:
        """Returns the accuracy on the target test split."""
        test = view.target_test
        return accuracy(test.labels, test.predictions, test.num_classes)
