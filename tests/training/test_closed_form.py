"""Closed-form methods in the place of a training."""

import numpy as np
import pytest

from tests.methods.toys import make_task
from xferlab.core.errors import InputError
from xferlab.core.settings import Setting
from xferlab.methods.closed_form.base import ClosedFormMethod
from xferlab.methods.closed_form.coral import CORAL
from xferlab.methods.closed_form.nearest_neighbour import NearestNeighbour
from xferlab.training.closed_form import ClosedFormMember, ClosedFormRuns

pytestmark = pytest.mark.fast

TASK = make_task(sizes=(40, 30))


def test_predictions_are_those_of_the_fitted_methods():
    members = [ClosedFormMember(CORAL(ridge=ridge, classifier="1nn"), 0) for ridge in (0.1, 1.0)]
    runs = ClosedFormRuns(members, TASK)
    assert runs.width == 2
    for role in ("source", "target"):
        inputs = getattr(TASK, role).splits["test"].inputs
        outputs = runs.predict(inputs, role)
        for member, output in zip(members, outputs, strict=True):
            fitted = member.method.fit(TASK.training_arrays(), num_classes=3, seed=0)
            expected = fitted.predict(inputs, role=role)
            np.testing.assert_array_equal(output.features, expected.features)
            np.testing.assert_array_equal(output.logits, expected.logits)
    source = TASK.source.splits["test"].inputs
    first, second = runs.predict(source, "source")
    assert not np.array_equal(first.features, second.features)


def test_a_source_example_is_its_own_neighbour():
    (output,) = ClosedFormRuns([ClosedFormMember(NearestNeighbour(), 0)], TASK).predict(
        TASK.source.splits["train"].inputs, "source"
    )
    np.testing.assert_array_equal(output.logits.argmax(axis=1), TASK.source.splits["train"].labels)


def test_each_member_is_fitted_with_its_seed_and_what_the_setting_shows():
    calls = []

    class Remembers(ClosedFormMethod):
        def fit(self, batch, *, num_classes, seed):
            calls.append((seed, num_classes, hasattr(batch.target, "labels")))

    ClosedFormRuns([ClosedFormMember(Remembers(), 3), ClosedFormMember(Remembers(), 7)], TASK)
    assert calls == [(3, 3, False), (7, 3, False)]


def test_a_setting_without_source_is_refused():
    task = TASK.with_setting(Setting.SOURCE_FREE)
    with pytest.raises(InputError, match=r"source of the batch is absent"):
        ClosedFormRuns([ClosedFormMember(NearestNeighbour(), 0)], task)
