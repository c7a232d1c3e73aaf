"""Scores of a training in progress: metrics on held-out target data and every validator."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np

from xferlab.benchmark.runs.predicted import (
    Runs,
    SplitRows,
    pictured_test,
    sampled_test,
    target_rows,
)
from xferlab.benchmark.runs.probing import Probing
from xferlab.benchmark.store.predictions import further_labels, place_rows
from xferlab.benchmark.store.records import ORACLE
from xferlab.core.batch import Labelled, draw_sample
from xferlab.core.draws import draw_stratified
from xferlab.core.outputs import HostOutput
from xferlab.core.roles import SOURCE, TARGET
from xferlab.core.settings import View
from xferlab.data.clean_inputs import is_sparse
from xferlab.data.task import TransferTask
from xferlab.evaluation.metric_table import head_scores, read_off
from xferlab.evaluation.validators.base import has_what_it_needs
from xferlab.evaluation.validators.oracle import OracleAccuracy
from xferlab.evaluation.validators.table import VALIDATORS
from xferlab.evaluation.views import LabelledOutputs, OracleView, Outputs, ValidationView

VALIDATION_LIMIT = 1000
"""Examples of each split that validators see; larger splits are sampled once (`draw_rows`)."""
LEAST_TESTED = 1000
"""Examples of the target's test split that every evaluation looks at, where it has so many."""
EMBEDDING_SAMPLE = 150
"""Examples of each domain's test split in pictures: the same ones for every method."""
GRID = 80


class Score(NamedTuple):
    """One run at one checkpoint. Without a view: the network's outputs are not finite.

    Attributes:
        metrics: on the target's test split.
        validators: scores by name.
        predictions: what metrics read of each head there, see `metric_table.read_off`; -1 or NaN
            for examples that were not looked at (`store.predictions.place_rows`).
        view: what validators saw.
    """

    metrics: dict[str, float]
    validators: dict[str, float]
    predictions: tuple[np.ndarray, ...] = ()
    view: ValidationView | None = None


class Scorer:
    """Scores the runs of one task. The only code of a benchmark that holds target labels."""

    def __init__(self, task: TransferTask, probes: Sequence[str] = (), most: int | None = None):
        """Picks the examples that validators see, those of probes, and those of pictures.

        Args:
            task: of the runs.
            probes: names of metrics with a probe; `Probing` says what it refuses.
            most: examples that an evaluation before the last predicts, those for validators
                included; but at least `LEAST_TESTED` of the test split. None for all of them.
        """
        held_out = task.held_out()
        names = task.test_row_names
        self._row_names = {} if names is None else {"rows": names}
        self._heads = task.scored_heads
        classifies = not task.setting.own_inputs and task.episodes is None
        self._in_one_plane = classifies and all(
            domain.input_shape == (2,) and not is_sparse(domain.splits["test"].inputs)
            for domain in (task.source, task.target)
        )
        views = task.setting.views
        self._source_hidden = views.source is not View.LABELS  # Validators read both or neither.
        self._target_hidden = max(views.target, views.shots) is View.ABSENT
        self._source_train = draw_sample(held_out.source_train, VALIDATION_LIMIT)
        self._source_test = draw_sample(held_out.source_test, VALIDATION_LIMIT)
        self._target_train = draw_sample(held_out.target_train, VALIDATION_LIMIT)
        self._target_test = held_out.target_test
        self._checkpoint_test = self._target_test
        if most is not None:
            seen = (self._source_train, self._source_test, self._target_train)
            left = most - sum(len(split.index) for split in seen)
            self._checkpoint_test = sampled_test(task, self._target_test, max(LEAST_TESTED, left))
        pictured = pictured_test(task, held_out.target_test)
        self._pictured = (_pictured(held_out.source_test), _pictured(pictured))
        self._source = SplitRows((self._source_train, self._source_test))
        self._probing = Probing(task, probes)
        rows = functools.partial(target_rows, task, self._target_train, self._probing.splits)
        self._target = rows(self._target_test)
        self._target_sampled = self._target
        if self._checkpoint_test is not self._target_test:
            self._target_sampled = rows(self._checkpoint_test)

    @property
    def target_labels(self) -> np.ndarray:
        """The classes of the target test split, -1 where one is missing."""
        return np.asarray(self._target_test.by_head[0].values)

    def score(self, training: Runs, *, last: bool) -> list[Score]:
        """Returns the score of every run of the training; a source without labels is left out.

        Args:
            training: the runs.
            last: whether on the whole test split of the target, however large.
        """
        rows = self._target if last else self._target_sampled
        test = self._target_test if last else self._checkpoint_test
        target = rows.predict(training, TARGET)
        source = [None] * training.width
        if not self._source_hidden:
            source = self._source.predict(training, SOURCE)
        return [self._score_run(*parts, test) for parts in zip(source, target, strict=True)]

    def _score_run(
        self, source: Sequence[HostOutput] | None, target: Sequence[HostOutput], test: Labelled
    ) -> Score:
        if not all(np.isfinite(array).all() for array in jax.tree.leaves((source, target))):
            return Score({}, {})
        target_train, target_test, *probed = target
        view = self._view(source, target_train)
        validators = {
            name: float(v(view))
            for name, v in VALIDATORS.items()
            if not isinstance(v, OracleAccuracy) and has_what_it_needs(v, view)
        }
        if (_classes(test) >= 0).any():
            seen = OracleView(target_test=_labelled(target_test, test))
            validators[ORACLE] = float(OracleAccuracy()(seen))
        predictions = read_off(self._heads, target_test)
        metrics = head_scores(self._heads, predictions, test.by_head)
        for fitted in probed:
            metrics |= self._probing.scores(fitted, target_test, test.by_head)
        count = len(self._target_test.index)
        rows = np.asarray(test.index)
        placed = tuple(place_rows(each, rows, count) for each in predictions)
        return Score(metrics, validators, placed, view)

    def _view(
        self, source: Sequence[HostOutput] | None, target_train: HostOutput
    ) -> ValidationView:
        """Returns what validators may see: neither domain where the task hides it."""
        shown = None if self._target_hidden else _unlabelled(target_train)
        if source is None:
            return ValidationView(target=shown)
        train, test = source
        return ValidationView(
            source_train=_labelled(train, self._source_train),
            source_validation=_labelled(test, self._source_test),
            target=shown,
        )

    def embed(self, training: Runs) -> list[np.ndarray]:
        """Returns each run's features of a small sample, source first (for pictures)."""
        parts = [
            [output.features for output in training.predict(split.inputs, role)]
            for split, role in zip(self._pictured, (SOURCE, TARGET), strict=True)
        ]
        return [np.concatenate(features) for features in zip(*parts, strict=True)]

    def final_arrays(self, training: Runs) -> list[dict[str, np.ndarray]]:
        """Returns what is kept of each finished run: test logits, and what pictures need."""
        test = [parts[1] for parts in self._target.predict(training, TARGET)]
        features = self.embed(training)
        planes = self._planes(training)
        source, target = self._pictured
        shared = {
            "labels": self.target_labels.astype(np.int32),
            **self._row_names,
            "embedding_domain": np.repeat([0, 1], [len(source.index), len(target.index)]),
            "embedding_labels": np.concatenate([_classes(source), _classes(target)]),
        }
        shared |= further_labels(self._target_test.by_head)
        return [
            shared | _finally(output) | {"embedding_after": after} | plane
            for output, after, plane in zip(test, features, planes, strict=True)
        ]

    def _planes(self, training: Runs) -> list[dict[str, np.ndarray]]:
        """Returns decision regions for two-dimensional inputs of one space, else nothing."""
        if not self._in_one_plane:
            return [{} for _ in range(training.width)]
        points = np.concatenate([split.inputs for split in self._pictured])
        x, y, grid = _plane_grid(points)
        classes = [output.logits.argmax(axis=1) for output in training.predict(grid, TARGET)]
        return [
            {
                "plane_x": x,
                "plane_y": y,
                "plane_points": points,
                "plane_classes": c.reshape(GRID, GRID).astype(np.int32),
            }
            for c in classes
        ]


def _finally(output: HostOutput) -> dict[str, np.ndarray]:
    """Returns what is kept of a run's last outputs."""
    unknown = {} if output.unknown is None else {"unknown": output.unknown}
    return {"logits": output.logits} | unknown


def _classes(split: Labelled) -> np.ndarray:
    """Returns the classes of examples, -1 where one is missing."""
    return np.asarray(split.by_head[0].values)


def _labelled(output: HostOutput, split: Labelled) -> LabelledOutputs:
    """Returns the outputs of those examples of a split whose class is known."""
    classes = _classes(split)
    known = slice(None) if split.by_head[0].known is None else classes >= 0
    unknown = output.unknown
    if unknown is None and classes.max() == output.logits.shape[1]:
        unknown = np.full(len(classes), -1.0)  # The method takes none for unknown.
    told = None if unknown is None else unknown[known]
    return LabelledOutputs(output.features[known], output.logits[known], classes[known], told)


def _unlabelled(output: HostOutput) -> Outputs:
    return Outputs(output.features, output.logits)


def _plane_grid(points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    low, high = points.min(axis=0) - 0.5, points.max(axis=0) + 0.5
    x, y = (np.linspace(a, b, GRID, dtype=np.float32) for a, b in zip(low, high, strict=True))
    return x, y, np.stack([a.ravel() for a in np.meshgrid(x, y)], axis=1)


def _pictured(split: Labelled) -> Labelled:
    """Returns a small sample of a split, each class as frequent as in all of it.

    Of examples whose class is known, or of all where none is.
    """
    known = np.flatnonzero(_classes(split) >= 0)
    if not len(known):
        known = np.arange(len(split.index))
    rows = known[draw_stratified(_classes(split)[known], EMBEDDING_SAMPLE)]
    return jax.tree.map(lambda array: array[rows], split)
