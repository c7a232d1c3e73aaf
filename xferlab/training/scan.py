"""Many steps in one compiled program, batches drawn inside it."""

from __future__ import annotations

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from xferlab.core.batch import Batch
from xferlab.data.feeds.resident import Resident, draw_batch
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
    return draw_batch(data, order_key, state.step, options.sizes)


def empty_log(
    program: StageProgram, state: TrainState, method: Method, options: TrainingOptions, batch: Batch
) -> Log:
    """Returns a log of no step, with a place for every term; `batch` gives shapes alone."""
    _, terms = jax.eval_shape(functools.partial(train_step, program), state, method, options, batch)
    return Log({name: jnp.zeros(()) for name in terms}, jnp.int32(-1), jnp.int32(0))


def logged_step(
    program: StageProgram,
    state: TrainState,
    log: Log,
    method: Method,
    options: TrainingOptions,
    batch: Batch,
) -> tuple[TrainState, Log]:
    """Runs one step and adds its terms to the log; what loop and scan both repeat."""
    new_state, terms = train_step(program, state, method, options, batch)
    return new_state, _record(log, terms, state.step)


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
    shapes = jax.eval_shape(lambda state: batch_at(state, options, data), state)
    log = empty_log(program, state, method, options, shapes)

    def body(_: Array, carry: tuple[TrainState, Log]) -> tuple[TrainState, Log]:
        state, log = carry
        batch = batch_at(state, options, data)
        return logged_step(program, state, log, method, options, batch)

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
