"""Many steps in one compiled program, batches drawn inside it."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from xferlab.core.batch import Batch
from xferlab.data.resident import Resident, draw_batch
from xferlab.methods.base import Method
from xferlab.training.options import TrainingOptions
from xferlab.training.step import StageProgram, TrainState, train_step

DATA_STREAM = 2**31 - 1
"""Folded into a stage's key for its data order; steps never get that far."""


class Log(NamedTuple):
    """What a chunk of steps leaves behind beside the state."""

    sums: dict[str, Float[Array, ""]]
    """Sum of every named term over the steps."""
    bad_step: Int[Array, ""]
    """First step with a term that is not finite; -1 for none."""
    bad_term: Int[Array, ""]
    """Index of that term among the sorted names."""


def batch_at(state: TrainState, options: TrainingOptions, data: Resident) -> Batch:
    """Returns the batch of the state's step."""
    order_key = jax.random.fold_in(state.key, DATA_STREAM)
    return draw_batch(data, order_key, state.step, options.batch_sizes)


def run_chunk(
    program: StageProgram,
    state: TrainState,
    method: Method,
    options: TrainingOptions,
    data: Resident,
    until: Int[Array, ""],
) -> tuple[TrainState, Log]:
    """Trains from the state's step to step `until`, which is traced: one program for any length.

    A scan whose length is data is `fori_loop`; its carry sums the terms, so nothing grows with
    the number of steps.
    """

    def one_step(state: TrainState) -> tuple[TrainState, dict[str, Array]]:
        return train_step(program, state, method, options, batch_at(state, options, data))

    _, terms = jax.eval_shape(one_step, state)
    log = Log({name: jnp.zeros(()) for name in terms}, jnp.int32(-1), jnp.int32(0))

    def body(_: Array, carry: tuple[TrainState, Log]) -> tuple[TrainState, Log]:
        state, log = carry
        new_state, terms = one_step(state)
        return new_state, _record(log, terms, state.step)

    return lax.fori_loop(state.step, until, body, (state, log))


def _record(log: Log, terms: dict[str, Array], step: Array) -> Log:
    names = sorted(terms)
    if not names:
        return log
    bad = ~jnp.isfinite(jnp.stack([terms[name].astype(jnp.float32) for name in names]))
    first = (log.bad_step < 0) & bad.any()
    return Log(
        {name: log.sums[name] + terms[name] for name in log.sums},
        jnp.where(first, step, log.bad_step),
        jnp.where(first, jnp.argmax(bad).astype(jnp.int32), log.bad_term),
    )
