"""Small made domains for the tests of this folder."""

import numpy as np

from xferlab.data.domain import Domain
from xferlab.data.split import Split


def make_split(n=12, *, seed=0, shape=(3,), classes=3):
    """Random float32 inputs; labels 0, 1, 2, 0, ..."""
    inputs = np.random.default_rng(seed).normal(size=(n, *shape)).astype(np.float32)
    return Split(inputs, np.arange(n) % classes)


def make_domain(name="made", *, train=None, test=None, class_names=("x", "y", "z")):
    """A valid domain of 12 training and 6 test vectors, unless parts are given."""
    splits = {"train": train or make_split(12, seed=1), "test": test or make_split(6, seed=2)}
    return Domain(name, splits, class_names)
