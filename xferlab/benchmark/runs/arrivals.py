"""Outputs of a stream as scores take them: those of when each example came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jaxtyping import Int

from xferlab.core.outputs import HostArrived, HostOutput


def as_they_came(
    outputs: Sequence[HostOutput], arrived: HostArrived | None, splits: Sequence[Any]
) -> list[HostOutput]:
    """Returns a run's outputs for some splits of the target, of what has come as it was predicted.

    Args:
        outputs: what the network, as it is now, makes of each split.
        arrived: what was predicted of the target's training examples as they came; None where they
            did not.
        splits: whose `index` says which of those each example is.
    """
    if arrived is None:
        return list(outputs)
    pairs = zip(outputs, splits, strict=True)
    return [_merged(output, arrived, np.asarray(split.index)) for output, split in pairs]


def _merged(output: HostOutput, arrived: HostArrived, index: Int[np.ndarray, " n"]) -> HostOutput:
    come = arrived.come[index]

    def merge(now: np.ndarray, then: np.ndarray) -> np.ndarray:
        return np.where(come.reshape(-1, *(1,) * (now.ndim - 1)), then[index], now)

    return jax.tree.map(merge, output, arrived.output)
