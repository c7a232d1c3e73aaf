"""What a network makes of examples, on the host."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int


class HostOutput(NamedTuple):
    """What the network makes of `n` examples, on the host."""

    features: Float[np.ndarray, "n d"]
    logits: Float[np.ndarray, "n k"]
    """Of the first head, which tells classes."""
    others: tuple[Float[np.ndarray, "n o"], ...] = ()
    """Outputs of the heads behind it."""
    unknown: Float[np.ndarray, " n"] | None = None
    """Positive for examples that the method takes for a class that the source lacks."""

    @property
    def heads(self) -> tuple[Float[np.ndarray, "n o"], ...]:
        """The outputs of all heads, in the order of the network's."""
        return (self.logits, *self.others)

    @property
    def classes(self) -> Int[np.ndarray, " n"]:
        """The predicted classes; k, one past the last, for unknown ones."""
        return predicted_classes(self.logits, self.unknown)


class HostArrived(NamedTuple):
    """What was predicted of the `n` examples of a stream as they came, on the host."""

    output: HostOutput
    """Zeros of those that have not come."""
    come: Bool[np.ndarray, " n"]
    """Which have come."""


def predicted_classes(
    logits: Float[np.ndarray, "n k"], unknown: Float[np.ndarray, " n"] | None = None
) -> Int[np.ndarray, " n"]:
    """Returns the class with the largest logit, the first of several.

    Args:
        logits: of the k classes that the source has.
        unknown: positive for examples of a class that it lacks, which are of class k; None where
            nothing is said.

    >>> predicted_classes(np.eye(2), np.array([-1.0, 0.5])).tolist()
    [0, 2]
    """
    classes = logits.argmax(axis=1)
    return classes if unknown is None else np.where(unknown > 0, logits.shape[1], classes)
