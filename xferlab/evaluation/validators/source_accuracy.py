"""Accuracy on held-out source examples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xferlab.evaluation.metrics import accuracy
from xferlab.evaluation.validators._parts import require_source
from xferlab.evaluation.views import ValidationView


@dataclass(frozen=True, kw_only=True)
class SourceAccuracy:
    r"""Accuracy on source examples held out from training; blind to the target.

        score = (1/n) \sum_i [argmax_c logits_{ic} = y_i],   i over source_validation

    The score is in [0, 1]. It is the 'training-domain validation' of the literature, and the
    reference that a validator looking at the target has to beat.

    >>> import numpy as np
    >>> from xferlab.evaluation import LabelledOutputs, Outputs
    >>> source = LabelledOutputs(np.eye(2), np.eye(2), np.array([0, 0]))
    >>> target = Outputs(np.eye(2), np.eye(2))
    >>> SourceAccuracy()(ValidationView(source_validation=source, target=target))
    0.5

    References:
        Musgrave, Belongie, Lim: Three New Validators and a Large-Scale Benchmark Ranking for
        Unsupervised Domain Adaptation, 2022, arXiv:2208.07360 (`musgrave2022three`).
    """

    needs_source: ClassVar[bool] = True
    needs_target: ClassVar[bool] = False
    needs_features: ClassVar[bool] = False
    oracle: ClassVar[bool] = False

    def __call__(self, view: ValidationView) -> float:
        """Returns the accuracy on the source validation split."""
        source = require_source(view.source_validation, "source_accuracy")
        return accuracy(source.labels, source.predictions, source.num_classes)
