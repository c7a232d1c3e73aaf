"""Statistics over many tasks against Demšar's examples, SciPy's tests and brute force."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tests.oracles import evaluation as oracles
from xferlab.core.errors import InputError
from xferlab.evaluation.comparison import (
    aggregate_mean,
    compare_tasks,
    interquartile_mean,
    probability_of_improvement,
)
from xferlab.evaluation.ranks import (
    average_ranks,
    compare_ranks,
    critical_difference,
    friedman_p_value,
    rank_groups,
)

pytestmark = pytest.mark.fast

# Demšar 2006, table 5(a): q_0.05 and q_0.10 of Nemenyi's test for 2 to 10 classifiers.
DEMSAR_Q = {
    0.05: [1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164],
    0.10: [1.645, 2.052, 2.291, 2.459, 2.589, 2.693, 2.780, 2.855, 2.920],
}
# Demšar 2006, table 6: ranks of C4.5, C4.5+m, C4.5+cf and C4.5+m+cf on 14 data sets.
DEMSAR_RANKS = [
    *([4, 3, 2, 1], [1, 2, 3, 4], [4, 1, 2, 3], [4, 1, 3, 2], [4, 2, 3, 1], [1, 2.5, 4, 2.5]),
    *([3, 2, 4, 1], [2.5, 2.5, 4, 1], [4, 3, 2, 1], [2.5, 2.5, 2.5, 2.5], [4, 2.5, 1, 2.5]),
    *([3, 2, 4, 1], [4, 1, 2, 3], [3, 1, 4, 2]),
]


def matrix(seed, seeds=4, tasks=3, *, digits=6):
    """Returns scores [seeds, tasks]; few digits make ties."""
    return np.random.default_rng(seed).normal(0.6, 0.1, (seeds, tasks)).round(digits)


# Wins, ties and losses


@pytest.mark.parametrize("method", ["t", "resampling"])
def test_verdicts_are_paired_tests_with_holm_over_tasks(method):
    rng = np.random.default_rng(0)
    baseline = rng.normal(0.6, 0.02, (10, 5))
    ours = baseline + rng.normal([0.05, 0.03, 0.01, 0.0, -0.05], 0.02, (10, 5))
    result = compare_tasks(ours.T, baseline.T, method=method)
    if method == "t":
        raw = stats.ttest_rel(ours, baseline).pvalue
    else:
        signs = np.array(np.meshgrid(*[[-1, 1]] * 10)).reshape(10, -1)
        means = np.abs((ours - baseline).T @ signs)
        raw = (means >= np.abs((ours - baseline).sum(axis=0))[:, None] - 1e-9).mean(axis=1)
    order, adjusted = np.argsort(raw), np.zeros(5)
    for position, task in enumerate(order):
        earlier = adjusted[order[position - 1]] if position else 0
        adjusted[task] = max(earlier, min(1, (5 - position) * raw[task]))
    np.testing.assert_allclose(result.p_values, adjusted)
    np.testing.assert_allclose(result.differences, (ours - baseline).mean(axis=0))
    signs = np.sign(result.differences) * (adjusted <= 0.05)
    words = {1: "better", -1: "worse", 0: ""}
    assert result.verdicts == tuple(words[int(s)] for s in signs)
    assert (result.count("better"), result.count("worse")) == (sum(signs > 0), sum(signs < 0))
    assert result.count("worse") == 1


def test_no_false_win_over_many_tasks():
    """Without a difference, any win or loss among 10 tasks is as rare as alpha says."""
    rng = np.random.default_rng(0)
    false = [
        any(compare_tasks(*rng.normal(size=(2, 10, 5)), method="t", alpha=0.2).verdicts)
        for _ in range(120)
    ]
    assert 0.1 < np.mean(false) < 0.27


def test_one_seed_is_a_tie():
    result = compare_tasks([[0.9], [0.1]], [[0.2], [0.8]])
    assert result.verdicts == ("", "") and result.p_values.tolist() == [1, 1]


def test_tasks_may_have_different_seeds():
    ours = [np.array([0.9, 0.8, 0.85]), np.array([0.9, 0.8])]
    result = compare_tasks(ours, [x - 0.1 for x in ours], method="t")
    np.testing.assert_allclose(result.differences, 0.1)


# Aggregates and probability of improvement


@pytest.mark.parametrize("digits", [6, 1])
@pytest.mark.parametrize("seeds", [(1, 1), (4, 4), (5, 3)])
def test_probability_of_improvement_is_the_mann_whitney_u(seeds, digits):
    ours, baseline = (matrix(i, n, digits=digits) for i, n in enumerate(seeds))
    value = probability_of_improvement(ours, baseline).value
    assert value == pytest.approx(oracles.chance_to_beat(ours, baseline))
    assert probability_of_improvement(baseline, ours).value == pytest.approx(1 - value)


def test_probability_of_improvement_at_the_ends():
    scores = matrix(0)
    assert probability_of_improvement(scores, scores - 1) == (1, 1, 1)
    assert probability_of_improvement(scores, scores).value == 0.5
    assert probability_of_improvement(np.ones((3, 2)), np.ones((3, 2))) == (0.5, 0.5, 0.5)


@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (3, 1), (4, 3), (5, 6)])
def test_aggregates(shape):
    scores = matrix(0, *shape)
    assert aggregate_mean(scores).value == pytest.approx(scores.mean())
    assert interquartile_mean(scores).value == pytest.approx(oracles.middle_mean(scores))


CASES = {
    "mean": (aggregate_mean, np.mean, 1),
    "iqm": (interquartile_mean, oracles.middle_mean, 1),
    "improvement": (
        probability_of_improvement,
        lambda x, y: (np.sign(x[:, None] - y).mean() + 1) / 2,
        2,
    ),
}
each_statistic = pytest.mark.parametrize(("ours", "oracle", "inputs"), CASES.values(), ids=CASES)


@each_statistic
def test_intervals_are_quantiles_of_a_stratified_bootstrap(ours, oracle, inputs):
    """Tasks of very different levels: drawn across tasks, the interval would be far wider."""
    levels = np.array([0.1, 0.5, 0.9])
    matrices = [levels + matrix(i, 5) / 5 for i in range(inputs)]
    result = ours(*matrices, resamples=10_000)
    expected = oracles.resampled_interval(oracle, *matrices, resamples=4_000)
    np.testing.assert_allclose([result.low, result.high], expected, atol=0.006 * inputs**3)


@each_statistic
def test_intervals_are_reproducible_and_options_count(ours, oracle, inputs):
    matrices = [matrix(i, 6, 5) for i in range(inputs)]
    default = ours(*matrices)
    assert ours(*matrices) == default
    assert default.low < default.value < default.high
    for option in ({"confidence": 0.5}, {"resamples": 99}, {"seed": 1}):
        assert ours(*matrices, **option)[1:] != default[1:]


@each_statistic
def test_one_seed_has_no_interval(ours, oracle, inputs):
    result = ours(*[matrix(i, 1) for i in range(inputs)])
    assert result.low is None and result.high is None and np.isfinite(result.value)


@pytest.mark.parametrize("ours", [aggregate_mean, interquartile_mean])
def test_the_order_of_seeds_does_not_matter(ours):
    scores = matrix(0)
    assert ours(scores) == pytest.approx(ours(scores[::-1]))


@pytest.mark.parametrize(("seeds", "lowest", "highest"), [(3, 0.80, 0.92), (5, 0.85, 0.95)])
def test_coverage_over_twelve_tasks(seeds, lowest, highest):
    rng = np.random.default_rng(0)
    levels = rng.normal(0.6, 0.1, 12)
    intervals = [
        aggregate_mean(rng.normal(levels, 0.03, (seeds, 12)), resamples=299) for _ in range(300)
    ]
    covered = [i.low <= levels.mean() <= i.high for i in intervals]
    assert lowest < np.mean(covered) < highest


# Ranks


@pytest.mark.parametrize("alpha", DEMSAR_Q)
def test_critical_differences_are_those_of_demsars_table(alpha):
    for k, q in enumerate(DEMSAR_Q[alpha], start=2):
        expected = q * np.sqrt(k * (k + 1) / (6 * 14))
        assert critical_difference(k, 14, alpha=alpha) == pytest.approx(expected, rel=5e-4)


def test_demsars_example():
    """Average ranks of table 6; CD 1.25 at 5 % finds nothing, 1.12 at 10 % the two he names."""
    scores = -np.array(DEMSAR_RANKS, float).T
    ranks = average_ranks(scores)
    np.testing.assert_allclose(ranks, [3.143, 2.000, 2.893, 1.964], atol=5e-4)
    assert critical_difference(4, 14) == pytest.approx(1.25, abs=0.005)
    strict = compare_ranks(scores)
    assert strict.groups == ((3, 1, 2, 0),)
    loose = compare_ranks(scores, alpha=0.10)
    assert loose.critical_difference == pytest.approx(1.12, abs=0.005)
    assert loose.groups == ((3, 1, 2), (2, 0))


@pytest.mark.parametrize("digits", [6, 1])
def test_ranks_and_friedmans_test(digits):
    scores = matrix(0, 5, 8, digits=digits)
    np.testing.assert_allclose(average_ranks(scores), oracles.ranks_by_counting(scores))
    expected = stats.friedmanchisquare(*scores).pvalue
    assert friedman_p_value(scores) == pytest.approx(expected)


def test_friedmans_statistic_without_ties_is_his_formula():
    scores = matrix(0, 5, 8)
    ranks = oracles.ranks_by_counting(scores)
    statistic = 12 * 8 / (5 * 6) * (np.sum(ranks**2) - 5 * 6**2 / 4)
    assert friedman_p_value(scores) == pytest.approx(stats.chi2.sf(statistic, 4))


def test_means_equal_up_to_rounding_share_a_rank():
    first, second = (0.1 + 0.2 + 0.3) / 3, (0.3 + 0.2 + 0.1) / 3
    assert first != second
    np.testing.assert_array_equal(average_ranks([[first] * 2, [second] * 2]), [1.5, 1.5])


def test_ties_everywhere():
    result = compare_ranks(np.ones((3, 4)))
    assert result.mean_ranks.tolist() == [2, 2, 2]
    assert result.friedman_p == 1 and result.groups == ((0, 1, 2),)


def test_two_methods_have_no_friedman_test():
    result = compare_ranks([[0.9] * 12, [0.8] * 12])
    assert result.friedman_p is None
    assert result.mean_ranks.tolist() == [1, 2] and result.groups == ()


def test_one_group_unless_friedman_rejects():
    """Extreme ranks further apart than CD, hidden among methods that rank at random."""
    scores = np.array([[9, 9, 9, 9.0], [5, 5, 1, 1], [1, 1, 5, 5], [0, 0, 0, 0]])
    rejected, kept = (compare_ranks(scores, alpha=a) for a in (0.05, 0.001))
    assert rejected.friedman_p < 0.05 and len(rejected.groups) > 1
    assert kept.friedman_p > 0.001 and kept.groups[0][0] == 0 and len(kept.groups) == 1


@pytest.mark.parametrize("seed", range(20))
def test_groups_are_the_maximal_sets_that_do_not_differ(seed):
    rng = np.random.default_rng(seed)
    ranks = rng.uniform(1, 6, 6).round(1)
    difference = rng.uniform(0.1, 4)
    groups = rank_groups(ranks, difference)
    assert {frozenset(g) for g in groups} == oracles.undivided_groups(ranks, difference)
    assert all(list(ranks[list(g)]) == sorted(ranks[list(g)]) for g in groups)


def test_a_difference_of_exactly_cd_counts():
    assert rank_groups([1.0, 2.0], 1.0) == ()
    assert rank_groups([1.0, 2.0], 1.1) == ((0, 1),)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: compare_tasks([], []), "p_values"),
        (lambda: compare_tasks([[0.5]], [[0.5], [0.4]]), "1 tasks and baseline 2"),
        (lambda: compare_tasks([[np.nan]], [[0.5]]), "ours"),
        (lambda: aggregate_mean([[np.nan, 0.5]]), "1 not finite"),
        (lambda: interquartile_mean([0.5, 0.6]), r"shape \(2,\)"),
        (lambda: aggregate_mean(np.ones((2, 2)), confidence=95), "confidence 95"),
        (lambda: probability_of_improvement([[0.5]], [[0.5, 0.6]]), "1 tasks and baseline 2"),
        (lambda: probability_of_improvement([[np.inf]], [[0.5]]), "ours"),
        (lambda: average_ranks([[0.5, 0.6]]), "at least 2 of each"),
        (lambda: average_ranks([[0.5], [0.6]]), "at least 2 of each"),
        (lambda: compare_ranks([[0.5, 0.6], [0.5, np.nan]]), "method 1 has no finite score"),
        (lambda: critical_difference(1, 5), "1 methods"),
        (lambda: critical_difference(3, 5, alpha=5), "alpha 5"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()
