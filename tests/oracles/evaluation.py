"""Metrics, validators and statistics as their papers state them, in plain NumPy and SciPy.

Written apart from the package: loops, other identities and a general-purpose optimiser where the
package uses arrays, closed forms and scikit-learn.
"""

from __future__ import annotations

import itertools

import numpy as np
from scipy import optimize, stats


def softmax(logits):
    """Returns the rows' softmax in float64."""
    shifted = np.exp(np.float64(logits) - np.max(logits, axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def fraction_correct(outputs):
    """Returns the fraction of examples whose largest logit is the label's."""
    hits = [
        np.argmax(row) == label for row, label in zip(outputs.logits, outputs.labels, strict=True)
    ]
    return sum(hits) / len(hits)


def source_accuracy(view):
    """Accuracy on the source validation split."""
    return fraction_correct(view.source_validation)


def oracle(view):
    """Accuracy on the target test split."""
    return fraction_correct(view.target_test)


def entropy(view):
    """Minus the mean entropy."""
    return -np.mean([stats.entropy(row) for row in softmax(view.target.logits)])


def information_maximisation(view):
    """The mutual information as the mean divergence from the mean prediction."""
    probs = softmax(view.target.logits)
    return np.mean([stats.entropy(row, probs.mean(axis=0)) for row in probs])


def snd(view, temperature=0.05):
    """Entropy of each example's softmax over its cosine similarities to the others."""
    probs = softmax(view.target.logits)
    entropies = []
    for i, row in enumerate(probs):
        others = np.delete(probs, i, axis=0)
        cosines = others @ row / (np.linalg.norm(others, axis=1) * np.linalg.norm(row))
        entropies.append(stats.entropy(np.exp((cosines - 1) / temperature)))
    return np.mean(entropies)


def bnm(view):
    """Sum of singular values, from the eigenvalues of the Gram matrix, over its upper bound."""
    probs = softmax(view.target.logits)
    eigenvalues = np.linalg.eigvalsh(probs.T @ probs)
    return np.sqrt(np.clip(eigenvalues, 0, None)).sum() / np.sqrt(len(probs) * min(probs.shape))


def dev(view, loss="zero_one", decay=1e-3):
    """Minus the value at w = 1 of the straight line fitted to the weighted losses against w.

    That is mean(w l) + beta (1 - mean(w)) with beta = Cov(w l, w) / Var(w): the paper's control
    variate with eta = -beta.
    """
    source, target = view.source_train.features, view.target.features
    weights = _density_ratios(source, target, view.source_validation.features, decay)
    logits, labels = view.source_validation.logits, view.source_validation.labels
    if loss == "zero_one":
        losses = np.argmax(logits, axis=1) != labels
    else:
        losses = [-np.log(p[y]) for p, y in zip(softmax(logits), labels, strict=True)]
    slope, intercept = np.polyfit(weights, weights * losses, 1)
    return -(slope + intercept)


def _density_ratios(source, target, queries, decay):
    """Minimises mean(log loss) + decay/2 |w|^2 directly and returns p_target / p_source."""
    both = np.float64(np.vstack([source, target]))
    mean, std = both.mean(axis=0), both.std(axis=0)
    inputs = (both - mean) / std
    sign = np.r_[-np.ones(len(source)), np.ones(len(target))]

    def objective(theta):
        margins = sign * (inputs @ theta[1:] + theta[0])
        slopes = -sign / (1 + np.exp(margins)) / len(sign)
        value = np.mean(np.logaddexp(0, -margins)) + decay / 2 * theta[1:] @ theta[1:]
        return value, np.r_[slopes.sum(), slopes @ inputs + decay * theta[1:]]

    start = np.zeros(inputs.shape[1] + 1)
    theta = optimize.minimize(objective, start, jac=True, method="BFGS", tol=1e-10).x
    odds = np.exp((np.float64(queries) - mean) / std @ theta[1:] + theta[0])
    return odds * len(source) / len(target)


def class_scores(labels, predictions):
    """Returns recall and F1 of each class present among the labels, by counting."""
    recalls, f1s = [], []
    for c in sorted(set(labels.tolist())):
        hit = np.sum((labels == c) & (predictions == c))
        recalls.append(hit / np.sum(labels == c))
        f1s.append(2 * hit / (np.sum(labels == c) + np.sum(predictions == c)))
    return recalls, f1s


def chance_to_beat(ours, baseline):
    """Probability of improvement: Mann-Whitney's U of each task over its pairs, averaged."""
    values = []
    for task in range(np.shape(ours)[1]):
        x, y = np.array(ours)[:, task], np.array(baseline)[:, task]
        values.append(stats.mannwhitneyu(x, y).statistic / (len(x) * len(y)))
    return sum(values) / len(values)


def middle_mean(values):
    """Mean without the lowest and the highest quarter, each rounded down, of a sorted list."""
    ordered = sorted(np.ravel(values).tolist())
    cut = len(ordered) // 4
    return sum(ordered[cut : len(ordered) - cut]) / (len(ordered) - 2 * cut)


def resampled_interval(statistic, *matrices, resamples=20_000, confidence=0.95, seed=1):
    """Bootstrap interval of a statistic of matrices [seeds, tasks], each task drawn on its own."""
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(resamples):
        drawn = [
            np.column_stack([rng.choice(column, len(column)) for column in matrix.T])
            for matrix in matrices
        ]
        values.append(statistic(*drawn))
    return np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])


def ranks_by_counting(scores):
    """Mean ranks: one plus the better methods plus half of the other ties, counted per task."""
    methods, tasks = np.shape(scores)
    ranks = np.zeros(methods)
    for method in range(methods):
        for task in range(tasks):
            mine = scores[method][task]
            others = [scores[i][task] for i in range(methods) if i != method]
            ranks[method] += 1 + sum(o > mine for o in others) + sum(o == mine for o in others) / 2
    return ranks / tasks


def undivided_groups(mean_ranks, difference):
    """All maximal sets of two methods or more whose ranks pairwise differ by less."""
    methods = range(len(mean_ranks))
    close = [
        set(group)
        for size in range(2, len(mean_ranks) + 1)
        for group in itertools.combinations(methods, size)
        if all(abs(mean_ranks[i] - mean_ranks[j]) < difference for i in group for j in group)
    ]
    return {frozenset(g) for g in close if not any(g < other for other in close)}
