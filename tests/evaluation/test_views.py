"""Views: labels have no way in, and arrays that cannot be scored are refused."""

from __future__ import annotations

import numpy as np
import pytest

from tests.evaluation.cases import make_views, outputs
from xferlab.core.errors import InputError
from xferlab.evaluation import LabelledOutputs, Outputs, ValidationView

pytestmark = pytest.mark.fast

FEATURES, LOGITS, LABELS = np.zeros((3, 2)), np.zeros((3, 4)), np.array([0, 3, 1])


def with_value(array, value):
    """Returns a copy with one entry of the second row changed."""
    changed = array.copy()
    changed[1, 0] = value
    return changed


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["features", "logits"])
def test_values_that_are_not_finite_are_refused(name, value):
    arrays = {"features": FEATURES, "logits": LOGITS}
    arrays[name] = with_value(arrays[name], value)
    for make in (Outputs, lambda **a: LabelledOutputs(**a, labels=LABELS)):
        with pytest.raises(InputError, match=f"{name}: 1 of 3 rows are not finite, first row 1"):
            make(**arrays)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ((FEATURES[0], LOGITS), r"features: expected .* got float64 \(2,\)"),
        ((FEATURES[:0], LOGITS[:0]), "features: .* at least one row"),
        ((FEATURES, LOGITS.astype(int)), "logits: expected a floating-point matrix"),
        ((FEATURES[:2], LOGITS), "lengths {'features': 2, 'logits': 3}"),
    ],
)
def test_wrong_shapes_and_types_are_refused(arrays, message):
    with pytest.raises(InputError, match=message):
        Outputs(*arrays)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array([0, 4, 1]), "labels: class 4 is out of range. Allowed: 0 to 3"),
        (np.array([0, -1, 1]), "labels: class -1 is out of range"),
        (np.array([0.0, 1.0, 2.0]), "labels: expected integers"),
        (np.array([0, 1]), "'labels': 2"),
    ],
)
def test_wrong_labels_are_refused(labels, message):
    with pytest.raises(InputError, match=message):
        LabelledOutputs(FEATURES, LOGITS, labels)


def test_labelled_outputs_do_not_pass_for_a_target():
    labelled = LabelledOutputs(FEATURES, LOGITS, LABELS)
    assert not isinstance(labelled, Outputs)
    with pytest.raises(TypeError, match="target: expected Outputs, got LabelledOutputs"):
        ValidationView(target=labelled)


def test_parts_of_different_networks_are_refused():
    view, _ = make_views(0)
    other = outputs(np.random.default_rng(0), k=3)
    with pytest.raises(InputError, match=r"differ between source and target"):
        ValidationView(source_train=other, target=view.target)


def test_probs_and_predictions():
    labelled = LabelledOutputs(FEATURES, np.log([[1.0, 3.0], [3.0, 1.0], [2.0, 2.0]]), LABELS % 2)
    assert labelled.predictions.tolist() == [1, 0, 0]
    probs = Outputs(labelled.features, labelled.logits).probs
    np.testing.assert_allclose(probs, [[0.25, 0.75], [0.75, 0.25], [0.5, 0.5]])
