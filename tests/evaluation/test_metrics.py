"""Metrics against counting by hand, and what absent classes do."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from tests.oracles.evaluation import class_scores
from xferlab.core.errors import InputError
from xferlab.evaluation import (
    accuracy,
    all_metrics,
    class_mean_accuracy,
    confusion_matrix,
    macro_f1,
)

pytestmark = pytest.mark.fast


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("n", "k"), [(200, 4), (6, 10), (1, 2)])
def test_metrics_agree_with_counting(seed, n, k):
    rng = np.random.default_rng(seed)
    labels, predictions = rng.integers(0, k, n), rng.integers(0, k, n)
    recalls, f1s = class_scores(labels, predictions)
    expected = {
        "accuracy": np.mean(labels == predictions),
        "class_mean_accuracy": np.mean(recalls),
        "macro_f1": np.mean(f1s),
    }
    assert all_metrics(labels, predictions, k) == pytest.approx(expected)


@pytest.mark.parametrize("dtype", [np.int8, np.uint64, np.int64])
def test_metrics_agree_with_scikit_learn(dtype):
    rng = np.random.default_rng(3)
    labels, predictions = rng.integers(0, 7, (2, 500)).astype(dtype)
    present = {"labels": np.unique(labels), "average": "macro"}
    expected = {
        "accuracy": metrics.accuracy_score(labels, predictions),
        "class_mean_accuracy": metrics.recall_score(labels, predictions, **present),
        "macro_f1": metrics.f1_score(labels, predictions, **present),
    }
    assert all_metrics(labels, predictions, 9) == pytest.approx(expected, rel=1e-14)


def test_confusion_matrix_counts_true_class_by_predicted_class():
    rng = np.random.default_rng(0)
    labels, predictions = rng.integers(0, 3, 50), rng.integers(0, 4, 50)
    expected = np.zeros((5, 5), int)
    np.add.at(expected, (labels, predictions), 1)
    np.testing.assert_array_equal(confusion_matrix(labels, predictions, 5), expected)


def test_classes_without_examples_are_left_out_of_class_means():
    labels, predictions = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 2])
    assert class_mean_accuracy(labels, predictions, 9) == pytest.approx((1 + 1 / 2) / 2)
    assert macro_f1(labels, predictions, 9) == pytest.approx((1 + 2 / 3) / 2)


def test_imbalance_separates_accuracy_from_class_means():
    labels, predictions = np.array([0] * 98 + [1] * 2), np.zeros(100, int)
    assert accuracy(labels, predictions, 2) == 0.98
    assert class_mean_accuracy(labels, predictions, 2) == 0.5


@pytest.mark.parametrize("metric", [all_metrics, confusion_matrix])
@pytest.mark.parametrize(
    ("labels", "predictions", "message"),
    [
        ([0, 1], [0, 2], "predictions: class 2 is out of range. Allowed: 0 to 1"),
        ([0, 2], [0, 1], "labels: class 2 is out of range"),
        ([0, 1], [0], "lengths {'labels': 2, 'predictions': 1}"),
        ([], [], "labels: expected integers"),
        ([0, 1], [0.0, 1.0], "predictions: expected integers"),
        ([0, 1], [[0.2, 0.8], [0.5, 0.5]], "predictions: expected integers"),
    ],
)
def test_bad_input_is_refused(metric, labels, predictions, message):
    with pytest.raises(InputError, match=message):
        metric(labels, predictions, 2)
