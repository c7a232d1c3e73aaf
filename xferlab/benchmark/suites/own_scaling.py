"""The scaling of one's own inputs, and what of it later inputs need."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from xferlab.core.inputs import parts_of
from xferlab.core.settings import Setting, View
from xferlab.data.clean_inputs import is_sparse
from xferlab.data.domain import Domain
from xferlab.data.features.preparation import (
    BothPrepared,
    Preparation,
    Scale,
    scaled_domain,
    scales_over,
)
from xferlab.data.task import TransferTask


class Prepared(NamedTuple):
    """A task as it is trained on, and how inputs that come later are brought to the same form."""

    task: TransferTask
    preparation: BothPrepared

    @classmethod
    def of(cls, task: TransferTask) -> Prepared:
        """Returns a task whose inputs are left as they are."""
        return cls(task, BothPrepared.of(task.sources[0], task.target))


def standardised(task: TransferTask) -> Prepared:
    """Returns the task with float inputs of mean zero and variance one; each space by itself."""
    sources, target = task.sources, task.target
    if task.setting.own_inputs:
        scales, of_target = _scales(sources), _scales([target])
    else:
        scales = _scales(sources if _unseen_at_first(task.setting) else (*sources, target))
        of_target = scales
    prepared = BothPrepared(Preparation.of(sources[0], scales), Preparation.of(target, of_target))
    scaled = dataclasses.replace(
        task,
        sources=tuple(scaled_domain(each, scales) for each in sources),
        target=scaled_domain(target, of_target),
    )
    return Prepared(scaled, prepared)


def _scales(seen: Sequence[Domain]) -> Sequence[Scale | None]:
    """Returns the scales over some domains; large images are not joined for nothing."""
    parts = parts_of(seen[0].splits["train"].inputs)
    return scales_over(seen) if _has_floats(seen[0]) else [None] * len(parts)


def hides_target(setting: Setting) -> bool:
    """Tells whether no training input of the target is seen, here where there are no shots."""
    return setting.target is View.ABSENT


def _unseen_at_first(setting: Setting) -> bool:
    """Tells whether no training input of the target is there when inputs are scaled."""
    return setting.online or hides_target(setting)


def scaled_over(setting: Setting) -> str:
    """Returns in words which inputs the scale is taken from."""
    if setting.own_inputs:
        return "each domain by its own training inputs"
    if _unseen_at_first(setting):
        return "both over the training inputs of the source"
    return "both over the training inputs of source and target"


def _has_floats(domain: Domain) -> bool:
    """Tells whether there is anything to standardise; large images are not copied for nothing."""
    parts = parts_of(domain.splits["train"].inputs)
    return any(part.dtype == np.float32 and not is_sparse(part) for part in parts)
