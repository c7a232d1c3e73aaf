"""Runs in progress: a recipe's stages, one after another, for one run or a stack of them.

The host decides only where to pause (evaluations, refreshes, ends of stages); what happens in
between is one compiled program. Everything a run is made of is in `Training.state`.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Float

from xferlab.core.batch import Batch
from xferlab.core.errors import InputError
from xferlab.core.settings import Setting
from xferlab.core.sparse import Inputs
from xferlab.data.feeds.pieces import Pieces
from xferlab.data.feeds.resident import Resident
from xferlab.methods.base import Method, Stage
from xferlab.models.nets import Output
from xferlab.models.spec import NetworkSpec
from xferlab.training.logs import ChunkLog, TermLog, summarise
from xferlab.training.loop import Stream, run_loop
from xferlab.training.options import TrainingOptions
from xferlab.training.recipe import stage_bounds, stages_of
from xferlab.training.scan import Log
from xferlab.training.stage import CompiledStage, compile_stage, make_stage
from xferlab.training.step import TrainState


class Member(NamedTuple):
    """One run of a stack: what may differ between runs that share a program."""

    method: Method
    options: TrainingOptions
    seed: int


class HostOutput(NamedTuple):
    """What the network makes of `n` examples, on the host."""

    features: Float[np.ndarray, "n d"]
    logits: Float[np.ndarray, "n k"]


class StageCache:
    """Compiled stages by structure, so that runs of one structure compile once."""

    def __init__(self, mesh: Mesh | None = None, *, debug: bool = False) -> None:
        """Starts empty.

        Args:
            mesh: spreads runs and batches over several devices.
            debug: whether steps check what they read and make (`xferlab.training.debug`).

        Raises:
            InputError: debug over several devices.
        """
        if debug and mesh is not None:
            raise InputError("debug=True checks on one device; leave out the mesh")
        self._mesh = mesh
        self._debug = debug
        self._lock = threading.Lock()
        self._stages: dict[Any, CompiledStage] = {}

    def get(
        self, spec: NetworkSpec, method: Method, options: TrainingOptions, steps: int, stacked: bool
    ) -> CompiledStage:
        """Returns the compiled functions for a stage of this structure.

        Raises:
            InputError: stacked runs in debug mode: JAX has no checks of mapped `while` loops.
        """
        if stacked and self._debug:
            raise InputError("debug mode trains runs one by one; use a width of 1")
        structure = jax.tree.structure((method, options))
        key = (spec, structure, steps, stacked)
        with self._lock:
            if key not in self._stages:
                functions = make_stage(
                    spec, method, options, steps, mesh=self._mesh, debug=self._debug
                )
                self._stages[key] = compile_stage(functions, stacked=stacked, mesh=self._mesh)
            return self._stages[key]


class Training:
    """A stack of runs that share task, network, and the structure of method and options."""

    def __init__(
        self,
        spec: NetworkSpec,
        members: Sequence[Member],
        data: Mapping[Setting, Resident | Stream],
        setting: Setting,
        cache: StageCache,
    ):
        """Initialises the first stage.

        Args:
            spec: the network.
            members: the runs; a single one is not stacked.
            data: the splits, or the stream of batches, under each setting that a stage may name.
            setting: the task's setting, for stages that name none.
            cache: compiled stages, shared by all trainings of a process.
        """
        self._spec = spec
        self._members = members
        self._data = data
        self._setting = setting
        self._cache = cache
        self._stacked = len(members) > 1
        self._batches: Iterator[Batch] | None = None
        if self._stacked and any(isinstance(part, Stream) for part in data.values()):
            raise InputError("runs with streamed data train one by one; use a width of 1")
        self._recipes = [stages_of(member.method) for member in members]
        self._ends = stage_bounds(self._recipes[0], members[0].options.steps)
        self.stage = 0
        self.state = self._enter(None)

    @property
    def width(self) -> int:
        """Number of runs."""
        return len(self._members)

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

    def predict(self, inputs: Inputs | Pieces, domain: int) -> list[HostOutput]:
        """Returns each run's outputs (NumPy) for inputs of one domain (0 source, 1 target).

        Inputs that are predicted more than once are better given as `Pieces`, which stay on the
        device.
        """
        method, _ = self._arguments
        pieces = inputs if isinstance(inputs, Pieces) else Pieces(inputs)
        arrays, waiting = [], None
        for piece in pieces:  # The device computes a piece while the host takes the one before.
            output = self._compiled.predict(self.state, method, piece.blocks, piece.used, domain)
            arrays += _on_host(waiting)
            waiting = output, piece.rows
        arrays += _on_host(waiting)
        features, logits = (np.concatenate(part, axis=-2) for part in zip(*arrays, strict=True))
        if not self._stacked:
            return [HostOutput(features, logits)]
        return [HostOutput(f, g) for f, g in zip(features, logits, strict=True)]

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
            self._batches = data.batches_from(done)
        return run_loop(self._compiled, self.state, *self._arguments, self._batches, until - done)

    @property
    def _recipe_stage(self) -> Stage:
        return self._recipes[0][self.stage]

    @functools.cached_property
    def _options(self) -> TrainingOptions:
        return _stack([member.options for member in self._members])

    @property
    def _arguments(self) -> tuple[Method, TrainingOptions]:
        return _stack([recipe[self.stage].method for recipe in self._recipes]), self._options

    @property
    def _compiled(self) -> CompiledStage:
        steps = self._ends[self.stage] - self._start(self.stage)
        return self._cache.get(
            self._spec, self._recipe_stage.method, self._members[0].options, steps, self._stacked
        )

    @property
    def _stage_data(self) -> Resident | Stream:
        return self._data[self._recipe_stage.setting or self._setting]

    def _start(self, stage: int) -> int:
        return self._ends[stage - 1] if stage else 0

    def _enter(self, previous: TrainState | None) -> TrainState:
        keys = [
            jax.random.fold_in(jax.random.key(member.seed), self.stage) for member in self._members
        ]
        inherited = ({}, {})
        if previous is not None:
            fresh = self._recipe_stage.fresh
            inherited = tuple(
                {name: values for name, values in tree.items() if name not in fresh}
                for tree in (previous.params, previous.statistics)
            )
        self._batches = None
        size = _target_size(self._stage_data)
        return self._compiled.init(*self._arguments, _stack(keys), inherited, size)

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
        if not isinstance(self._stage_data, Resident):
            raise InputError(
                f"{type(method).__name__} looks at the whole target split at once, so its data"
                " cannot be streamed; keep them resident"
            )
        self.state = self._compiled.refresh(self.state, method, self._stage_data)


def _on_host(predicted: tuple[Output, int] | None) -> list[HostOutput]:
    """Returns the rows of a piece's outputs, [..., rows, d]; nothing of no piece."""
    if predicted is None:
        return []
    output, rows = predicted
    return [HostOutput(*(np.asarray(a)[..., :rows, :] for a in (output.features, output.logits)))]


def _target_size(data: Resident | Stream) -> int:
    """Returns the (padded) number of target examples, 0 where the target is hidden."""
    if isinstance(data, Stream):
        return data.target_size
    return 0 if data.splits.target is None else len(data.splits.target.index)


def _stack(trees: Sequence[Any]) -> Any:
    """Returns the single tree as it is, or several with their leaves stacked."""
    if len(trees) == 1:
        return trees[0]
    return jax.tree.map(lambda *leaves: jnp.stack([jnp.asarray(a) for a in leaves]), *trees)
