"""The contract of the closed-form methods, and how they read a batch.

A closed-form method is fitted to whole splits at once, in float64 on the host. What comes back
predicts any rows of either domain, also such that were not there at the time. Shots are not read:
under a setting that shows them these methods learn from the source's labels alone.
"""

from __future__ import annotations

import abc
from typing import Any, ClassVar, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from xferlab.core.batch import Batch, Labelled
from xferlab.core.errors import InputError
from xferlab.core.inputs import Inputs, Modalities
from xferlab.core.outputs import HostOutput
from xferlab.core.roles import Role
from xferlab.core.settings import Setting
from xferlab.core.sparse import SparseRows


class FittedMethod(abc.ABC):
    """A method with its data behind it."""

    @abc.abstractmethod
    def predict(self, inputs: Inputs, *, role: Role) -> HostOutput:
        """Returns features and logits of rows of one domain, float32 and finite.

        Features are where the method puts the rows before it classifies them.

        Args:
            inputs: [n, ...], flattened to rows [n, d], or sparse rows; d as at fitting.
            role: whose rows they are: a method may map source and target apart.

        Raises:
            InputError: the rows have another width than those of the fit.
        """


class ClosedFormMethod(abc.ABC):
    """Base of the closed-form methods; concrete ones are decorated with `methods.base.method`."""

    needs: ClassVar[Setting] = Setting.UNSUPERVISED_DA
    """The least that a task must show for the method to run."""
    reference: ClassVar[str] = ""
    """Key of the paper in references.bib."""

    @property
    def deterministic(self) -> bool:
        """Whether `seed` changes nothing: the method is then run once, not once a seed."""
        return False

    @abc.abstractmethod
    def fit(self, batch: Batch, *, num_classes: int, seed: int) -> FittedMethod:
        """Returns the method fitted to whole training splits.

        Args:
            batch: `AdaptationBatch` of NumPy arrays or sparse rows: labelled source, unlabelled
                target.
            num_classes: of the task; labels lie in [0, num_classes).
            seed: decides the folds where a penalty is chosen by cross-validation; nothing else is
                random.

        Raises:
            InputError: a part of the batch is missing, or an option does not fit its size.
        """


class Rows(NamedTuple):
    """A batch as matrices."""

    source: Float[np.ndarray, "n d"]
    labels: Int[np.ndarray, " n"]
    target: Float[np.ndarray, "m d"]


def read_source(batch: Batch, *, num_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the source's rows [n, d], float64, and labels [n].

    Raises:
        InputError: the batch has no labelled source, or a label lies outside the classes.
    """
    if not isinstance(batch.source, Labelled):
        raise InputError(
            f"the source of the batch is {_kind(batch.source)}. Closed-form methods need labelled "
            f"source examples; use a setting such as {Setting.UNSUPERVISED_DA.label!r}"
        )
    inputs, labels = _of_known_class(batch.source)
    outside = np.unique(labels[(labels < 0) | (labels >= num_classes)])
    if outside.size:
        raise InputError(
            f"source labels {outside[:5].tolist()} for {num_classes} classes. Allowed: 0 to "
            f"{num_classes - 1}; number the classes from zero or give num_classes"
        )
    return as_rows(inputs), labels


def _of_known_class(source: Labelled) -> tuple[Inputs, np.ndarray]:
    """Returns inputs and classes of the examples whose class is known."""
    values, known = source.by_head[0]
    if known is None:
        return source.inputs, np.asarray(values)
    return source.inputs[known], np.asarray(values)[known]


def read_both(batch: Batch, *, num_classes: int) -> Rows:
    """Returns the rows of both domains and the source's labels.

    Raises:
        InputError: see `read_source`; or the batch has no target, one of another width, or a
            domain with a single example.
    """
    source, labels = read_source(batch, num_classes=num_classes)
    if batch.target is None:
        raise InputError(
            "the target of the batch is absent. Methods that adapt need its inputs; use the "
            f"setting {Setting.UNSUPERVISED_DA.label!r}, or a method of the source alone such as "
            "nearest_neighbour or svm"
        )
    target = as_rows(batch.target.inputs)
    check_width(target, source.shape[1])
    if min(len(source), len(target)) < 2:
        raise InputError(
            f"{len(source)} source and {len(target)} target examples. Methods that compare "
            "distributions need at least 2 of each; give more data"
        )
    return Rows(source, labels, target)


def as_rows(inputs: Inputs) -> Float[np.ndarray, "n d"]:
    """Returns examples [n, ...] or sparse rows as a dense float64 matrix.

    Raises:
        InputError: several modalities, whose scales no closed form weighs against each other.
    """
    if isinstance(inputs, Modalities):
        raise InputError(
            f"closed-form methods read one matrix, and the inputs are {inputs}. Choose methods that"
            " train a network, or make one array of them"
        )
    dense = inputs.to_dense() if isinstance(inputs, SparseRows) else np.asarray(inputs)
    return dense.reshape(len(dense), -1).astype(np.float64)


def check_width(rows: np.ndarray, width: int) -> None:
    """Raises InputError if rows have not the given number of columns."""
    if rows.shape[1] != width:
        raise InputError(
            f"rows with {rows.shape[1]} columns where {width} are needed. Source, target and "
            "later inputs must have the same features in the same order"
        )


def _kind(part: Any) -> str:
    """Returns what a part of a batch is, in words."""
    return "absent" if part is None else "unlabelled"
