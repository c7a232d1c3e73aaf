"""Small shifted domains for the closed-form methods."""

from __future__ import annotations

import numpy as np

from xferlab.core.batch import Batch, Labelled, Unlabelled

CLASSES = 3


def make_rows(seed=0, sizes=(40, 30), width=6):
    """Two Gaussian mixtures of three classes, the second linearly distorted and shifted."""
    rng = np.random.default_rng(seed)
    means = rng.normal(size=(CLASSES, width)) * 3
    labels = [np.arange(n) % CLASSES for n in sizes]
    source, target = (means[y] + rng.normal(size=(len(y), width)) for y in labels)
    target = target @ (np.eye(width) + 0.3 * rng.normal(size=(width, width))) + 0.5
    return source.astype(np.float32), labels[0], target.astype(np.float32), labels[1]


def make_batch(source, labels, target):
    return Batch(
        Labelled.of(source, labels),
        None if target is None else Unlabelled.of(target),
    )


def fit(method, source, labels, target, *, seed=0, num_classes=CLASSES):
    return method.fit(make_batch(source, labels, target), num_classes=num_classes, seed=seed)
