"""Known answers, hyper-parameters and limits of single validators."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import special, stats

from tests.evaluation.cases import make_views, outputs, without_labels
from tests.oracles import evaluation as oracles
from xferlab.core.draws import draw_rows
from xferlab.core.errors import InputError
from xferlab.evaluation import LabelledOutputs, Outputs, ValidationView
from xferlab.evaluation.validators import (
    DeepEmbeddedValidation,
    Entropy,
    InformationMaximisation,
    NuclearNorm,
    SoftNeighbourhoodDensity,
)

pytestmark = pytest.mark.fast

BALANCED = ValidationView(target=Outputs(np.zeros((8, 1)), 100 * np.tile(np.eye(4), (2, 1))))
ONE_CLASS = ValidationView(target=Outputs(np.zeros((8, 1)), 100 * np.eye(4)[[0] * 8]))
UNCERTAIN = ValidationView(target=Outputs(np.zeros((8, 1)), np.zeros((8, 4))))


@pytest.mark.parametrize(
    ("validator", "balanced", "one_class", "uncertain"),
    [
        (Entropy(), 0, 0, -np.log(4)),
        (InformationMaximisation(), np.log(4), 0, 0),
        (SoftNeighbourhoodDensity(), 0, np.log(7), np.log(7)),
        (NuclearNorm(), 1, 0.5, 0.25),
    ],
    ids=lambda value: type(value).__name__,
)
def test_known_answers(validator, balanced, one_class, uncertain):
    scores = [validator(view) for view in (BALANCED, ONE_CLASS, UNCERTAIN)]
    np.testing.assert_allclose(scores, [balanced, one_class, uncertain], atol=1e-6)


@pytest.mark.parametrize("temperature", [0.05, 0.5])
def test_snd_temperature(temperature):
    view, _ = make_views(0)
    score = SoftNeighbourhoodDensity(temperature=temperature)(view)
    assert score == pytest.approx(oracles.snd(view, temperature), rel=1e-6)


@pytest.mark.parametrize("temperature", [1e-4, 0.05])
def test_snd_of_several_blocks_is_the_softmax_over_all(temperature):
    view, _ = make_views(0, n=400)
    probs = view.target.probs
    directions = probs / np.linalg.norm(probs, axis=1, keepdims=True)
    similarities = directions @ directions.T / temperature
    np.fill_diagonal(similarities, -np.inf)
    expected = special.entr(special.softmax(similarities, axis=1)).sum(axis=1).mean()
    score = SoftNeighbourhoodDensity(temperature=temperature)(view)
    assert score == pytest.approx(expected, rel=1e-9)


def test_snd_scores_drawn_examples():
    view, _ = make_views(0, n=60)
    rows = draw_rows(len(view.target.logits), 30)
    drawn = Outputs(view.target.features[rows], view.target.logits[rows])
    score = SoftNeighbourhoodDensity(max_examples=30)(view)
    assert score == pytest.approx(oracles.snd(ValidationView(target=drawn)), rel=1e-6)


@pytest.mark.parametrize("loss", ["zero_one", "cross_entropy"])
@pytest.mark.parametrize("decay", [1e-3, 1e-1])
def test_dev_loss_and_decay(loss, decay):
    view, _ = make_views(0)
    score = DeepEmbeddedValidation(loss=loss, decay=decay)(view)
    assert score == pytest.approx(oracles.dev(view, loss, decay), rel=1e-3)


def test_dev_fits_on_drawn_examples():
    view, _ = make_views(0, n=60)
    train, target = view.source_train, view.target
    rows, target_rows = (draw_rows(len(part.logits), 30) for part in (train, target))
    thinned = dataclasses.replace(
        view,
        source_train=LabelledOutputs(train.features[rows], train.logits[rows], train.labels[rows]),
        target=Outputs(target.features[target_rows], target.logits[target_rows]),
    )
    score = DeepEmbeddedValidation(max_examples=30)(view)
    assert score == pytest.approx(oracles.dev(thinned), rel=1e-3)


def test_dev_of_a_constant_loss_is_that_loss():
    view, _ = make_views(0)
    always_wrong = dataclasses.replace(
        view.source_validation, labels=(view.source_validation.predictions + 1) % 4
    )
    view = dataclasses.replace(view, source_validation=always_wrong)
    assert DeepEmbeddedValidation()(view) == pytest.approx(-1, abs=1e-9)


def test_dev_finds_the_risk_under_a_shift_of_the_features():
    """Errors are where the feature is positive: half of N(0, 1) but Phi(1) = 0.84 of N(1, 1)."""
    rng = np.random.default_rng(0)
    validation = rng.normal(size=(4000, 1))
    logits = np.where(validation > 0, [0.0, 1.0], [1.0, 0.0])
    view = ValidationView(
        source_train=outputs(rng, 1000, d=1, k=2),
        source_validation=LabelledOutputs(validation, logits, np.zeros(4000, int)),
        target=without_labels(outputs(rng, 1000, d=1, k=2, shift=1.0)),
    )
    assert DeepEmbeddedValidation()(view) == pytest.approx(-stats.norm.cdf(1), abs=0.05)


@pytest.mark.parametrize("n", [1, 40])
@pytest.mark.parametrize("shift", [0.0, 1e3, -1e6])
def test_dev_is_finite_where_features_are_far_apart(n, shift):
    rng = np.random.default_rng(0)
    view = ValidationView(
        source_train=outputs(rng),
        source_validation=outputs(rng, n, shift=shift),
        target=without_labels(outputs(rng, shift=-1.0)),
    )
    assert np.isfinite(DeepEmbeddedValidation()(view))


@pytest.mark.parametrize(
    "make",
    [
        lambda: SoftNeighbourhoodDensity(temperature=0.0),
        lambda: SoftNeighbourhoodDensity(max_examples=1),
        lambda: DeepEmbeddedValidation(loss="hinge"),
        lambda: DeepEmbeddedValidation(decay=0.0),
        lambda: DeepEmbeddedValidation(max_examples=0),
        lambda: SoftNeighbourhoodDensity()(
            ValidationView(target=Outputs(np.zeros((1, 2)), np.zeros((1, 3))))
        ),
    ],
)
def test_what_has_no_score_is_refused(make):
    with pytest.raises(InputError):
        make()
