"""Packs of closed-form methods, which are fitted instead of trained."""

from __future__ import annotations

from typing import cast

from xferlab.benchmark.runs.plan import Pack
from xferlab.data.task import TransferTask
from xferlab.methods.closed_form.base import ClosedFormMethod
from xferlab.training.closed_form import ClosedFormMember, ClosedFormRuns


def is_closed_form(pack: Pack) -> bool:
    """Tells whether a pack's method is fitted at once."""
    return isinstance(pack.runs[0][1], ClosedFormMethod)


def fit_members(pack: Pack, task: TransferTask) -> ClosedFormRuns:
    """Fits the runs of a pack to a task, its own or that of the way back."""
    members = [
        ClosedFormMember(cast(ClosedFormMethod, method), spec.random_seed)
        for spec, method in pack.runs
    ]
    return ClosedFormRuns(members, task)
