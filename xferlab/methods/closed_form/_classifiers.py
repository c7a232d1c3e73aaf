"""The classifiers that stand on top of a closed-form adaptation, by name."""

from __future__ import annotations

import abc
import dataclasses
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse
from jaxtyping import Float, Int
from scipy.spatial.distance import cdist
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.svm import SVC

from xferlab.core.errors import InputError
from xferlab.core.names import NameTable
from xferlab.core.outputs import HostOutput
from xferlab.core.roles import SOURCE, Role
from xferlab.methods.closed_form.base import (
    ClosedFormMethod,
    FittedMethod,
    as_rows,
    check_width,
)

ABSENT = -1e30
"""Logit of a class that has no source example: finite, below every other."""

MAX_STEPS = 1_000_000
"""Steps of the solver for each pair of classes.

A few times the number of examples is what it needs, but rounding can make it circle at a solution:
it did on one fold of mSDA's coordinates, at one penalty.
"""

MAX_STEPS_BETWEEN_MAPS = 100_000
"""The same where no solution need exist, as the matrix is not symmetric."""

SPARSE_SHARE = 0.1
"""Below this share of entries that are not zero, sparse products are the quicker ones."""

Map = Callable[[Float[np.ndarray, "n d"]], Float[np.ndarray, "n f"]]
ClassScores = Callable[[Float[np.ndarray, "n f"]], Float[np.ndarray, "n k"]]


class MappedSource(NamedTuple):
    """The labelled source examples where a classifier sees them."""

    features: Float[np.ndarray, "n f"]
    """As the source's map sends them."""
    as_target: Float[np.ndarray, "n f"]
    """As the target's map would send them."""
    labels: Int[np.ndarray, " n"]


class Classifier(abc.ABC):
    """A way to get class scores of features from labelled examples."""

    @property
    def deterministic(self) -> bool:
        """Whether the seed of `fit` changes nothing."""
        return True

    @abc.abstractmethod
    def fit(self, mapped: MappedSource, *, num_classes: int, seed: int) -> ClassScores:
        """Returns the function from features [n, f] to float32 logits [n, num_classes]."""


@dataclasses.dataclass(frozen=True)
class NearestExample(Classifier):
    """The label of the source example at the smallest Euclidean distance, the first of equals."""

    def fit(self, mapped: MappedSource, *, num_classes: int, seed: int) -> ClassScores:
        """Returns minus the squared distance to the nearest example of each class."""

        def scores(features: np.ndarray) -> np.ndarray:
            squared = cdist(features, mapped.features, "sqeuclidean")
            logits = np.full((len(features), num_classes), ABSENT)
            for label in np.unique(mapped.labels):
                logits[:, label] = -squared[:, mapped.labels == label].min(axis=1)
            return _put_first(logits, mapped.labels[squared.argmin(axis=1)])

        return scores


def product(rows: np.ndarray, others: np.ndarray) -> Float[np.ndarray, "n m"]:
    """Returns the linear kernel: inner products, of bags of words through sparse matrices."""
    if np.count_nonzero(rows) < SPARSE_SHARE * rows.size:
        return (scipy.sparse.csr_array(rows) @ scipy.sparse.csr_array(others).T).toarray()
    return rows @ others.T


def gaussian(rows: np.ndarray, others: np.ndarray) -> Float[np.ndarray, "n m"]:
    """Returns exp(-||a - b||² / d) for d features: LIBSVM's default kernel."""
    return np.exp(-cdist(rows, others, "sqeuclidean") / rows.shape[1])


KERNELS: NameTable[Callable[[np.ndarray, np.ndarray], np.ndarray]] = NameTable(
    "kernel", {"linear": product, "rbf": gaussian}
)


@dataclasses.dataclass(frozen=True)
class SupportVectors(Classifier):
    """A support vector machine with hinge loss; its penalty is chosen on the source alone.

    Pairs of classes vote as in LIBSVM; of classes with equally many votes the first wins.

    Attributes:
        kernel: 'linear' or 'rbf'.
        penalties: candidates for the factor C of the hinge loss; of equal ones the first wins.
        folds: of the stratified cross-validation, at most the size of the smallest class.
        between_maps: train on similarities of each example, mapped as source, with every other
            one, mapped as target: what a target row will be compared by. The matrix is not
            symmetric, so the solver may circle; it stops after `MAX_STEPS_BETWEEN_MAPS`.
    """

    kernel: str = "linear"
    penalties: tuple[float, ...] = tuple(np.logspace(-5, 0, 10).tolist())
    folds: int = 5
    between_maps: bool = False

    @property
    def deterministic(self) -> bool:
        """False where folds are drawn to choose a penalty."""
        return len(self.penalties) == 1

    def fit(self, mapped: MappedSource, *, num_classes: int, seed: int) -> ClassScores:
        """Returns the machine's decision values; a class without source examples has the lowest.

        Raises:
            InputError: fewer than two classes, too few examples of one for cross-validation, or no
                penalty above zero.
        """
        kernel = KERNELS[self.kernel]
        others = mapped.as_target if self.between_maps else mapped.features
        similarities = kernel(mapped.features, others)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            penalty = self._choose_penalty(similarities, mapped.labels, seed)
            machine = self._machine(penalty).fit(similarities, mapped.labels)

        def scores(features: np.ndarray) -> np.ndarray:
            return _class_scores(machine, kernel(features, mapped.features), num_classes)

        return scores

    def _machine(self, penalty: float) -> SVC:
        """Returns an untrained machine for a matrix of similarities."""
        steps = MAX_STEPS_BETWEEN_MAPS if self.between_maps else MAX_STEPS
        return SVC(kernel="precomputed", C=penalty, max_iter=steps)

    def _choose_penalty(self, similarities: np.ndarray, labels: np.ndarray, seed: int) -> float:
        """Returns the candidate with the highest accuracy in cross-validation."""
        _, counts = np.unique(labels, return_counts=True)
        if len(counts) < 2:
            raise InputError(
                f"a source with {len(counts)} class. A support vector machine needs at least two; "
                "use the classifier '1nn' or give examples of other classes"
            )
        if not self.penalties or min(self.penalties) <= 0:
            raise InputError(
                f"penalties={self.penalties}. Allowed: one number above zero or more; give "
                "candidates such as (0.01, 0.1, 1.0)"
            )
        if len(self.penalties) == 1:
            return self.penalties[0]
        folds = min(self.folds, int(counts.min()))
        if folds < 2:
            raise InputError(
                f"cross-validation with folds={self.folds} where the smallest class has "
                f"{counts.min()} source example. At least 2 of both are needed; use the classifier "
                "'1nn' or, with the method svm, a single penalty"
            )
        splits = StratifiedKFold(folds, shuffle=True, random_state=seed)
        accuracies = [
            cross_val_score(self._machine(c), similarities, labels, cv=splits).mean()
            for c in self.penalties
        ]
        return self.penalties[int(np.argmax(accuracies))]


CLASSIFIERS: NameTable[Classifier] = NameTable(
    "classifier",
    {
        "1nn": NearestExample(),
        "svm": SupportVectors(),
        "similarity_svm": SupportVectors(
            penalties=tuple(10.0**power for power in range(-3, 5)), between_maps=True
        ),
    },
)
"""What the attribute `classifier` of a method may say."""


class MapMethod(ClosedFormMethod):
    """Base of the methods that map both domains into one space and classify there.

    Attributes:
        classifier: what classifies, a name in `CLASSIFIERS`.
    """

    classifier: str

    @property
    def deterministic(self) -> bool:
        """Whether the classifier is: the maps draw nothing."""
        return CLASSIFIERS[self.classifier].deterministic


@dataclasses.dataclass(frozen=True, eq=False)
class FittedMaps(FittedMethod):
    """A map for each domain into one space, and scores of that space."""

    maps: tuple[Map, Map]
    scores: ClassScores
    width: int

    def predict(self, inputs: Any, *, role: Role) -> HostOutput:
        """Returns the mapped rows and their scores."""
        rows = as_rows(inputs)
        check_width(rows, self.width)
        features = self.maps[role != SOURCE](rows)
        return HostOutput(features.astype(np.float32), self.scores(features))


def fit_maps(
    maps: tuple[Map, Map],
    source: Float[np.ndarray, "n d"],
    labels: Int[np.ndarray, " n"],
    classifier: Classifier,
    *,
    num_classes: int,
    seed: int,
) -> FittedMaps:
    """Returns the maps of source and target with the classifier fitted to the mapped source."""
    mapped = MappedSource(maps[0](source), maps[1](source), labels)
    scores = classifier.fit(mapped, num_classes=num_classes, seed=seed)
    return FittedMaps(maps, scores, source.shape[1])


def identity(rows: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
    """Returns the rows: the map of a domain that stays where it is."""
    return rows


def _class_scores(machine: SVC, similarities: np.ndarray, num_classes: int) -> np.ndarray:
    """Returns float32 decision values in columns of all classes; the highest is the vote's."""
    decision = machine.decision_function(similarities)
    if decision.ndim == 1:
        decision = np.stack([-decision, decision], axis=1)
    logits = np.full((len(similarities), num_classes), ABSENT)
    logits[:, machine.classes_] = decision
    return _put_first(logits, machine.predict(similarities))


def _put_first(logits: np.ndarray, labels: np.ndarray) -> Float[np.ndarray, "n k"]:
    """Returns float32 logits whose first maximum is the label.

    Rounding and equal scores could let another class win; such a row's label is raised to the next
    number above the maximum.
    """
    logits = logits.astype(np.float32)
    rows = np.flatnonzero(logits.argmax(axis=1) != labels)
    logits[rows, labels[rows]] = np.nextafter(logits[rows].max(axis=1), np.float32(np.inf))
    return logits
