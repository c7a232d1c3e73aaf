"""Metrics of heads that predict labels or numbers; those of classes are in `metrics`."""

from __future__ import annotations

import math

import numpy as np
from sklearn import metrics as sklearn_metrics


def mean_average_precision(truth: np.ndarray, scores: np.ndarray, size: int) -> float:
    """Mean over labels of the area under precision and recall, of labels that both occur and lack.

    Args:
        truth: 0 or 1, [n, size].
        scores: logits, [n, size].
        size: the number of labels.

    Returns:
        A fraction; NaN where every label is there for all or for none.
    """
    varied = [j for j in range(size) if 0 < truth[:, j].sum() < len(truth)]
    each = [sklearn_metrics.average_precision_score(truth[:, j], scores[:, j]) for j in varied]
    return float(np.mean(each)) if each else math.nan


def label_accuracy(truth: np.ndarray, scores: np.ndarray, size: int) -> float:
    """Fraction of all labels that are predicted as they are: there where the logit is positive.

    Args:
        truth: 0 or 1, [n, size].
        scores: logits, [n, size].
        size: the number of labels.
    """
    del size
    return float(((scores > 0) == (truth > 0.5)).mean())


def r2(truth: np.ndarray, predictions: np.ndarray, size: int) -> float:
    """Coefficient of determination, averaged over the numbers of a head.

        R² = 1 - sum (y - a)² / sum (y - mean y)²

    Args:
        truth: y, [n, size].
        predictions: a, [n, size].
        size: the number of numbers.

    Returns:
        A fraction of at most 1; below 0 where the mean of the true numbers is nearer to them.
    """
    del size
    return float(sklearn_metrics.r2_score(truth, predictions)) if len(truth) > 1 else math.nan


def rmse(truth: np.ndarray, predictions: np.ndarray, size: int) -> float:
    """Root of the mean squared error over examples and numbers, in the unit of the numbers.

    Args:
        truth: [n, size].
        predictions: [n, size].
        size: the number of numbers.
    """
    del size
    return float(np.sqrt(np.mean((truth.astype(np.float64) - predictions) ** 2)))


def mae(truth: np.ndarray, predictions: np.ndarray, size: int) -> float:
    """Mean absolute error over examples and numbers, in the unit of the numbers.

    Args:
        truth: [n, size].
        predictions: [n, size].
        size: the number of numbers.
    """
    del size
    return float(np.mean(np.abs(truth.astype(np.float64) - predictions)))
