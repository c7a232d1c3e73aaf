"""Access to the parts of a view, which some settings hide."""

from __future__ import annotations

from xferlab.core.errors import InputError
from xferlab.evaluation.views import LabelledOutputs, Outputs

WITHOUT_SOURCE = "entropy, information_maximisation, snd, bnm"
"""Validators that do without, for messages; the table cannot be asked, it imports validators."""


def require_source(part: LabelledOutputs | None, validator: str) -> LabelledOutputs:
    """Returns a source part of a view.

    Args:
        part: `view.source_train` or `view.source_validation`.
        validator: the name of the validator that asks, for the message.

    Raises:
        InputError: the setting hides the source.
    """
    if part is not None:
        return part
    raise InputError(
        f"validator {validator!r} needs source outputs, and they are hidden here, as in a "
        f"source-free setting. Validators that work without the source: {WITHOUT_SOURCE}."
    )


def require_target(part: Outputs | None, validator: str) -> Outputs:
    """Returns the target part of a view.

    Args:
        part: `view.target`.
        validator: the name of the validator that asks, for the message.

    Raises:
        InputError: the setting hides the target.
    """
    if part is not None:
        return part
    raise InputError(
        f"validator {validator!r} needs target outputs, and the setting hides the target."
        " Validators that work without it: source_accuracy."
    )
