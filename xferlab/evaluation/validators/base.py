"""What a validator is."""

from __future__ import annotations

from typing import ClassVar, Protocol

from xferlab.evaluation.views import ValidationView


class Validator(Protocol):
    """Scores a finished run without target labels; higher is better.

    One file per validator: a frozen dataclass whose fields are its hyper-parameters, with the
    paper's defaults.
    """

    needs_source: ClassVar[bool]
    """Whether it reads source outputs, which some settings hide."""
    needs_target: ClassVar[bool] = True
    """Whether it reads target outputs, which some settings hide."""
    needs_features: ClassVar[bool] = True
    """Whether it reads features. Runs keep those of fewer evaluations than logits; a validator that
    says False is scored on kept outputs with a column of zeros for features."""
    oracle: ClassVar[bool]
    """Whether it reads target labels. Only `OracleAccuracy` does, from a view of its own."""

    def __call__(self, view: ValidationView) -> float:
        """Returns the score. Raises InputError where the view lacks what it needs."""
        ...


def has_what_it_needs(validator: Validator, view: ValidationView) -> bool:
    """Tells whether a view has the domains that a validator reads; the others are hidden."""
    lacks_source = validator.needs_source and view.source_validation is None
    lacks_target = validator.needs_target and view.target is None
    return not (lacks_source or lacks_target)
