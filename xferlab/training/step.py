"""One step: the only place where parameters change. Loop, scan, vmap and mesh all run this."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.sharding import Mesh
from jaxtyping import Array, Int, Key

from xferlab.core.batch import Batch
from xferlab.core.paths import trained_part, with_part
from xferlab.core.roles import TARGET
from xferlab.methods.base import Context, Method, Phase, Terms, sum_terms
from xferlab.models.adapters import LoRA, effective, with_factor_groups
from xferlab.models.nets import Blueprint, Nets, Params
from xferlab.models.networks import ENCODER, TARGET_ENCODER
from xferlab.training.augment import AUGMENTATIONS, random_view, view_of
from xferlab.training.contract import (
    checked_state,
    checked_terms,
    outputs_of,
    phases_of,
    user_code,
)
from xferlab.training.debug import check_finite, check_same_tree
from xferlab.training.optimiser import init_optimiser, scheduled_lr, update_group
from xferlab.training.options import TrainingOptions
from xferlab.training.predict import Arrived, with_batch
from xferlab.training.sharding import split_batch

VIEW_KEY = 2**30
"""Folded into the key of a step for the view of its batch; numbers of phases never get that far."""


class TrainState(NamedTuple):
    """Everything that a run carries from step to step, and all that a checkpoint holds."""

    params: Params
    statistics: Params
    optimiser: dict[str, Any]
    method_state: Any
    key: Key[Array, ""]
    step: Int[Array, ""]
    """Steps done in this stage."""
    arrived: Arrived | tuple[()] = ()
    """What was predicted of the target as it came; () where the stage is not online."""


@dataclasses.dataclass(frozen=True)
class StageProgram:
    """The static part of a stage: structure of the networks, length, and frozen parameters."""

    blueprint: Blueprint
    steps: int
    multipliers: Any
    """Learning-rate multiplier of every parameter; what has 0 is frozen: it has no gradient and no
    optimiser state."""
    mesh: Mesh | None = None
    """Devices over which batches are split; None for one."""
    debug: bool = False
    """Whether a step checks what it reads and makes, with `debug.with_checks` around it."""
    adapter: LoRA | None = None
    """What parameters are reparameterised by; the factors are groups among them."""
    online: bool = False
    """Whether a step predicts the target's batch before it trains on it."""

    def nets(self, params: Params, statistics: Params, **mode: Any) -> Nets:
        """Returns the networks with their effective weights; see `Nets` for the mode."""
        return Nets(self.blueprint, effective(self.adapter, params), statistics, **mode)

    def check(self, what: str, tree: Any, step: Int[Array, ""]) -> None:
        """In debug mode, notes the first leaf that is not finite."""
        if self.debug:
            check_finite(what, tree, step)


def init_optimisation(
    program: StageProgram, method: Method, options: TrainingOptions, params: Params
) -> dict[str, Any]:
    """Returns optimiser states after checking that the phases name existing groups.

    Raises:
        InputError: if a phase trains a parameter group that no network has.
    """
    phases_of(method, params)
    return init_optimiser(options, trained_part(params, program.multipliers))


def train_step(
    program: StageProgram, state: TrainState, method: Method, options: TrainingOptions, batch: Batch
) -> tuple[TrainState, dict[str, Array]]:
    """Runs every phase of the method once on a batch; online, predicts the target's part first.

    Returns:
        The new state, and every term of every phase by name (with several phases,
        'phase/term'), unweighted.
    """
    before = state
    program.check("before the step:", state._asdict(), state.step)
    program.check("batch", batch._asdict(), state.step)
    batch = split_batch(batch, program.mesh)
    if program.online:
        state = state._replace(arrived=_predicted_first(program, state, method, batch.target))
    progress = state.step / program.steps
    lr = scheduled_lr(options, progress)
    step_key = jax.random.fold_in(state.key, state.step)
    batch = view_of(options.train_view, jax.random.fold_in(step_key, VIEW_KEY), batch)
    logged: dict[str, Array] = {}
    phases = phases_of(method, state.params)
    updates = [phase for phase in phases for _ in range(phase.repeats)]
    for number, phase in enumerate(updates):
        key = jax.random.fold_in(step_key, number)
        augment = functools.partial(random_view, AUGMENTATIONS[options.augment])
        ctx = Context(key, state.step, progress, state.method_state, augment, batch)
        state, terms = _run_phase(program, state, method, options, phase, batch, ctx, lr)
        prefix = f"{phase.name}/" if len(phases) > 1 else ""
        logged |= {prefix + name: term.value for name, term in terms.items()}
    ctx = ctx._replace(key=jax.random.fold_in(step_key, len(updates)))
    nets = program.nets(state.params, state.statistics, train=False)
    with user_code(method, "after_update"):
        method_state = method.after_update(state.method_state, nets, ctx)
    checked_state(method, "after_update", state.method_state, method_state)
    program.check("state of the method", method_state, state.step)
    state = state._replace(method_state=method_state, step=state.step + 1)
    if program.debug:
        check_same_tree(before, state)
    return state, logged


def _predicted_first(
    program: StageProgram, state: TrainState, method: Method, target: Any
) -> Arrived:
    """Returns the record of a stream with what the method, as it stands, predicts of its batch."""
    nets = program.nets(state.params, state.statistics, train=False)
    output = outputs_of(method, nets, target.inputs, state.method_state, TARGET)
    arrived: Any = state.arrived
    return with_batch(arrived, target.index, output)


def _run_phase(
    program: StageProgram,
    state: TrainState,
    method: Method,
    options: TrainingOptions,
    phase: Phase,
    batch: Batch,
    ctx: Context,
    lr: Array,
) -> tuple[TrainState, Terms]:
    groups = _trained_groups(phase, state.params)
    rates = {g: trained_part(program.multipliers[g], program.multipliers[g]) for g in groups}
    trained = {g: trained_part(state.params[g], program.multipliers[g]) for g in groups}

    def objective(trained: Params) -> tuple[Terms, Params]:
        params = state.params | {g: with_part(own, state.params[g]) for g, own in trained.items()}
        net_key, _ = jax.random.split(ctx.key)
        nets = program.nets(params, state.statistics, train=True, key=net_key)
        with user_code(method, f"the loss of phase {phase.name!r}"):
            terms = phase.loss(nets, batch, ctx)
        return checked_terms(method, phase, terms), nets.statistics()

    gradient, terms, statistics = _differentiate(objective, trained, method, ctx)
    program.check(f"term of phase {phase.name!r}", terms, state.step)
    program.check(f"gradient of phase {phase.name!r}", gradient, state.step)
    params, optimiser = dict(state.params), dict(state.optimiser)
    for group, own in trained.items():
        moved, optimiser[group] = update_group(
            options, lr, gradient[group], optimiser[group], own, rates[group]
        )
        params[group] = with_part(moved, params[group])
    state = state._replace(params=params, statistics=statistics, optimiser=optimiser)
    program.check(f"after phase {phase.name!r}:", state._asdict(), state.step)
    return state, terms


def _trained_groups(phase: Phase, params: Params) -> list[str]:
    """Returns the parameter groups of a phase: of 'encoder' the target's own one too, if any."""
    names = params if phase.trains is None else phase.trains
    both = [name for own in names for name in ((own, TARGET_ENCODER) if own == ENCODER else (own,))]
    return with_factor_groups(both, params)


def _differentiate(
    objective: Any, trained: Params, method: Method, ctx: Context
) -> tuple[Params, Terms, Params]:
    if not jax.tree.leaves(trained):
        terms, statistics = objective(trained)
        return trained, terms, statistics
    if not method.per_term_gradients:

        def total(trained: Params) -> tuple[Array, tuple[Terms, Params]]:
            terms, statistics = objective(trained)
            return sum_terms(terms), (terms, statistics)

        gradient, (terms, statistics) = jax.grad(total, has_aux=True)(trained)
        return gradient, terms, statistics

    def each(trained: Params) -> tuple[dict[str, Array], tuple[Terms, Params]]:
        terms, statistics = objective(trained)
        weighted = {name: jnp.asarray(t.weight * t.value) for name, t in terms.items()}
        return weighted, (terms, statistics)

    gradients, (terms, statistics) = jax.jacrev(each, has_aux=True)(trained)
    with user_code(method, "combine_gradients"):
        combined = method.combine_gradients(gradients, ctx)
    return checked_state(method, "combine_gradients", trained, combined), terms, statistics
