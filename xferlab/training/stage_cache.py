"""Compiled stages, shared by all runs of a process whose stages have one static half."""

from __future__ import annotations

import threading
from typing import Any

import jax
from jax.sharding import Mesh

from xferlab.core.errors import InputError
from xferlab.methods.base import Stage
from xferlab.models.spec import NetworkSpec
from xferlab.training.options import TrainingOptions
from xferlab.training.recipe import options_of
from xferlab.training.stage import CompiledStage, compile_stage, make_stage


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
        self, spec: NetworkSpec, stage: Stage, options: TrainingOptions, steps: int, stacked: bool
    ) -> CompiledStage:
        """Returns the compiled functions for stages of this static half.

        That is the network, the structure of method and options (the rules by which parameters are
        trained among them), the setting, adapter, sampler and length.

        Raises:
            InputError: stacked runs in debug mode: JAX has no checks of mapped `while` loops.
        """
        if stacked and self._debug:
            raise InputError("debug mode trains runs one by one; use a width of 1")
        structure = jax.tree.structure((stage.method, options_of(stage, options)))
        key = (spec, structure, stage.setting, stage.adapter, stage.sampler, steps, stacked)
        with self._lock:
            if key not in self._stages:
                functions = make_stage(
                    spec, stage, options, steps, mesh=self._mesh, debug=self._debug
                )
                self._stages[key] = compile_stage(functions, stacked=stacked, mesh=self._mesh)
            return self._stages[key]
