"""The typed structures that carry data into a compiled step; NumPy outside it.

The types say what a step sees. On the host, and in whole splits on the device, inputs may be
`xferlab.core.sparse.SparseRows` too; they are dense arrays from `scale_inputs` on.
"""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

from jaxtyping import Array, Int, Shaped


class Labelled(NamedTuple):
    """Examples of one domain whose labels the setting lets a method see."""

    inputs: Shaped[Array, "n ..."]
    index: Int[Array, " n"]
    """Position of each example in its training split."""
    labels: Int[Array, " n"]


class Unlabelled(NamedTuple):
    """Examples of one domain without labels: the field does not exist."""

    inputs: Shaped[Array, "n ..."]
    index: Int[Array, " n"]
    """Position of each example in its training split."""


SourcePart = TypeVar("SourcePart", Labelled, Unlabelled, None)
TargetPart = TypeVar("TargetPart", Labelled, Unlabelled, None)


class Batch(NamedTuple, Generic[SourcePart, TargetPart]):
    """What one step sees of the two domains. A domain that the setting hides is None."""

    source: SourcePart
    target: TargetPart


AdaptationBatch = Batch[Labelled, Unlabelled]
"""Unsupervised domain adaptation: target labels have no field."""
TargetBatch = Batch[None, Unlabelled]
"""Source-free adaptation."""
SupervisedBatch = Batch[Labelled, Labelled]
"""Both domains with labels: oracles and inductive transfer."""
