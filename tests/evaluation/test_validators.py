"""Every validator of the table: the oracle, the properties and the degenerate inputs."""

from __future__ import annotations

import dataclasses
import typing

import numpy as np
import pytest

from tests.evaluation.cases import ORACLES, change_parts, make_views, pick, shuffled
from xferlab.core.errors import InputError
from xferlab.core.names import first_line
from xferlab.evaluation import VALIDATORS, Outputs, ValidationView

pytestmark = pytest.mark.fast

every_validator = pytest.mark.parametrize("name", VALIDATORS)
LABEL_FREE = [name for name, validator in VALIDATORS.items() if not validator.oracle]


def test_every_validator_has_a_row():
    assert set(ORACLES) == set(VALIDATORS)


@every_validator
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("shape", [{}, {"n": 4, "d": 2, "k": 9}, {"n": 40, "d": 1, "k": 2}])
def test_agrees_with_the_oracle(name, seed, shape):
    view = pick(VALIDATORS[name], make_views(seed, **shape))
    assert VALIDATORS[name](view) == pytest.approx(ORACLES[name](view), rel=1e-4, abs=1e-9)


@every_validator
def test_is_a_frozen_documented_function_of_the_view(name):
    validator = VALIDATORS[name]
    view = pick(validator, make_views(0))
    assert type(validator(view)) is float
    assert validator(view) == validator(view)
    assert first_line(validator).endswith(".") and "score = " in validator.__doc__
    with pytest.raises(dataclasses.FrozenInstanceError):
        validator.anything = 1


@every_validator
def test_order_of_examples_does_not_matter(name):
    view = pick(VALIDATORS[name], make_views(0))
    score = VALIDATORS[name](change_parts(view, shuffled))
    assert score == pytest.approx(VALIDATORS[name](view), rel=1e-4)


@pytest.mark.parametrize("name", LABEL_FREE)
def test_the_view_has_no_field_for_target_labels(name):
    hints = typing.get_type_hints(type(VALIDATORS[name]).__call__)
    assert hints["view"] is ValidationView
    fields = typing.get_type_hints(ValidationView)
    assert [part for part in fields if "target" in part] == ["target"]
    assert fields["target"] == Outputs | None
    assert {field.name for field in dataclasses.fields(Outputs)} == {"features", "logits"}


def test_only_the_oracle_is_one_and_says_so():
    oracles = [name for name, validator in VALIDATORS.items() if validator.oracle]
    assert oracles == ["oracle"]
    assert first_line(VALIDATORS["oracle"]).startswith("ORACLE")


@pytest.mark.parametrize("name", LABEL_FREE)
def test_without_the_source(name):
    view, _ = make_views(0)
    source_free = ValidationView(target=view.target)
    if not VALIDATORS[name].needs_source:
        assert VALIDATORS[name](source_free) == VALIDATORS[name](view)
        return
    with pytest.raises(InputError) as error:
        VALIDATORS[name](source_free)
    others = (n for n, v in VALIDATORS.items() if not (v.needs_source or v.oracle))
    allowed = f"{', '.join(others)}."
    assert repr(name) in str(error.value) and str(error.value).endswith(allowed)


@pytest.mark.parametrize("name", LABEL_FREE)
def test_without_the_target(name):
    view, _ = make_views(0)
    alone = dataclasses.replace(view, target=None)
    if not VALIDATORS[name].needs_target:
        assert VALIDATORS[name](alone) == VALIDATORS[name](view)
        return
    with pytest.raises(InputError, match=f"'{name}' needs target outputs.*: source_accuracy"):
        VALIDATORS[name](alone)


@every_validator
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda a: {"features": np.zeros_like(a.features)}, id="constant features"),
        pytest.param(lambda a: {"features": a.features * 1e30}, id="huge features"),
        pytest.param(lambda a: {"logits": np.zeros_like(a.logits)}, id="constant logits"),
        pytest.param(lambda a: {"logits": a.logits * 1e30}, id="huge logits"),
        pytest.param(lambda a: {"logits": a.logits + 90 * np.eye(4)[0]}, id="one class predicted"),
    ],
)
def test_degenerate_outputs_have_a_finite_score(name, change):
    view = change_parts(
        pick(VALIDATORS[name], make_views(0)),
        lambda part: dataclasses.replace(part, **change(part)),
    )
    assert np.isfinite(VALIDATORS[name](view))


@every_validator
def test_a_skilled_network_scores_higher_than_one_without_skill(name):
    skilled = pick(VALIDATORS[name], make_views(0, skill=8.0))
    unskilled = pick(VALIDATORS[name], make_views(0, skill=0.0))
    assert VALIDATORS[name](skilled) > VALIDATORS[name](unskilled)
