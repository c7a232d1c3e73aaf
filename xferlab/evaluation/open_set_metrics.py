"""Metrics where the target has classes that the source lacks: all of them are one, the unknown.

Classes are 0 ... k - 1, and k for the unknown one. Fractions in [0, 1], higher is better.

References:
    Busto, Gall: Open Set Domain Adaptation. ICCV 2017. (OS and OS*.)
    Bucci, Loghmani, Tommasi: On the Effectiveness of Image Rotation for Open Set Domain Adaptation.
    ECCV 2020, arXiv:2007.12360. (HOS.)
    Fu, Cao, Long, Wang: Learning to Detect Open Classes for Universal Domain Adaptation. ECCV 2020.
    (The same number as H-score, in the universal setting.)
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from xferlab.core.errors import InputError
from xferlab.evaluation._checks import check_class_ids, check_same_length
from xferlab.evaluation.metrics import class_mean_accuracy


def known_class_accuracy(
    labels: Int[np.ndarray, " n"], predictions: Int[np.ndarray, " n"], num_classes: int
) -> float:
    """OS*: mean over the known classes of the fraction of their examples that is recognised.

    A known example that is taken for an unknown one is not recognised.

    Args:
        labels: true classes, [n], in [0, num_classes); the last class is the unknown one.
        predictions: predicted classes, [n], likewise.
        num_classes: k + 1.

    Returns:
        A fraction in [0, 1].

    Raises:
        InputError: no known example, different lengths, or a class that is no integer in range.

    >>> known_class_accuracy([0, 0, 1, 2], [0, 2, 1, 1], 3)  # (1/2 + 1) / 2
    0.75
    """
    labels, predictions, unknown = _divided(labels, predictions, num_classes)
    if unknown.all():
        raise InputError("all examples are of the unknown class; OS* is a mean over known classes")
    return class_mean_accuracy(labels[~unknown], predictions[~unknown], num_classes)


def unknown_accuracy(
    labels: Int[np.ndarray, " n"], predictions: Int[np.ndarray, " n"], num_classes: int
) -> float:
    """UNK: the fraction of the unknown examples that is taken for unknown.

    Args:
        labels: true classes, [n], in [0, num_classes); the last class is the unknown one.
        predictions: predicted classes, [n], likewise.
        num_classes: k + 1.

    Returns:
        A fraction in [0, 1].

    Raises:
        InputError: no unknown example, different lengths, or a class that is no integer in range.

    >>> unknown_accuracy([0, 2, 2, 2], [0, 2, 1, 2], 3) == 2 / 3
    True
    """
    labels, predictions, unknown = _divided(labels, predictions, num_classes)
    if not unknown.any():
        raise InputError(f"no example is of the unknown class {num_classes - 1}; UNK needs some")
    return float(np.mean(predictions[unknown] == labels[unknown]))


def h_score(
    labels: Int[np.ndarray, " n"], predictions: Int[np.ndarray, " n"], num_classes: int
) -> float:
    """HOS: the harmonic mean of OS* and UNK; 0 for a method that takes nothing for unknown.

    Args:
        labels: true classes, [n], in [0, num_classes); the last class is the unknown one.
        predictions: predicted classes, [n], likewise.
        num_classes: k + 1.

    Returns:
        A fraction in [0, 1].

    Raises:
        InputError: no known or no unknown example, different lengths, or a class that is no integer
            in range.

    >>> round(h_score([0, 0, 1, 2, 2], [0, 2, 1, 2, 1], 3), 4)  # 3/4 and 1/2
    0.6
    """
    known = known_class_accuracy(labels, predictions, num_classes)
    unknown = unknown_accuracy(labels, predictions, num_classes)
    return 2 * known * unknown / (known + unknown) if known and unknown else 0.0


def _divided(
    labels: np.ndarray, predictions: np.ndarray, num_classes: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns both as arrays of class ids of one length, and which labels are the unknown class."""
    labels = check_class_ids("labels", labels, num_classes)
    predictions = check_class_ids("predictions", predictions, num_classes)
    check_same_length(labels=labels, predictions=predictions)
    return labels, predictions, labels == num_classes - 1
