"""Statistics: coverage, exact p-values, degenerate seeds, Holm's correction."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from xferlab.core.errors import InputError
from xferlab.evaluation import Interval, holm, intervals_separated, mean_interval, paired_test

pytestmark = pytest.mark.fast

both_methods = pytest.mark.parametrize("method", ["resampling", "t"])


@pytest.mark.parametrize(
    ("method", "n", "lowest", "highest"),
    [("resampling", 20, 0.87, 0.96), ("resampling", 5, 0.76, 0.90), ("t", 5, 0.92, 0.98)],
)
def test_coverage_on_normal_scores(method, n, lowest, highest):
    rng = np.random.default_rng(0)
    intervals = [
        mean_interval(rng.normal(0.7, 0.1, n), method=method, resamples=499) for _ in range(400)
    ]
    assert lowest < np.mean([i.low <= 0.7 <= i.high for i in intervals]) < highest


def test_t_interval_is_the_textbook_one():
    values = np.random.default_rng(0).normal(size=6)
    half = stats.t.ppf(0.95, 5) * values.std(ddof=1) / np.sqrt(6)
    expected = (values.mean(), values.mean() - half, values.mean() + half, 6)
    assert mean_interval(values, method="t", confidence=0.9) == pytest.approx(expected)


def test_bootstrap_interval_is_the_quantiles_of_all_resampled_means():
    values = [0.1, 0.4, 0.5, 0.9]
    means = [np.mean(sample) for sample in itertools.product(values, repeat=4)]
    interval = mean_interval(values, confidence=0.8, resamples=50_000)
    expected = np.quantile(means, [0.1, 0.9])
    np.testing.assert_allclose([interval.low, interval.high], expected, atol=0.03)


def test_the_order_of_seeds_does_not_matter():
    values = np.random.default_rng(0).normal(size=8)
    assert mean_interval(values) == mean_interval(values[::-1])


@pytest.mark.parametrize(
    "option", [{"method": "t"}, {"confidence": 0.5}, {"resamples": 99}, {"seed": 1}]
)
def test_every_option_changes_the_result(option):
    values = np.random.default_rng(0).normal(size=20)
    assert mean_interval(values, **option) != mean_interval(values)
    default, other = paired_test(values, -values), paired_test(values, -values, **option)
    assert (default.low, default.high) != (other.low, other.high)
    if "confidence" not in option:
        assert default.p_value != other.p_value


@both_methods
def test_one_seed_has_no_interval(method):
    assert mean_interval([0.3], method=method) == Interval(0.3, None, None, 1)
    assert paired_test([0.5], [0.25], method=method) == (0.25, None, None, 1.0, 1)


@both_methods
def test_equal_scores_have_the_interval_of_their_value(method):
    mean, low, high, n = mean_interval([0.1, 0.1, 0.1], method=method)
    assert mean == low == high == pytest.approx(0.1) and n == 3
    assert paired_test([0.2, 0.7], [0.2, 0.7], method=method) == (0, 0, 0, 1, 2)


@pytest.mark.parametrize(("method", "p_value"), [("resampling", 0.25), ("t", 0.0)])
def test_a_constant_difference_up_to_rounding(method, p_value):
    test = paired_test([0.9, 0.8, 0.7], [0.8, 0.7, 0.6], method=method)
    assert test == pytest.approx((0.1, 0.1, 0.1, p_value, 3))


@pytest.mark.parametrize("n", [2, 5, 7])
def test_sign_flip_p_value_is_exact(n):
    rng = np.random.default_rng(n)
    ours, baseline = rng.normal(0.5, 1, n), rng.normal(0, 1, n)
    differences = ours - baseline
    signs = np.array(list(itertools.product([-1, 1], repeat=n)))
    means = np.abs(signs @ differences) / n
    expected = np.mean(means >= abs(differences.mean()) - 1e-12)
    assert paired_test(ours, baseline).p_value == pytest.approx(expected)


def test_five_seeds_never_reach_five_percent():
    assert paired_test(np.arange(5) + 100.0, np.arange(5) * 1.5).p_value == 2 / 2**5


def test_with_many_seeds_both_p_values_agree():
    rng = np.random.default_rng(0)
    ours, baseline = rng.normal(0.5, 1, 20), rng.normal(0, 1, 20)
    student = stats.ttest_rel(ours, baseline).pvalue
    assert paired_test(ours, baseline, method="t").p_value == pytest.approx(student)
    assert paired_test(ours, baseline).p_value == pytest.approx(student, abs=0.03)


def test_paired_interval_is_that_of_the_differences():
    ours, baseline = np.array([0.9, 0.7, 0.8]), np.array([0.6, 0.5, 0.7])
    test = paired_test(ours, baseline)
    assert (test.difference, test.low, test.high, test.n) == mean_interval(ours - baseline)


def test_intervals_separated():
    low, high = Interval(0.5, 0.4, 0.6, 5), Interval(0.8, 0.7, 0.9, 5)
    touching, single = Interval(0.6, 0.6, 0.8, 5), Interval(0.9, None, None, 1)
    assert intervals_separated(low, high) and intervals_separated(high, low)
    assert not intervals_separated(low, touching) and not intervals_separated(low, single)
    assert not intervals_separated(single, low)


def test_holm_by_hand():
    """Sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1; the last is raised to the third's 0.06."""
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.6, 0.9]), [1.0, 1.0])
    np.testing.assert_allclose(holm([0.2]), [0.2])


@pytest.mark.parametrize(
    "call",
    [
        lambda: mean_interval([]),
        lambda: mean_interval([0.5, np.nan]),
        lambda: mean_interval([[0.5, 0.6]]),
        lambda: mean_interval([0.5, 0.6], method="bca"),
        lambda: mean_interval([0.5, 0.6], confidence=95),
        lambda: paired_test([0.5, 0.6], [0.5]),
        lambda: paired_test([0.5], [np.inf]),
        lambda: paired_test([0.5], [0.4], method="wilcoxon"),
        lambda: holm([]),
        lambda: holm([0.5, 1.5]),
    ],
)
def test_bad_input_is_refused(call):
    with pytest.raises(InputError):
        call()


@pytest.mark.parametrize("total", [3, 7, 10, 40, 445, 2007, 10000, 40960])
@pytest.mark.parametrize("n", [2, 3, 5, 8, 13])
@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_sign_flip_p_values_of_counts_are_those_of_the_integers(n, total, scale):
    """Scores are k right of `total`; the test on integers, which have exact ties, decides."""
    rng = np.random.default_rng(n * total)
    for _ in range(5):
        ours, base = rng.integers(0, total + 1, (2, n))
        ours[: n // 2] = base[: n // 2] + (ours - base)[0] * rng.choice((-1, 1), n // 2)
        differences = ours - base
        signs = np.array(list(itertools.product([-1, 1], repeat=n)))
        exact = (np.abs(signs @ differences) >= abs(differences.sum())).mean()
        p_value = paired_test(scale * ours / total, scale * base / total).p_value
        assert p_value == exact


def test_many_seeds_are_flipped_at_random_and_keep_their_ties():
    ours, base = np.tile([0.3, 0.1], 10), np.tile([0.2, 0.2], 10)
    assert paired_test(ours, base).p_value == 1.0
    assert paired_test(ours + 0.2, base).p_value == pytest.approx(2 / 2**20, abs=2e-3)
