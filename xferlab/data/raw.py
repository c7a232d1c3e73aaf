"""The examples of a domain as its files give them, before a protocol decides on splits."""

from __future__ import annotations

from typing import NamedTuple

from xferlab.data.split import Split


class RawDomain(NamedTuple):
    """The examples of one domain as a form gives them.

    `train.inputs` may be an array, a SciPy sparse matrix or `SparseRows`.
    """

    train: Split
    test: Split | None
    """None where no split is published: the protocol of a suite then decides."""
    class_names: tuple[str, ...]
    notes: tuple[str, ...] = ()
    """What must be said of it wherever it is used; see `Domain.notes`."""
