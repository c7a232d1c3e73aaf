"""The validators' case table, and the views that the tests score."""

from __future__ import annotations

import dataclasses

import numpy as np

from tests.oracles import evaluation as oracles
from xferlab.evaluation import LabelledOutputs, OracleView, Outputs, ValidationView

ORACLES = {
    "source_accuracy": oracles.source_accuracy,
    "entropy": oracles.entropy,
    "information_maximisation": oracles.information_maximisation,
    "snd": oracles.snd,
    "dev": oracles.dev,
    "bnm": oracles.bnm,
    "oracle": oracles.oracle,
}


def outputs(rng, n=60, *, d=5, k=4, shift=0.0, skill=2.0):
    """Returns random outputs whose logits favour the label by about `skill`."""
    labels = rng.integers(0, k, n)
    return LabelledOutputs(
        features=np.float32(rng.normal(size=(n, d)) + shift),
        logits=np.float32(rng.normal(size=(n, k)) + skill * np.eye(k)[labels]),
        labels=labels,
    )


def without_labels(labelled):
    """Returns the same outputs without their labels."""
    return Outputs(labelled.features, labelled.logits)


def make_views(seed, n=60, **options):
    """Returns a validation view with all its parts, and the oracle's view.

    The target has half as many examples again as the source.
    """
    rng = np.random.default_rng(seed)
    view = ValidationView(
        source_train=outputs(rng, n, **options),
        source_validation=outputs(rng, n, **options),
        target=without_labels(outputs(rng, n + n // 2, shift=0.5, **options)),
    )
    return view, OracleView(target_test=outputs(rng, n, shift=0.5, **options))


def pick(validator, views):
    """Returns the view of the two that a validator takes."""
    return views[1] if validator.oracle else views[0]


def change_parts(view, change):
    """Returns the view with `change` applied to each of its parts."""
    parts = {f.name: getattr(view, f.name) for f in dataclasses.fields(view)}
    return type(view)(**{name: change(part) for name, part in parts.items()})


def shuffled(part):
    """Returns a part with its examples in another order."""
    order = np.random.default_rng(3).permutation(len(part.logits))
    arrays = {f.name: getattr(part, f.name) for f in dataclasses.fields(part)}
    moved = {name: array[order] for name, array in arrays.items() if array is not None}
    return dataclasses.replace(part, **moved)
