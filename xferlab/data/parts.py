"""Splits as the parts of a batch: as much of them as a view shows (NumPy)."""

from __future__ import annotations

import numpy as np

from xferlab.core.batch import Labelled, Unlabelled
from xferlab.core.settings import View
from xferlab.data.split import Split


def view_part(split: Split, view: View, domain_id: np.ndarray) -> Labelled | Unlabelled | None:
    """Returns as much of a split as the view allows."""
    if view is View.ABSENT:
        return None
    return (labelled_part if view is View.LABELS else unlabelled_part)(split, domain_id)


def labelled_part(split: Split, domain_id: np.ndarray) -> Labelled:
    """Returns a split as a role with labels: NumPy arrays where a step has jax ones."""
    return Labelled._make((split.inputs, _positions(split), domain_id, split.by_head))


def unlabelled_part(split: Split, domain_id: np.ndarray) -> Unlabelled:
    """Returns a split as a role without labels: NumPy arrays where a step has jax ones."""
    return Unlabelled._make((split.inputs, _positions(split), domain_id))


def _positions(split: Split) -> np.ndarray:
    """Returns 0 ... n - 1."""
    return np.arange(len(split.labels), dtype=np.int32)


def of_one(split: Split) -> np.ndarray:
    """Returns the domain numbers of examples that are all of one domain."""
    return np.zeros(len(split.labels), np.int32)
