"""What one finished run left behind, as the tables, the plots and the report read it.

Plain frozen dataclasses: the store fills them from disk, nothing here reads or writes a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Float, Int, Shaped

ORACLE = "oracle"
"""The validator that looks at target labels, labelled so wherever its choice is printed."""

REVERSE_VALIDATION = "reverse_validation"
"""The score of the last checkpoint by a run trained back, see `xferlab.benchmark.runs.reverse`."""


@dataclass(frozen=True)
class Evaluation:
    """Scores of one checkpoint of a run.

    Attributes:
        step: The number of training steps that were done.
        metrics: Metric name → value on the labelled target test split, see
            `xferlab.evaluation.metric_table`.
        validators: Validator name → score, higher is better. All but `oracle` see no target label.
    """

    step: int
    metrics: Mapping[str, float]
    validators: Mapping[str, float]


@dataclass(frozen=True)
class Curve:
    """The named loss terms of a run at some of its steps: each list is as long as `steps`."""

    steps: list[int]
    terms: Mapping[str, list[float]]


@dataclass(frozen=True, eq=False)
class Embedding:
    """Encoder features of a small fixed sample, before training (step 0) and after it.

    Attributes:
        before: Features of the untrained network.
        after: Features of the same examples at the last step.
        domain: 0 for a source example, 1 for a target example.
        labels: The class of each example, for colouring alone.
    """

    before: Float[np.ndarray, "n d"]
    after: Float[np.ndarray, "n d"]
    domain: Int[np.ndarray, " n"]
    labels: Int[np.ndarray, " n"]


@dataclass(frozen=True, eq=False)
class Plane:
    """Predicted classes on a grid over two-dimensional inputs, and some of the examples.

    Attributes:
        x: Grid positions along the first input.
        y: Grid positions along the second input.
        classes: The predicted class at (`y[i]`, `x[j]`).
        points: Examples of both domains.
        domain: 0 for a source example, 1 for a target example.
        labels: The class of each example.
    """

    x: Float[np.ndarray, " w"]
    y: Float[np.ndarray, " h"]
    classes: Int[np.ndarray, "h w"]
    points: Float[np.ndarray, "n 2"]
    domain: Int[np.ndarray, " n"]
    labels: Int[np.ndarray, " n"]


@dataclass(frozen=True, eq=False)
class RunRecord:
    """One run of a suite: its cell, how it ended and everything that a report shows of it.

    Attributes:
        digest: The identity of the run.
        task: As the table prints it.
        method: Name of the method or recipe.
        hyper: Canonical JSON of the hyper-parameters that differ from the defaults, '' if none do.
        seed: Index of the seed within the suite; runs with equal index are paired in tests.
        status: `done`, or `diverged` where a loss term or a parameter became non-finite.
        diverged_at: The step at which that happened.
        diverged_term: The loss term in which it was seen.
        evaluations: Scored checkpoints in step order.
        curve: Logged loss terms.
        confusion: Counts, rows true and columns predicted class, on target test at the last step.
        embedding: Features before and after, where the suite keeps them.
        plane: Decision regions, where the inputs are two-dimensional.
        seconds: Training time.
        oracle: Whether the method was trained with target labels.
        deterministic: Whether the method draws nothing: its other seeds would be the same run.
        outputs: Digest of the final logits, and of the features that pictures show; equal ones are
            equal to the last bit. '' if unknown.
        predictions: Predicted classes at every evaluation of the examples of the target test split
            whose class is known.
        labels: The true ones.
        num_classes: The number of classes of the task: those that the network predicts, and the
            unknown one where the test split has it; 0 if not known.
        sources: Names of the source domains.
        target: Name of the target domain.
    """

    digest: str
    task: str
    method: str
    hyper: str
    seed: int
    status: Literal["done", "diverged"]
    evaluations: tuple[Evaluation, ...]
    diverged_at: int | None = None
    diverged_term: str | None = None
    curve: Curve = field(default_factory=lambda: Curve([], {}))
    confusion: Shaped[np.ndarray, "k k"] | None = None
    embedding: Embedding | None = None
    plane: Plane | None = None
    seconds: float = 0.0
    oracle: bool = False
    deterministic: bool = False
    outputs: str = ""
    predictions: Int[np.ndarray, "evaluations n"] | None = None
    labels: Int[np.ndarray, " n"] | None = None
    num_classes: int = 0
    sources: tuple[str, ...] = ()
    target: str = ""

    @property
    def diverged(self) -> bool:
        """Whether the run ended in a non-finite number; it then has no score under any rule."""
        return self.status == "diverged"


def task_places(records: Iterable[RunRecord]) -> dict[str, tuple[str, str]]:
    """Returns where each task stands on a map of sources (rows) and targets (columns).

    Several sources are one row, by their number. Where two tasks would stand in one place, as
    those with other shots do, the columns are the tasks themselves.
    """
    ends = {run.task: (_row_of(run.sources), run.target) for run in records if run.target}
    if len(set(ends.values())) < len(ends):
        return {task: (row, task) for task, (row, _) in ends.items()}
    return ends


def _row_of(sources: tuple[str, ...]) -> str:
    return sources[0] if len(sources) == 1 else f"{len(sources)} sources"


@dataclass(frozen=True)
class MissingRun:
    """A run that belongs to a suite and is not among its records.

    Attributes:
        digest: The identity of the run, and the name of its folder.
        what: What is wrong with it.
        task: As in its record.
        method: As in its record.
        seed: As in its record.
        failed: Whether it was tried and could not run.
    """

    digest: str
    what: str
    task: str = ""
    method: str = ""
    seed: int = 0
    failed: bool = False
