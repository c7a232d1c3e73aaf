"""The losses from their papers' formulas, in float64 NumPy, SciPy and scikit-learn.

Slow and literal on purpose: nothing here is shared with the package. Where a method holds part of
its loss constant to the gradient, `frozen` takes the inputs from which that part is computed, so
that finite differences of the oracle give the gradient that the method prescribes.
"""

import numpy as np
from scipy import special, stats
from scipy.spatial import distance
from sklearn import metrics
from sklearn.metrics import pairwise


def cross_entropy(logits, labels, *, label_smoothing=0.0):
    classes = logits.shape[1]
    targets = (1 - label_smoothing) * np.eye(classes)[labels] + label_smoothing / classes
    return soft_cross_entropy(logits, targets)


def soft_cross_entropy(logits, target_probs):
    return -np.einsum("nk,nk->n", target_probs, special.log_softmax(logits, axis=1))


def label_cross_entropy(logits, labels):
    there, absent = special.log_expit(logits), special.log_expit(-logits)
    return -(labels * there + (1 - labels) * absent).mean(axis=1)


def squared_error(predictions, values):
    return ((predictions - values) ** 2).mean(axis=1)


def entropy(logits):
    return stats.entropy(special.softmax(logits, axis=1), axis=1)


def diversity(logits):
    return stats.entropy(special.softmax(logits, axis=1).mean(axis=0))


def information_maximisation(logits):
    return entropy(logits).mean() - diversity(logits)


def domain_loss(source_logits, target_logits):
    labels = [np.ones(len(source_logits)), np.zeros(len(target_logits))]
    halves = [
        metrics.log_loss(label, special.expit(logits), labels=[0, 1])
        for label, logits in zip(labels, [source_logits, target_logits], strict=True)
    ]
    return np.mean(halves)


def weighted_domain_loss(
    source_logits, target_logits, source_weights, target_weights, *, frozen=None
):
    *_, fixed_source, fixed_target = frozen or (source_weights, target_weights)
    source = -source_weights * np.log(special.expit(source_logits))
    target = -target_weights * np.log(1 - special.expit(target_logits))
    return 0.5 * (source.sum() / fixed_source.sum() + target.sum() / fixed_target.sum())


def generator_loss(target_logits):
    return -np.log(special.expit(target_logits))


def multilinear(features, probs):
    return np.array([np.kron(f, p) for f, p in zip(features, probs, strict=True)])


def random_multilinear(features, probs, feature_matrix, prob_matrix):
    size = feature_matrix.shape[1]
    out = np.empty((len(features), size))
    for i, j in np.ndindex(out.shape):
        out[i, j] = features[i] @ feature_matrix[:, j] * (probs[i] @ prob_matrix[:, j])
    return out / size**0.5


def entropy_weights(logits):
    return 1 + np.exp(-entropy(logits))


def gaussian_kernel(x, y, *, squared_bandwidths=(1.0,)):
    return sum(pairwise.rbf_kernel(x, y, gamma=1 / (2 * s)) for s in squared_bandwidths)


def _mean_embedding_distance(kernel, size, estimator):
    """Sums over pairs, one by one."""
    total = 0.0
    domains = [range(size), range(size, len(kernel))]
    for domain in domains:
        pairs = [(i, j) for i in domain for j in domain if estimator == "biased" or i != j]
        total += sum(kernel[i, j] for i, j in pairs) / len(pairs)
    cross = [kernel[i, j] for i in domains[0] for j in domains[1]]
    return total - 2 * np.mean(cross)


def _kernel(source, target, multipliers, squared_bandwidth, frozen):
    points = np.concatenate([source, target])
    if squared_bandwidth is None:
        squared_bandwidth = distance.pdist(np.concatenate(frozen), "sqeuclidean").mean()
    variances = [multiplier * squared_bandwidth for multiplier in multipliers]
    return gaussian_kernel(points, points, squared_bandwidths=variances)


def mmd_loss(
    source,
    target,
    *,
    multipliers=(1 / 8, 1 / 4, 1 / 2, 1, 2),
    squared_bandwidth=None,
    estimator="biased",
    frozen=None,
):
    fixed = frozen or (source, target)
    kernel = _kernel(source, target, multipliers, squared_bandwidth, fixed)
    return _mean_embedding_distance(kernel, len(source), estimator)


def jmmd_loss(
    source_features, source_probs, target_features, target_probs, *, estimator="biased", frozen=None
):
    fixed = frozen or (source_features, None, target_features, None)
    features = _kernel(
        source_features, target_features, (1 / 8, 1 / 4, 1 / 2, 1, 2), None, (fixed[0], fixed[2])
    )
    probs = np.concatenate([source_probs, target_probs])
    kernel = features * np.exp(-distance.cdist(probs, probs, "sqeuclidean") / 1.68)
    return _mean_embedding_distance(kernel, len(source_features), estimator)


def coral_loss(source, target):
    difference = np.cov(source, rowvar=False) - np.cov(target, rowvar=False)
    return np.linalg.norm(difference, "fro") ** 2 / (4 * source.shape[1] ** 2)


def wasserstein_gap(source_scores, target_scores):
    return source_scores.sum() / len(source_scores) - target_scores.sum() / len(target_scores)


def gradient_penalty(points, hidden, out):
    """For the critic tanh(x W) v, whose gradient is W (v (1 - tanh(x W)^2))."""
    gradients = (out * (1 - np.tanh(points @ hidden) ** 2)) @ hidden.T
    return np.mean((np.linalg.norm(gradients, axis=1) - 1) ** 2)


def class_confusion_loss(logits, *, temperature=2.5, frozen=None):
    (fixed,) = frozen or (logits,)
    n, k = logits.shape
    probs = special.softmax(logits / temperature, axis=1)
    weights = 1 + np.exp(-stats.entropy(special.softmax(fixed / temperature, axis=1), axis=1))
    confusion = probs.T @ np.diag(n * weights / weights.sum()) @ probs
    normalised = confusion / confusion.sum(axis=1, keepdims=True)
    return (normalised.sum() - np.trace(normalised)) / k


def nuclear_norm_loss(logits):
    return -np.linalg.norm(special.softmax(logits, axis=1), "nuc") / len(logits)


def domain_means(losses, domain_id, *, domains=4):
    groups = [losses[domain_id == g] for g in range(domains)]
    return np.array([group.mean() if group.size else 0.0 for group in groups])


def exponentiated_weights(weights, domain_losses, *, step_size=0.01):
    """Algorithm 1 of GroupDRO."""
    raised = weights * np.exp(step_size * domain_losses)
    return raised / raised.sum()


def moment_distance(source, target, domain_id, *, domains=4, moments=2):
    """Equation 1 of M3SDA, over the sources that are there."""
    parts = [source[domain_id == i] for i in range(domains)]
    parts, total = [part for part in parts if len(part)], 0.0
    for k in range(1, moments + 1):
        means = [(part**k).mean(axis=0) for part in parts]
        apart = distance.pdist(np.stack(means)) if len(means) > 1 else np.zeros(1)
        to_target = [np.linalg.norm(mean - (target**k).mean(axis=0)) for mean in means]
        total += np.mean(to_target) + np.mean(apart)
    return total


def unknown_boundary_loss(logits, *, boundary=0.5):
    """Equation 2 of OSBP."""
    p = special.softmax(logits, axis=1)[:, -1]
    return -boundary * np.log(p) - (1 - boundary) * np.log(1 - p)


def classifier_discrepancy(first_logits, second_logits):
    first, second = special.softmax(first_logits, axis=1), special.softmax(second_logits, axis=1)
    pairs = zip(first, second, strict=True)
    return np.array([distance.cityblock(p, q) / len(p) for p, q in pairs])


def consistency_loss(student_logits, teacher_logits, *, confidence_threshold=0.968):
    student = special.softmax(student_logits, axis=1)
    teacher = special.softmax(teacher_logits, axis=1)
    pairs = zip(student, teacher, strict=True)
    squares = np.array([distance.sqeuclidean(s, t) / len(s) for s, t in pairs])
    return squares * (teacher.max(axis=1) > confidence_threshold)


def class_balance_loss(logits):
    k = logits.shape[1]
    mean = special.softmax(logits, axis=1).mean(axis=0)
    return sum(-(1 / k) * np.log(q) - (1 - 1 / k) * np.log(1 - q) for q in mean)


def nt_xent(first, second, *, temperature=0.1):
    """Equation 1 of the paper, view by view: the partner among the 2n - 1 others."""
    vectors = np.concatenate([first, second])
    similarities = 1 - distance.cdist(vectors, vectors, "cosine")
    n, losses = len(first), np.zeros(2 * len(first))
    for a in range(2 * n):
        others = [c for c in range(2 * n) if c != a]
        likelihoods = special.softmax(similarities[a, others] / temperature)
        losses[a] = -np.log(likelihoods[others.index((a + n) % (2 * n))])
    return (losses[:n] + losses[n:]) / 2
