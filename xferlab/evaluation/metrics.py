"""Metrics of predicted classes against labels: fractions in [0, 1], higher is better.

The numbers are scikit-learn's, from counts: its own functions check their input anew each time, ten
times as long as the counting, and a table has thousands of evaluations. What is fixed here is the
treatment of classes without an example: both class means run over the classes present among the
labels, so that every method is averaged over the same classes, whatever it predicts.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int
from sklearn import metrics

from xferlab.evaluation._checks import check_class_ids, check_same_length


def accuracy(
    labels: Int[np.ndarray, " n"], predictions: Int[np.ndarray, " n"], num_classes: int
) -> float:
    r"""Fraction of examples whose class is predicted.

        accuracy = (1/n) \sum_i [prediction_i = label_i]

    Args:
        labels: true classes, [n], in [0, num_classes).
        predictions: predicted classes, [n], in [0, num_classes).
        num_classes: the number of classes, k.

    Returns:
        A fraction in [0, 1].

    Raises:
        InputError: no example, different lengths, or a class that is no integer in range.

    >>> accuracy([0, 0, 0, 1], [0, 0, 1, 1], 2)
    0.75
    """
    labels, predictions = _checked(labels, predictions, num_classes)
    return float(np.mean(labels == predictions))


def class_mean_accuracy(
    labels: Int[np.ndarray, " n"], predictions: Int[np.ndarray, " n"], num_classes: int
) -> float:
    r"""Mean over classes of the fraction of their examples that is recognised (mean recall).

        class_mean_accuracy = (1/|C|) \sum_{c in C} TP_c / (TP_c + FN_c)

    C is the set of classes present among the labels. A class without an example has no recall and
    is left out; predicting it counts against the example's own class.

    Args:
        labels: true classes, [n], in [0, num_classes).
        predictions: predicted classes, [n], in [0, num_classes).
        num_classes: the number of classes, k.

    Returns:
        A fraction in [0, 1].

    Raises:
        InputError: no example, different lengths, or a class that is no integer in range.

    >>> round(class_mean_accuracy([0, 0, 0, 1], [0, 0, 1, 1], 3), 4)  # (2/3 + 1) / 2
    0.8333
    """
    found, there, _ = _counts(*_checked(labels, predictions, num_classes), num_classes)
    present = there > 0
    return float(np.mean(found[present] / there[present]))


def macro_f1(
    labels: Int[np.ndarray, " n"], predictions: Int[np.ndarray, " n"], num_classes: int
) -> float:
    r"""Mean over classes of the harmonic mean of precision and recall.

        macro_f1 = (1/|C|) \sum_{c in C} 2 TP_c / (2 TP_c + FP_c + FN_c)

    C is the set of classes present among the labels.

    Args:
        labels: true classes, [n], in [0, num_classes).
        predictions: predicted classes, [n], in [0, num_classes).
        num_classes: the number of classes, k.

    Returns:
        A fraction in [0, 1].

    Raises:
        InputError: no example, different lengths, or a class that is no integer in range.

    >>> round(macro_f1([0, 0, 0, 1], [0, 0, 1, 1], 3), 4)  # (4/5 + 2/3) / 2
    0.7333

    Differences from scikit-learn:
        Its default set C also has the classes that are predicted but absent, each with F1 zero:
        a method would then be averaged over more classes than another on the same examples.
    """
    found, there, predicted = _counts(*_checked(labels, predictions, num_classes), num_classes)
    present = there > 0
    return float(np.mean(2 * found[present] / (there + predicted)[present]))


def confusion_matrix(
    labels: Int[np.ndarray, " n"], predictions: Int[np.ndarray, " n"], num_classes: int
) -> Int[np.ndarray, "k k"]:
    """Counts of examples by true class (rows) and predicted class (columns).

    Args:
        labels: true classes, [n], in [0, num_classes).
        predictions: predicted classes, [n], in [0, num_classes).
        num_classes: the number of classes, k.

    Returns:
        Counts, [k, k]; the row of a class without an example is zero.

    Raises:
        InputError: no example, different lengths, or a class that is no integer in range.

    >>> confusion_matrix([0, 0, 0, 1], [0, 0, 1, 1], 2).tolist()
    [[2, 1], [0, 1]]
    """
    labels, predictions = _checked(labels, predictions, num_classes)
    return metrics.confusion_matrix(labels, predictions, labels=np.arange(num_classes))


def all_metrics(
    labels: Int[np.ndarray, " n"], predictions: Int[np.ndarray, " n"], num_classes: int
) -> dict[str, float]:
    """Every scalar metric of this module, by name.

    Args:
        labels: true classes, [n], in [0, num_classes).
        predictions: predicted classes, [n], in [0, num_classes).
        num_classes: the number of classes, k.

    Returns:
        Fractions in [0, 1] under 'accuracy', 'class_mean_accuracy' and 'macro_f1'.

    Raises:
        InputError: no example, different lengths, or a class that is no integer in range.
    """
    metrics = (accuracy, class_mean_accuracy, macro_f1)
    return {m.__name__: m(labels, predictions, num_classes) for m in metrics}


def _counts(
    labels: np.ndarray, predictions: np.ndarray, num_classes: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns of every class TP, TP + FN and TP + FP, [k] each."""
    counted = (labels[labels == predictions], labels, predictions)
    found, there, predicted = (
        np.bincount(each.astype(np.intp), minlength=num_classes) for each in counted
    )
    return found, there, predicted


def _checked(
    labels: np.ndarray, predictions: np.ndarray, num_classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Returns both as arrays of class ids of one length."""
    labels = check_class_ids("labels", labels, num_classes)
    predictions = check_class_ids("predictions", predictions, num_classes)
    check_same_length(labels=labels, predictions=predictions)
    return labels, predictions
