"""What a score may look at. The types decide who sees which labels.

A validator takes a `ValidationView`, in which target labels have no field; the oracle takes an
`OracleView`. `LabelledOutputs` is no subclass of `Outputs`, so labelled outputs never pass for
unlabelled ones. Arrays are checked here, once; validators rely on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.special import softmax

from xferlab.core.errors import InputError
from xferlab.core.outputs import predicted_classes
from xferlab.evaluation._checks import check_class_ids, check_matrix, check_same_length


@dataclass(frozen=True, eq=False)
class Outputs:
    """What a network computed on examples whose labels are hidden.

    Args:
        features: encoder outputs, [n, d], finite.
        logits: class logits, [n, k], finite.

    Raises:
        InputError: a wrong shape or type, no example, or a value that is not finite.
    """

    features: Float[np.ndarray, "n d"]
    logits: Float[np.ndarray, "n k"]

    def __post_init__(self):
        check_matrix("features", self.features)
        check_matrix("logits", self.logits)
        check_same_length(features=self.features, logits=self.logits)

    @property
    def probs(self) -> Float[np.ndarray, "n k"]:
        """The softmax of the logits, in float64, [n, k]."""
        return softmax(self.logits.astype(np.float64), axis=1)


@dataclass(frozen=True, eq=False)
class LabelledOutputs:
    """What a network computed on examples, and their labels.

    Args:
        features: encoder outputs, [n, d], finite.
        logits: class logits, [n, k], finite.
        labels: classes, [n], in [0, k); with `unknown` also k, of examples whose class the source
            lacks.
        unknown: positive for examples that are taken for such, [n].

    Raises:
        InputError: a wrong shape or type, no example, a value that is not finite, or a label out
            of range.
    """

    features: Float[np.ndarray, "n d"]
    logits: Float[np.ndarray, "n k"]
    labels: Int[np.ndarray, " n"]
    unknown: Float[np.ndarray, " n"] | None = None

    def __post_init__(self):
        check_matrix("features", self.features)
        check_matrix("logits", self.logits)
        check_class_ids("labels", self.labels, self.num_classes)
        check_same_length(features=self.features, logits=self.logits, labels=self.labels)

    @property
    def num_classes(self) -> int:
        """The classes that there may be: k, with `unknown` one more."""
        return self.logits.shape[1] + (self.unknown is not None)

    @property
    def predictions(self) -> Int[np.ndarray, " n"]:
        """The class with the largest logit, the first of several, or the unknown one, [n]."""
        return predicted_classes(self.logits, self.unknown)


@dataclass(frozen=True, eq=False, kw_only=True)
class ValidationView:
    """What a validator may see: labelled source outputs and unlabelled target outputs.

    Args:
        source_train: outputs on the source's training split; None where the setting hides it.
        source_validation: outputs on source examples held out from training; None where the
            setting hides them.
        target: outputs on the target's training split; None where the setting hides it.

    Raises:
        InputError: the parts have different numbers of features or classes.
        TypeError: the target comes with labels.
    """

    source_train: LabelledOutputs | None = None
    source_validation: LabelledOutputs | None = None
    target: Outputs | None = None

    def __post_init__(self):
        if self.target is not None and not isinstance(self.target, Outputs):
            raise TypeError(f"target: expected Outputs, got {type(self.target).__name__}")
        parts = [self.source_train, self.source_validation, self.target]
        widths = {(p.features.shape[1], p.logits.shape[1]) for p in parts if p is not None}
        if len(widths) > 1:
            raise InputError(
                f"(features, classes) differ between source and target: {sorted(widths)}. Give "
                "the outputs of one network."
            )


@dataclass(frozen=True, eq=False, kw_only=True)
class OracleView:
    """What only the oracle sees: outputs on the target's test split, with their labels."""

    target_test: LabelledOutputs
