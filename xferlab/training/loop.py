"""The Python loop around the same step, for data that are streamed rather than resident."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from xferlab.core.batch import Batch
from xferlab.methods.base import Method
from xferlab.training.options import TrainingOptions
from xferlab.training.scan import Log
from xferlab.training.step import TrainState


def run_loop(
    compiled: Any,
    state: TrainState,
    method: Method,
    options: TrainingOptions,
    batches: Iterator[Batch],
    steps: int,
) -> tuple[TrainState, Log]:
    """Trains for a number of steps, a jitted step for each batch.

    Args:
        compiled: the `CompiledStage`.
        state: where training stands.
        method: the method.
        options: the training options.
        batches: gives the batch of each step, inputs as stored.
        steps: how many steps.
    """
    batch = next(batches)
    log = compiled.empty_log(state, method, options, batch)
    for done in range(steps):
        state, log = compiled.step(state, log, method, options, batch)
        if done + 1 < steps:
            batch = next(batches)
    return state, log
