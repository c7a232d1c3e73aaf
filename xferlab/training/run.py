"""Runs in progress: a recipe's stages, one after another, for one run or a stack of them.

The host decides only where to pause (evaluations, refreshes, ends of stages); what happens in
between is one compiled program. Everything a run is made of is in `Training.state`.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from xferlab.core.batch import Batch
from xferlab.core.errors import InputError
from xferlab.core.inputs import Inputs
from xferlab.core.outputs import HostArrived, HostOutput
from xferlab.core.roles import TARGET, Role
from xferlab.core.settings import Setting
from xferlab.data.feeds.episode_pieces import EpisodePieces
from xferlab.data.feeds.pieces import Piece, Pieces
from xferlab.data.feeds.resident import Resident
from xferlab.methods.base import Method, Stage
from xferlab.models.adapters import effective
from xferlab.models.nets import Output, Params
from xferlab.models.spec import NetworkSpec
from xferlab.training.feeding import (
    Feed,
    bounds_of,
    feeds_of,
    source_domains,
    stages_under,
    target_size,
)
from xferlab.training.logs import ChunkLog, TermLog, summarise
from xferlab.training.loop import run_loop
from xferlab.training.options import TrainingOptions
from xferlab.training.predict import arrived_of_each, predict_pieces
from xferlab.training.recipe import check_alike, options_of, stages_of
from xferlab.training.scan import DATA_STREAM, Log
from xferlab.training.sharding import stack
from xferlab.training.stage import CompiledStage, hidden_target
from xferlab.training.stage_cache import StageCache
from xferlab.training.step import TrainState


class Member(NamedTuple):
    """One run of a stack: what may differ between runs that share a program.

    Attributes:
        method: what the run is called after.
        options: the training options; a stage may change some.
        seed: of the run's key.
        stages: what is trained; () for the method's own stages.
        start: parameters and statistics that the first stage begins with, by network; those that it
            lacks, or that are `fresh`, are drawn.
    """

    method: Method
    options: TrainingOptions
    seed: int
    stages: tuple[Stage, ...] = ()
    start: tuple[Params, Params] = ({}, {})


class Training:
    """A stack of runs that share task, network, and the structure of method and options."""

    def __init__(
        self,
        spec: NetworkSpec,
        members: Sequence[Member],
        data: Mapping[Setting, Feed],
        setting: Setting,
        cache: StageCache,
    ):
        """Initialises the first stage.

        Args:
            spec: the network; its `source_domains` are those of the data.
            members: the runs; a single one is not stacked.
            data: the splits under each setting that a stage may name, on the device or streamed.
            setting: the task's setting, for stages that name none (`feeding.stages_under`).
            cache: compiled stages, shared by all trainings of a process.

        Raises:
            InputError: members whose stages differ in structure; a stage with a rule that matches
                no parameter, a fresh network that is none, or a sampler that does not fit the data;
                fewer steps than stages.
        """
        self._spec = dataclasses.replace(spec, source_domains=source_domains(data.values()))
        self._members = members
        self._setting = setting
        self._cache = cache
        self._stacked = len(members) > 1
        self._batches: Iterator[Batch] | None = None
        recipes = [member.stages or stages_of(member.method) for member in members]
        self._recipes = [stages_under(stages, setting) for stages in recipes]
        check_alike([m.method for m in members], self._recipes, [m.options for m in members])
        options = members[0].options
        self._feeds = feeds_of(self._recipes[0], data, setting, options.sizes, spec.num_classes)
        self._ends = bounds_of(self._recipes[0], options, int(self._feeds[-1].sizes.target))
        self.stage = 0
        self._check_fresh()
        self.state = self._enter(None)

    @property
    def width(self) -> int:
        """Number of runs."""
        return len(self._members)

    @property
    def streams(self) -> bool:
        """Whether data of a stage are streamed."""
        return not all(isinstance(feed, Resident) for feed in self._feeds)

    @property
    def step(self) -> int:
        """Steps done in the whole recipe."""
        return self._start(self.stage) + int(np.ravel(self.state.step)[0])

    def advance(self, until: int) -> list[TermLog]:
        """Trains up to step `until` of the recipe and returns each run's log."""
        logs: list[ChunkLog] = []
        while self.step < until:
            if self.step == self._ends[self.stage]:
                self.stage += 1
                self.state = self._enter(self.state)
            self._refresh_if_due()
            begin, start = self.step, self._start(self.stage)
            pause = min(until, self._ends[self.stage], self._next_refresh(begin))
            self.state, log = self._train_to(pause - start)
            logs.append(ChunkLog(start, pause - begin, jax.device_get(log)))
        return [summarise(logs, i if self._stacked else None) for i in range(len(self._members))]

    def predict(self, inputs: Inputs | Pieces, role: Role) -> list[HostOutput]:
        """Returns each run's outputs (NumPy) for inputs of one role.

        Inputs that are predicted more than once are better given as `Pieces`, which stay on the
        device.
        """
        return self._of_each(self._predicted(inputs, role))

    def answer(self, episodes: EpisodePieces) -> list[HostOutput]:
        """Returns each run's outputs (NumPy) for the queries of episodes, one after the other."""
        method, _ = self._arguments

        def answer(piece: Piece) -> Output:
            test = episodes.drawn.test
            return self._compiled.answer(self.state, method, piece.blocks, piece.used, test)

        return self._of_each(predict_pieces(answer, episodes, int(self._stacked)))

    def _of_each(self, joined: Any) -> list[Any]:
        """Returns a tree of arrays for each run."""
        if not self._stacked:
            return [joined]
        return [jax.tree.map(lambda a, i=i: a[i], joined) for i in range(self.width)]

    def arrived(self) -> list[HostArrived | None]:
        """Returns what each run predicted of a stream as it came; None outside an online stage."""
        return arrived_of_each(self.state.arrived, self.width, stacked=self._stacked)

    def _predicted(self, inputs: Inputs | Pieces, role: Role) -> HostOutput:
        """Returns the outputs of the runs, which lie along a leading axis if they are stacked."""
        method, _ = self._arguments
        predict = self._compiled.predict[role]
        pieces = inputs if isinstance(inputs, Pieces) else Pieces(inputs)

        def predicted(piece: Piece) -> Output:
            return predict(self.state, method, piece.blocks, piece.used)

        return predict_pieces(predicted, pieces, int(self._stacked))

    def weights(self) -> list[tuple[Params, Params]]:
        """Returns each run's parameters, those of adapters merged, and statistics (NumPy)."""
        params = effective(self._recipe_stage.adapter, self.state.params)
        return self._of_each(jax.device_get((params, self.state.statistics)))

    def method_states(self) -> list[list[np.ndarray]]:
        """Returns the leaves of the state of each run's method (NumPy)."""
        return self._of_each(jax.device_get(jax.tree.leaves(self.state.method_state)))

    @property
    def network(self) -> NetworkSpec:
        """The network, with the number of domains that the source has in the data."""
        return self._spec

    def restore(self, stage: int, load: Callable[[TrainState], TrainState]) -> None:
        """Goes to a stage and takes the state that `load` returns for a template of it."""
        while self.stage < stage:
            self.stage += 1
            self.state = self._enter(self.state)
        self.state = load(self.state)

    def _train_to(self, until: int) -> tuple[TrainState, Log]:
        """Trains to a step of the stage, by scan where data are resident, by loop if streamed."""
        data = self._stage_data
        if isinstance(data, Resident):
            return self._compiled.chunk(self.state, *self._arguments, data, jnp.int32(until))
        done = self.step - self._start(self.stage)
        if self._batches is None:
            order = functools.partial(jax.random.fold_in, data=DATA_STREAM)
            key = (jax.vmap(order) if self._stacked else order)(self.state.key)
            self._batches = data.batches(key, done, self._members[0].options.sizes)
        return run_loop(self._compiled, self.state, *self._arguments, self._batches, until - done)

    @property
    def _recipe_stage(self) -> Stage:
        return self._recipes[0][self.stage]

    @functools.cached_property
    def _options(self) -> list[TrainingOptions]:
        """The options of every stage, stacked."""
        pairs = list(zip(self._recipes, self._members, strict=True))
        return [
            stack([options_of(stages[number], member.options) for stages, member in pairs])
            for number in range(len(self._ends))
        ]

    @property
    def _arguments(self) -> tuple[Method, TrainingOptions]:
        methods = [stages[self.stage].method for stages in self._recipes]
        return stack(methods), self._options[self.stage]

    @property
    def _compiled(self) -> CompiledStage:
        return self._compiled_at(self.stage)

    def _compiled_at(self, number: int) -> CompiledStage:
        stage, steps = self._recipes[0][number], self._ends[number] - self._start(number)
        stage = stage._replace(setting=stage.setting or self._setting)
        return self._cache.get(self._spec, stage, self._members[0].options, steps, self._stacked)

    def _check_fresh(self) -> None:
        """Raises InputError for a fresh network that a stage or the one before it lacks."""
        before = tuple(self._members[0].start[0])
        for number, stage in enumerate(self._recipes[0]):
            own = self._compiled_at(number).groups
            for name in stage.fresh:
                lacking = "it" if name not in own else "the stage before" * (name not in before)
                if lacking:
                    raise InputError(
                        f"stage {number + 1} ({type(stage.method).__name__}) begins {name!r} anew,"
                        f" which {lacking} does not have. Networks of the stage: {', '.join(own)};"
                        f" of the one before: {', '.join(before) or 'none'}"
                    )
            before = own

    @property
    def _stage_data(self) -> Feed:
        return self._feeds[self.stage]

    def _start(self, stage: int) -> int:
        return self._ends[stage - 1] if stage else 0

    def _enter(self, previous: TrainState | None) -> TrainState:
        keys = [
            jax.random.fold_in(jax.random.key(member.seed), self.stage) for member in self._members
        ]
        earlier = stack([member.start for member in self._members])
        if previous is not None:
            adapter = self._recipes[0][self.stage - 1].adapter
            earlier = (effective(adapter, previous.params), previous.statistics)
        fresh = self._recipe_stage.fresh
        inherited = tuple(
            {name: values for name, values in tree.items() if name not in fresh} for tree in earlier
        )
        self._batches = None
        size = target_size(self._stage_data)
        return self._compiled.init(*self._arguments, stack(keys), inherited, size)

    def _refresh_points(self) -> list[int]:
        count = self._recipe_stage.method.refreshes
        begin, end = self._start(self.stage), self._ends[self.stage]
        return [begin + round(i * (end - begin) / count) for i in range(count)]

    def _next_refresh(self, step: int) -> int:
        return min((p for p in self._refresh_points() if p > step), default=self._ends[-1])

    def _refresh_if_due(self) -> None:
        if self.step not in self._refresh_points():
            return
        method, _ = self._arguments
        data = self._stage_data
        if isinstance(data, Resident):
            self.state = self._compiled.refresh(self.state, method, data)
            return
        if data.inputs.target is None:
            raise hidden_target(method)
        outputs = Output._make(self._predicted(data.inputs.target, TARGET))
        self.state = self._compiled.renew(self.state, method, outputs, data.sizes.target)
