"""Comparisons over test examples against SciPy, scikit-learn and resampling by hand."""

import numpy as np
import pytest
from scipy import stats

from xferlab.core.errors import InputError
from xferlab.evaluation import metric_table
from xferlab.evaluation.examples import METRICS, compare_predictions

pytestmark = pytest.mark.fast


def draw(seed, n=60, classes=4, quality=(0.7, 0.5)):
    """Labels and two sets of predictions, of which some are right."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(classes, size=n)
    predictions = (
        np.where(generator.random(n) < q, labels, generator.integers(classes, size=n))
        for q in quality
    )
    return labels, *predictions


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("seed", range(4))
def test_the_difference_is_that_of_scikit_learns_metrics(metric, seed):
    labels, ours, baseline = draw(seed, n=25, classes=6)
    test = compare_predictions(labels, ours, baseline, num_classes=6, metric=metric)
    score = metric_table.METRICS[metric]
    assert test.difference == pytest.approx(score(labels, ours, 6) - score(labels, baseline, 6))
    assert test.low <= test.difference <= test.high
    assert test.n == 25


@pytest.mark.parametrize("seed", range(6))
def test_accuracy_has_mcnemars_exact_p_value(seed):
    labels, ours, baseline = draw(seed)
    wins = ((ours == labels) & (baseline != labels)).sum()
    losses = ((ours != labels) & (baseline == labels)).sum()
    expected = stats.binomtest(int(wins), int(wins + losses)).pvalue
    test = compare_predictions(labels, ours, baseline, num_classes=4)
    assert test.p_value == pytest.approx(expected)


@pytest.mark.parametrize("metric", ["class_mean_accuracy", "macro_f1"])
def test_other_metrics_have_the_p_value_of_all_swaps(metric):
    """Ten examples have 1024 patterns of who predicted what."""
    labels, ours, baseline = draw(3, n=10, classes=3, quality=(0.9, 0.2))
    score = metric_table.METRICS[metric]
    patterns = np.arange(2**10)[:, None] >> np.arange(10) & 1 == 1
    differences = [
        score(labels, np.where(swap, baseline, ours), 3)
        - score(labels, np.where(swap, ours, baseline), 3)
        for swap in patterns
    ]
    exact = np.mean(np.abs(differences) >= abs(differences[0]) - 1e-12)
    test = compare_predictions(labels, ours, baseline, num_classes=3, metric=metric)
    assert test.p_value == pytest.approx(exact, abs=0.03)


def test_equal_predictions_do_not_differ():
    labels, ours, _ = draw(0)
    for metric in METRICS:
        test = compare_predictions(labels, ours, ours, num_classes=4, metric=metric)
        assert (test.difference, test.low, test.high, test.p_value) == (0.0, 0.0, 0.0, 1.0)


def test_the_interval_covers_the_difference_of_the_population():
    """Two classifiers that are right in 70 and 60 % of all cases."""
    covered = 0
    for seed in range(200):
        generator = np.random.default_rng(seed)
        right = generator.random((2, 300)) < [[0.7], [0.6]]
        labels = np.zeros(300, int)
        test = compare_predictions(labels, *np.where(right, 0, 1), num_classes=2)
        covered += test.low <= 0.1 <= test.high
    assert 0.9 <= covered / 200 <= 0.99


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (([0, 1], [0, 1], [0]), "lengths"),
        (([], [], []), "labels: expected integers"),
        (([0, 3], [0, 1], [0, 1]), "labels: class 3 is out of range"),
        (([0, 1], [0, -1], [0, 1]), "ours: class -1 is out of range"),
        (([0, 1], [0, 1], [0.5, 1]), "baseline: expected integers"),
    ],
)
def test_what_cannot_be_compared(arrays, message):
    with pytest.raises(InputError, match=message):
        compare_predictions(*map(np.asarray, arrays), num_classes=2)
    with pytest.raises(InputError, match="unknown metric 'f1'"):
        compare_predictions([0], [0], [0], num_classes=2, metric="f1")
