"""What each method's paper minimises, in float64 NumPy, from parameters and inputs.

The network is a perceptron without batch norm, so its outputs are computed here too. Every oracle
takes a `World` and returns the terms of its phases by name, as (value, weight).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import special, stats

from tests.oracles import losses


class World(NamedTuple):
    """Everything that a loss depends on."""

    params: Any
    source: np.ndarray
    labels: np.ndarray
    target: np.ndarray
    state: Any = ()


def dense(x, layer):
    return x @ np.asarray(layer["kernel"], np.float64) + np.asarray(layer["bias"], np.float64)


def relu(x):
    return np.maximum(x, 0)


def encode(world, inputs, encoder=None):
    """One hidden layer: the features."""
    return relu(dense(inputs, (encoder or world.params["encoder"])["backbone"]["layers"][0]))


def classify(world, features):
    return dense(features, world.params["heads"]["label"])


def perceptron(features, params):
    """A discriminator or critic: one hidden layer, one output."""
    hidden, out = layers(params)
    return dense(relu(dense(features, hidden)), out)[:, 0]


def layers(params):
    """The hidden layer and the output layer of a discriminator or critic."""
    (hidden,) = params["net"]["hidden"].values()
    return hidden, params["net"]["out"]


def views(world):
    """Features and logits of source and target."""
    features = [encode(world, x) for x in (world.source, world.target)]
    return *features, *(classify(world, f) for f in features)


def classification(world, label_smoothing=0.0):
    *_, logits, _ = views(world)
    value = losses.cross_entropy(logits, world.labels, label_smoothing=label_smoothing).mean()
    return {"classification": (value, 1.0)}


def dan(world):
    source, target, *_ = views(world)
    return classification(world) | {
        "mmd": (losses.mmd_loss(source, target, estimator="unbiased"), 1.0)
    }


def jan(world):
    source, target, source_logits, target_logits = views(world)
    probs = (special.softmax(logits, axis=1) for logits in (source_logits, target_logits))
    value = losses.jmmd_loss(source, next(probs), target, next(probs), estimator="unbiased")
    return classification(world) | {"jmmd": (value, dann_ramp(0.3))}


def deep_coral(world):
    source, target, *_ = views(world)
    return classification(world) | {"coral": (losses.coral_loss(source, target), 10.0)}


def dann(world):
    scores = (perceptron(f, world.params["discriminator"]) for f in views(world)[:2])
    return classification(world) | {"domain": (losses.domain_loss(*scores), 1.0)}


def _conditional_scores(world):
    source, target, source_logits, target_logits = views(world)
    for features, logits in ((source, source_logits), (target, target_logits)):
        joint = losses.multilinear(features, special.softmax(logits, axis=1))
        yield perceptron(joint, world.params["discriminator"])


def cdan(world):
    value = losses.domain_loss(*_conditional_scores(world))
    return classification(world) | {"domain": (value, 1.0)}


def cdan_e(world):
    weights = [losses.entropy_weights(logits) for logits in views(world)[2:]]
    value = losses.weighted_domain_loss(*_conditional_scores(world), *weights)
    return classification(world) | {"domain": (value, 1.0)}


def adda(world):
    kept = encode(world, world.source, world.state[0]["encoder"])
    scores = [
        perceptron(f, world.params["discriminator"]) for f in (kept, encode(world, world.target))
    ]
    return {
        "discriminator/domain": (losses.domain_loss(*scores), 1.0),
        "encoder/fooling": (losses.generator_loss(scores[1]).mean(), 1.0),
    }


def critic_penalty(params, points):
    """Mean squared distance of the critic's gradient norms from one."""
    active = dense(points, layers(params)[0]) > 0
    hidden, out = (np.asarray(layer["kernel"], np.float64) for layer in layers(params))
    gradients = (active * out[:, 0]) @ hidden.T
    return np.mean((np.linalg.norm(gradients, axis=1) - 1) ** 2)


def wdgrl(world):
    """`state` holds the share of the source in each interpolated point."""
    source, target, *_ = views(world)
    critic = world.params["critic"]
    gap = losses.wasserstein_gap(perceptron(source, critic), perceptron(target, critic))
    points = np.concatenate([source, target, target + world.state * (source - target)])
    return {
        "critic/wasserstein": (gap, -1.0),
        "critic/penalty": (critic_penalty(critic, points), 10.0),
        "train/classification": classification(world)["classification"],
        "train/wasserstein": (gap, 1.0),
    }


def mcd(world):
    source, target, logits, target_logits = views(world)
    second = world.params["second_head"]
    discrepancy = losses.classifier_discrepancy(target_logits, dense(target, second)).mean()
    first = losses.cross_entropy(logits, world.labels).mean()
    other = losses.cross_entropy(dense(source, second), world.labels).mean()
    return {
        "source/first": (first, 1.0),
        "source/second": (other, 1.0),
        "classifiers/first": (first, 1.0),
        "classifiers/second": (other, 1.0),
        "classifiers/discrepancy": (discrepancy, -1.0),
        "encoder/discrepancy": (discrepancy, 1.0),
    }


def mcc(world):
    value = losses.class_confusion_loss(views(world)[3], temperature=2.5)
    return classification(world) | {"confusion": (value, 1.0)}


def bnm(world):
    value = losses.nuclear_norm_loss(views(world)[3])
    return classification(world) | {"nuclear_norm": (value, 1.0)}


def self_ensembling(world):
    """Without augmentation; `state` holds the teacher's parameters."""
    student = views(world)[3]
    teacher = classify(
        world._replace(params=world.state), encode(world, world.target, world.state["encoder"])
    )
    consistency = losses.consistency_loss(student, teacher, confidence_threshold=0.968).mean()
    certainty = special.softmax(teacher, axis=1).max(axis=1)
    return classification(world) | {
        "consistency": (consistency, 3.0),
        "balance": (np.mean(certainty > 0.968) * losses.class_balance_loss(student), 3 * 0.005),
    }


def mme(world):
    """Section 3 of the paper: features on the unit sphere, no bias, temperature 0.05."""
    prototypes = np.asarray(world.params["prototypes"]["prototypes"]["kernel"], np.float64)
    source, target, *_ = views(world)
    logits = [
        f / np.linalg.norm(f, axis=1, keepdims=True) @ prototypes / 0.05 for f in (source, target)
    ]
    uncertainty = stats.entropy(special.softmax(logits[1], axis=1), axis=1).mean()
    return {
        "classification": (losses.cross_entropy(logits[0], world.labels).mean(), 1.0),
        "entropy": (uncertainty, -0.1),
    }


def group_dro(world):
    """Algorithm 1, from weights in `state` and the domains of the source."""
    weights, domain_id = world.state
    each = losses.cross_entropy(views(world)[2], world.labels)
    means = losses.domain_means(each, domain_id, domains=len(weights))
    return {"classification": (losses.exponentiated_weights(weights, means) @ means, 1.0)}


def m3sda(world):
    """`state` has the domains of the source."""
    source, target, *_ = views(world)
    value = losses.moment_distance(source, target, world.state, domains=2)
    return classification(world) | {"moments": (value, 1.0)}


def pada(world):
    """Equation 4; `state` has the weights of the classes."""
    source, target, logits, _ = views(world)
    weights, ce = world.state[world.labels], losses.cross_entropy(logits, world.labels)
    scores = [perceptron(f, world.params["discriminator"]) for f in (source, target)]
    domain = -(weights * special.log_expit(scores[0])).mean() - special.log_expit(-scores[1]).mean()
    return {"classification": ((weights * ce).mean(), 1.0), "domain": (domain / 2, 1.0)}


def osbp(world):
    source, target, *_ = views(world)
    logits = [dense(f, world.params["open_head"]) for f in (source, target)]
    return {
        "classification": (losses.cross_entropy(logits[0], world.labels).mean(), 1.0),
        "boundary": (losses.unknown_boundary_loss(logits[1]).mean(), 1.0),
    }


def shot(world):
    """`state` holds the pseudo-labels of the batch."""
    logits = views(world)[3]
    return {
        "entropy": (losses.entropy(logits).mean(), 1.0),
        "diversity": (losses.diversity(logits), -1.0),
        "pseudo_label": (losses.cross_entropy(logits, world.state).mean(), 0.1),
    }


def tent(world):
    return {"entropy": (losses.entropy(views(world)[3]).mean(), 1.0)}


def uncertainty_weighting(world):
    """Section 3.2 of the paper, for one head of classes, with the least variance."""
    (free,) = np.exp(np.asarray(world.params["log_variances"]["values"], np.float64))
    value, _ = classification(world)["classification"]
    variance = 0.01 + 0.99 * free
    return {
        "classification": (value, 1 / variance),
        "log_variance_label": (np.log(variance), 0.5),
    }


def simclr(world):
    """Without augmentation, both views are the example; one batch of both domains."""
    hidden, out = layers({"net": world.params["projection"]})
    vectors = np.concatenate([dense(relu(dense(f, hidden)), out) for f in views(world)[:2]])
    return {"nt_xent": (losses.nt_xent(vectors, vectors).mean(), 1.0)}


def target_only(world):
    """The target's labels are the world's."""
    value = losses.cross_entropy(views(world)[3], world.labels).mean()
    return {"classification": (value, 1.0)}


def ada_bn(world):
    return {}


def dann_ramp(progress):
    return np.tanh(5 * progress)


def centroid_pseudo_labels(features, logits):
    """SHOT, eq. 5-7, with its code's constant feature: cosine to the centroids, twice."""
    features = np.hstack([features, np.ones((len(features), 1))]).astype(np.float64)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    weights = special.softmax(logits.astype(np.float64), axis=1)
    for _ in range(2):
        similarity = np.full(weights.shape, -np.inf)
        for k in np.flatnonzero(weights.sum(axis=0) > 0):
            centroid = (weights[:, [k]] * features).sum(axis=0) / weights[:, k].sum()
            similarity[:, k] = features @ centroid / np.linalg.norm(centroid)
        labels = similarity.argmax(axis=1)
        weights = np.eye(weights.shape[1])[labels]
    return labels
