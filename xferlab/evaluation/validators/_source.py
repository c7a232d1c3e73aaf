"""Access to the source parts of a view, which some settings hide."""

from __future__ import annotations

from xferlab.core.errors import InputError
from xferlab.evaluation.views import LabelledOutputs


def require_source(part: LabelledOutputs | None, validator: str) -> LabelledOutputs:
    """Returns a source part of a view.

    Args:
        part: `view.source_train` or `view.source_validation`.
        validator: the name of the validator that asks, for the message.

    Raises:
        InputError: the setting hides the source; the message lists the validators that do
            without.
    """
    if part is not None:
        return part
    from xferlab.evaluation.validators.table import VALIDATORS  # the table imports validators

    others = [
        name for name, other in VALIDATORS.items() if not (other.needs_source or other.oracle)
    ]
    raise InputError(
        f"validator {validator!r} needs source outputs, and they are hidden here, as in a "
        f"source-free setting. Validators that work without the source: {', '.join(others)}."
    )
