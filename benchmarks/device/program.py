"""The time and the memory of one compiled program that trains one run or a stack of them."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from xferlab.data.feeds.resident import Resident
from xferlab.methods.base import Method, Stage
from xferlab.models.spec import NetworkSpec
from xferlab.training.options import TrainingOptions
from xferlab.training.stage import StageFunctions, make_stage

ROUNDS = 3
FIRST_STEPS = 3
MIB = 2**20


class Timed(NamedTuple):
    """What one program takes."""

    seconds: float
    """Per run and step, of the quickest round."""
    compile_seconds: float
    mib: float
    """Memory of the program beside what it is given: activations, patches, gradients."""


def time_program(
    spec: NetworkSpec,
    method: Method,
    training: TrainingOptions,
    data: Resident,
    *,
    width: int = 1,
    stacked: bool = True,
    seconds: float = 0.3,
) -> Timed:
    """Compiles a training of `width` runs and times it.

    Args:
        spec: the network.
        method: the method, the same for all runs.
        training: the options, the same for all runs.
        data: both training splits, shared by the runs.
        width: number of runs.
        stacked: whether they train together under `vmap`; else one after another (`lax.map`).
        seconds: about how long a round takes.

    Raises:
        jax.errors.JaxRuntimeError: if the program does not fit the device's memory.
    """
    functions = make_stage(spec, Stage(method), training, training.steps)
    arguments = _arguments(method, training, width)
    begin = time.perf_counter()
    program = jax.jit(_program(functions, width, stacked), donate_argnums=0)
    state = _start(functions, arguments, data, width)
    compiled = program.lower(state, *arguments, data, jnp.int32(1)).compile()
    compile_seconds = time.perf_counter() - begin
    memory = compiled.memory_analysis()

    def measure(steps: int) -> float:
        state = _start(functions, arguments, data, width)
        begin = time.perf_counter()
        jax.block_until_ready(compiled(state, *arguments, data, jnp.int32(steps)))
        return time.perf_counter() - begin

    measure(FIRST_STEPS)
    steps = max(FIRST_STEPS, round(FIRST_STEPS * seconds / measure(FIRST_STEPS)))
    best = min(measure(steps) for _ in range(ROUNDS))
    mib = getattr(memory, "temp_size_in_bytes", 0) / MIB
    return Timed(best / (steps * width), compile_seconds, mib)


def _arguments(method: Method, training: TrainingOptions, width: int) -> tuple[Any, Any]:
    if width == 1:
        return method, training
    return jax.tree.map(lambda leaf: jnp.full(width, leaf), (method, training))


def _start(functions: StageFunctions, arguments: Any, data: Resident, width: int) -> Any:
    size = len(data.splits.target.index)

    def one(method: Any, training: Any, key: Any) -> Any:
        return functions.init(method, training, key, ({}, {}), size)

    key = jax.random.key(0)
    if width == 1:
        return jax.block_until_ready(jax.jit(one)(*arguments, key))
    keys = jax.random.split(key, width)
    return jax.block_until_ready(jax.jit(jax.vmap(one))(*arguments, keys))


def _program(functions: StageFunctions, width: int, stacked: bool) -> Any:
    if width == 1:
        return functions.chunk
    if stacked:
        return jax.vmap(functions.chunk, in_axes=(0, 0, 0, None, None))

    def in_a_row(state: Any, method: Any, training: Any, data: Any, until: Any) -> Any:
        def one(own: Any) -> Any:
            return functions.chunk(*own, data, until)

        return lax.map(one, (state, method, training))

    return in_a_row
