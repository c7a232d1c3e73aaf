"""Probes: classifiers fitted on features and true labels, to score the features.

A probe is a score. It is fitted on labels of the target's training examples that evaluation owns
and no method sees, and nothing of a run depends on it.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Float, Int
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler, normalize

from xferlab.core.errors import InputError
from xferlab.evaluation._checks import check_matrix, check_same_length

PROBE_LIMIT = 2000
"""Examples that a probe is fitted on; of more they are drawn once, without regard to labels."""
MAX_STEPS = 1000
"""Steps of the linear probe's solver."""


class Probe(Protocol):
    """A classifier of features."""

    @property
    def least(self) -> int:
        """The least number of labelled examples that it can be fitted on."""
        ...

    @property
    def sentence(self) -> str:
        """What it is, for the notes of a table."""
        ...

    def predict(
        self,
        features: Float[np.ndarray, "n d"],
        labels: Int[np.ndarray, " n"],
        queries: Float[np.ndarray, "m d"],
    ) -> Int[np.ndarray, " m"]:
        """Returns the classes of queries, from labelled examples.

        Args:
            features: of the labelled examples, [n, d].
            labels: their classes, [n].
            queries: features to classify, [m, d].

        Raises:
            InputError: features that are not finite, or the same for all examples: there are none
                to probe.
        """
        ...


@dataclass(frozen=True)
class KnnProbe:
    """The k nearest examples vote, by cosine similarity; of equal votes the lowest class wins.

    Attributes:
        k: the number of neighbours.

    References:
        Wu, Xiong, Yu, Lin: Unsupervised Feature Learning via Non-Parametric Instance
        Discrimination. CVPR 2018, arXiv:1805.01978.

    Differences: votes there are weighted by exp(similarity / 0.07), and k is 200.
    """

    k: int = 5

    @property
    def least(self) -> int:
        """As many as vote."""
        return self.k

    @property
    def sentence(self) -> str:
        """What it is, for the notes of a table."""
        return f"the vote of the {self.k} nearest examples by cosine similarity of features"

    def predict(self, features: np.ndarray, labels: np.ndarray, queries: np.ndarray) -> np.ndarray:
        """Returns the classes that most of the nearest examples have, see `Probe`."""
        fitted, asked = map(normalize, _checked(features, labels, queries))
        voters = KNeighborsClassifier(n_neighbors=self.k, metric="cosine", algorithm="brute")
        return voters.fit(fitted, labels).predict(asked)


@dataclass(frozen=True)
class LinearProbe:
    """Multinomial logistic regression on standardised features, squared weights penalised.

        min_{W,b}  1/2 ||W||² + C Σ_i -log softmax(W z_i + b)_{y_i}

    z is a feature minus its mean over its deviation, both of the examples that it is fitted on. The
    solver is L-BFGS, for at most `MAX_STEPS` steps.

    Attributes:
        strength: C.

    References:
        Alain, Bengio: Understanding intermediate layers using linear classifier probes. ICLR
        workshop 2017, arXiv:1610.01644.
    """

    strength: float = 1.0

    @property
    def least(self) -> int:
        """Two, for two classes."""
        return 2

    @property
    def sentence(self) -> str:
        """What it is, for the notes of a table."""
        return f"logistic regression (C = {self.strength:g}) on standardised features"

    def predict(self, features: np.ndarray, labels: np.ndarray, queries: np.ndarray) -> np.ndarray:
        """Returns the most probable classes, see `Probe`."""
        fitted, asked = _checked(features, labels, queries)
        scaler = StandardScaler().fit(fitted)
        machine = LogisticRegression(C=self.strength, max_iter=MAX_STEPS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            machine.fit(scaler.transform(fitted), labels)
        return np.asarray(machine.predict(scaler.transform(asked)))


def _checked(
    features: np.ndarray, labels: np.ndarray, queries: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Returns both sets of features in float64."""
    check_matrix("features", features)
    check_matrix("queries", queries)
    check_same_length(features=features, labels=labels)
    if (features == features[:1]).all():
        raise InputError(
            "the features are the same for all examples: the method has none that a probe could be"
            " fitted on. Leave out the probe, or the method"
        )
    return features.astype(np.float64), queries.astype(np.float64)
