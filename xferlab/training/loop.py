"""The Python loop around the same step, for data that are streamed rather than resident."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from xferlab.core.batch import Batch
from xferlab.methods.base import Method
from xferlab.training.options import TrainingOptions
from xferlab.training.scan import Log
from xferlab.training.step import TrainState


class Stream(NamedTuple):
    """Batches that come from outside the program.

    Attributes:
        batches_from: returns the batches (NumPy) of steps s, s + 1, ... of a stage; called anew
            where a run begins or resumes, so there is no data position to store.
        target_size: number of examples in the target's training split.
        sampler: how the batches are drawn: what stages say that are trained on them.
        source_domains: number of domains that the source examples are of.
    """

    batches_from: Callable[[int], Iterator[Batch]]
    target_size: int
    sampler: str = "shuffled"
    source_domains: int = 1


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
