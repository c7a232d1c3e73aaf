"""One stage of a recipe as a handful of compiled functions, for one run or a stack of them."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh
from jaxtyping import Array, Int, Key

from xferlab.core.batch import Batch, EpisodicTest
from xferlab.core.errors import InputError
from xferlab.core.inputs import Inputs
from xferlab.core.roles import ROLES, TARGET, Role
from xferlab.data.feeds.resident import Resident
from xferlab.data.feeds.scaling import scale_inputs
from xferlab.methods.base import Method, Stage, WholeTarget
from xferlab.models.adapters import effective, without_factors
from xferlab.models.nets import Blueprint, Nets, Output, Params
from xferlab.models.spec import NetworkSpec
from xferlab.training.contract import checked_state, networks_of, outputs_of, user_code
from xferlab.training.debug import jit_with_checks, with_checks
from xferlab.training.feeding import comes
from xferlab.training.options import TrainingOptions
from xferlab.training.predict import answer_of, forward_blueprint, nothing_yet, predict_blocks
from xferlab.training.rates import trained_rates, with_factors
from xferlab.training.recipe import options_of
from xferlab.training.scan import Log, empty_log, logged_step, run_chunk
from xferlab.training.sharding import FirstAlone, over_runs, stack_runs
from xferlab.training.step import StageProgram, TrainState, init_optimisation

REFRESH_BATCH = 256
QUICK_TO_COMPILE = {"xla_backend_optimization_level": 0}
"""For code that runs once: optimising it takes several times as long as running it."""


@dataclasses.dataclass(frozen=True)
class StageFunctions:
    """The pure functions of a stage; `compile_stage` jits them, over one run or a stack.

    Attributes:
        spec: the network.
        steps: length of the stage.
        program: structure of the networks, lengths and multipliers.
        forward: the networks as they predict: the same parameters, in the formulation that is
            quickest without a gradient.
    """

    spec: NetworkSpec
    steps: int
    program: StageProgram
    forward: Blueprint

    def init(
        self,
        method: Method,
        options: TrainingOptions,
        key: Key[Array, ""],
        inherited: tuple[Params, Params],
        target_size: int,
    ) -> TrainState:
        """Returns the state before the first step; `inherited` weights replace fresh ones.

        Raises:
            InputError: if a network differs in shape from the inherited one of its name, or if the
                method's own state is none.
        """
        init_key, run_key = jax.random.split(key)
        drawn = self.program.blueprint.init(networks_of(method), init_key)
        params, statistics = map(_inherit, drawn, inherited)
        own = with_factors(self.program.adapter, params, key)
        optimiser = init_optimisation(self.program, method, options, own)
        with user_code(method, "init_state"):
            method_state = method.init_state(params, statistics, target_size)
        checked_state(method, "init_state", method_state, method_state)
        state = TrainState(own, statistics, optimiser, method_state, run_key, jnp.int32(0))
        if not self.program.online:
            return state
        predict = functools.partial(self.predict, state, method, role=TARGET)
        nothing = nothing_yet(predict, self.spec, options.sizes.target, target_size)
        return state._replace(arrived=nothing)

    def chunk(
        self,
        state: TrainState,
        method: Method,
        options: TrainingOptions,
        data: Resident,
        until: Int[Array, ""],
    ) -> tuple[TrainState, Log]:
        """Trains up to step `until` of the stage."""
        return run_chunk(self.program, state, method, options, data, until)

    def step(
        self,
        state: TrainState,
        log: Log,
        method: Method,
        options: TrainingOptions,
        batch: Batch,
    ) -> tuple[TrainState, Log]:
        """Trains one step on a streamed batch, inputs as stored."""
        return logged_step(self.program, state, log, method, options, _scaled(batch))

    def empty_log(
        self, state: TrainState, method: Method, options: TrainingOptions, batch: Batch
    ) -> Log:
        """Returns a log of no step for streamed batches like this one."""
        return empty_log(self.program, state, method, options, _scaled(batch))

    def refresh(self, state: TrainState, method: Method, data: Resident) -> TrainState:
        """Renews the method's state from what it predicts for the whole target split."""
        rows = data.splits.target
        if rows is None:
            raise hidden_target(method)
        size = len(rows.index)
        batches = jax.tree.map(_refresh_batches, rows.inputs)
        outputs = jax.lax.map(lambda x: self.predict(state, method, x, TARGET), batches)
        outputs = jax.tree.map(lambda a: a.reshape(-1, *a.shape[2:])[:size], outputs)
        return self.renew(state, method, outputs, data.sizes.target)

    def renew(
        self, state: TrainState, method: Method, outputs: Output, size: Int[Array, ""]
    ) -> TrainState:
        """Renews the method's state from its outputs for the target, of which `size` are used."""
        nets = self.program.nets(state.params, state.statistics, train=False)
        mask = (jnp.arange(len(outputs.features)) < size).astype(jnp.float32)
        with user_code(method, "refresh"):
            renewed = method.refresh(state.method_state, nets, WholeTarget(outputs, mask))
        checked_state(method, "refresh", state.method_state, renewed)
        return state._replace(method_state=renewed, statistics=nets.statistics())

    def predict(self, state: TrainState, method: Method, inputs: Inputs, role: Role) -> Output:
        """Returns what the method predicts for inputs of one role."""
        rows = scale_inputs(inputs)
        return outputs_of(method, self._forward(state), rows, state.method_state, role)

    def _forward(self, state: TrainState) -> Nets:
        params = effective(self.program.adapter, state.params)
        return Nets(self.forward, params, state.statistics, train=False)

    def predict_blocks(
        self,
        role: Role,
        state: TrainState,
        method: Method,
        blocks: Inputs,
        used: Int[Array, ""],
    ) -> Output:
        """Returns what the method predicts for the rows of the first `used` blocks."""
        return predict_blocks(lambda rows: self.predict(state, method, rows, role), blocks, used)

    def answer_blocks(
        self,
        state: TrainState,
        method: Method,
        blocks: Inputs,
        used: Int[Array, ""],
        test: EpisodicTest,
    ) -> Output:
        """Returns what the method answers to the queries of episodes, one in each block."""

        def answer(inputs: Inputs) -> Output:
            nets, rows = self._forward(state), scale_inputs(inputs)
            return answer_of(method, nets, rows, state.method_state, test)

        return predict_blocks(answer, blocks, used)


def hidden_target(method: Method) -> InputError:
    """Returns the error of a method that is refreshed where its setting hides the target."""
    return InputError(
        f"{type(method).__name__} is refreshed from the target, which its setting hides"
    )


def _inherit(own: Params, earlier: Params) -> Params:
    """Returns the networks' values, those of the stage before where it has them."""
    shared = {name: earlier[name] for name in own if name in earlier}
    for name, values in shared.items():
        before, now = (jax.tree.map(jnp.shape, tree) for tree in (values, own[name]))
        if before != now:
            raise InputError(
                f"network {name!r} has other shapes than in the stage before: {now} after {before}."
                f" Give it another name, or begin it anew: Stage(..., fresh=({name!r},))"
            )
    return own | shared


def _refresh_batches(array: Array) -> Array:
    """Returns rows [n, ...] as batches [n / b, b, ...], the last one filled up with zeros."""
    padded = jnp.pad(array, ((0, -len(array) % REFRESH_BATCH),) + ((0, 0),) * (array.ndim - 1))
    return padded.reshape(-1, REFRESH_BATCH, *array.shape[1:])


def _scaled(batch: Batch) -> Batch:
    return Batch._make(
        None if part is None else part._replace(inputs=scale_inputs(part.inputs)) for part in batch
    )


def make_stage(
    spec: NetworkSpec,
    stage: Stage,
    options: TrainingOptions,
    steps: int,
    *,
    mesh: Mesh | None = None,
    debug: bool = False,
) -> StageFunctions:
    """Builds a stage's functions; traces the construction of the networks, computes nothing.

    `options` are those of the run, of which the stage may change some.

    Raises:
        InputError: rules or an adapter that do not fit, or two encoders where the method needs one.
    """
    method, options = stage.method, options_of(stage, options)
    if method.one_encoder and spec.target_inputs:
        raise InputError(
            f"the task's setting has own_inputs=True, and {type(method).__name__} needs one encoder"
            " for both domains. Choose a method that trains source and target together"
        )
    networks = networks_of(method)
    blueprint = Blueprint.of(spec, networks)
    params, _ = jax.eval_shape(functools.partial(blueprint.init, networks), jax.random.key(0))
    multipliers, frozen = trained_rates(stage, options, params)
    blueprint = blueprint._replace(frozen=frozen)
    program = StageProgram(blueprint, steps, multipliers, mesh, debug, stage.adapter, comes(stage))
    return StageFunctions(spec, steps, program, forward_blueprint(spec, networks, blueprint))


@dataclasses.dataclass(frozen=True)
class CompiledStage:
    """A stage's functions under `jit`, and under `vmap` over stacked runs if `stacked`.

    `groups` are the names of its networks; `predict` has a program for each role, `answer` one for
    each kind of episodes.
    """

    groups: tuple[str, ...]

    init: Any
    chunk: Any
    step: Any
    empty_log: Any
    refresh: Any
    renew: Any
    predict: Mapping[Role, Any]
    answer: Any


def compile_stage(
    functions: StageFunctions, *, stacked: bool, mesh: Mesh | None = None
) -> CompiledStage:
    """Returns the functions jitted for one run, or for runs stacked along a leading axis.

    Stacked are state, log, method, options, key and streamed batches; resident data, inputs of
    predictions and step numbers are shared.

    Args:
        functions: the stage.
        stacked: whether arguments carry a leading axis of runs.
        mesh: devices to spread runs and batches over; None for one device.
    """
    if stacked:  # XLA's own convolution of several runs is a grouped one.
        functions = dataclasses.replace(functions, forward=functions.program.blueprint)
    init, chunk, step = functions.init, functions.chunk, functions.step
    refresh, renew, log = functions.refresh, functions.renew, functions.empty_log
    predict = {role: functools.partial(functions.predict_blocks, role) for role in ROLES}
    answer = functions.answer_blocks
    jit = jax.jit
    if functions.program.debug:
        chunk, step, jit = with_checks(chunk), with_checks(step), jit_with_checks
    if stacked:
        init = stack_runs(init, (0, 0, 0, 0, None))
        shared = (None, None)
        chunk = over_runs(stack_runs(chunk, (0, 0, 0, *shared)), mesh, (True,) * 3 + (False,) * 2)
        step = over_runs(stack_runs(step, (0,) * 5), mesh, (True,) * 5)
        log = stack_runs(log, (0,) * 4)
        refresh, renew = stack_runs(refresh, (0, 0, None)), stack_runs(renew, (0, 0, 0, None))
        predict = {role: stack_runs(predict[role], (0, 0, None, None)) for role in ROLES}
        answer = stack_runs(answer, (0, 0, None, None, None))
    return CompiledStage(
        groups=without_factors(functions.program.multipliers),
        init=FirstAlone(jax.jit(init, static_argnums=4, compiler_options=QUICK_TO_COMPILE)),
        chunk=FirstAlone(jit(chunk, donate_argnums=0)),
        step=jit(step, donate_argnums=(0, 1)),
        empty_log=jax.jit(log),
        refresh=FirstAlone(jax.jit(refresh)),
        renew=FirstAlone(jax.jit(renew)),
        predict={role: FirstAlone(jax.jit(predict[role])) for role in ROLES},
        answer=FirstAlone(jax.jit(answer)),
    )
