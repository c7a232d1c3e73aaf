"""The network of a finished run, put together again to predict."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from xferlab.benchmark.runs.methods import find_method
from xferlab.benchmark.runs.plan import with_hyper
from xferlab.benchmark.store.model_files import ModelFile
from xferlab.benchmark.store.spec import RunSpec
from xferlab.core.errors import InputError
from xferlab.core.inputs import Inputs
from xferlab.core.outputs import HostOutput
from xferlab.core.roles import ROLES, Role
from xferlab.data.feeds.pieces import Piece, Pieces
from xferlab.methods.base import Method, Stage
from xferlab.methods.table import ALL_METHODS
from xferlab.models.nets import Output
from xferlab.training.contract import networks_of, user_code
from xferlab.training.predict import predict_pieces
from xferlab.training.recipe import stages_of
from xferlab.training.stage import make_stage
from xferlab.training.step import TrainState


class Forward:
    """Predicts with the network, the statistics and the method of a finished run."""

    def __init__(self, spec: RunSpec, model: ModelFile, method: Method):
        """Takes what a run was and what it has learnt.

        Args:
            spec: of the run.
            model: its kept network.
            method: of its last stage, with the run's hyper-parameters.

        Raises:
            InputError: the method's networks or state are others than those that were kept.
        """
        network = dataclasses.replace(spec.network, source_domains=model.notes["source_domains"])
        training = dataclasses.replace(spec.training, lr_rules=(("**", 1.0),))
        functions = make_stage(network, Stage(method), training, steps=1)
        params, statistics = model.tree("params"), model.tree("statistics")
        wanted = functions.program.blueprint
        drawn = jax.eval_shape(functools.partial(wanted.init, networks_of(method)), _KEY)
        _check_alike(drawn, (params, statistics), method)
        state = _method_state(method, params, statistics, model.under("state"))
        self._state = TrainState(params, statistics, {}, state, _KEY, jnp.int32(0))
        self._method = method
        self._predict = {role: jax.jit(_of_role(functions.predict_blocks, role)) for role in ROLES}

    def __call__(self, inputs: Inputs, role: Role) -> HostOutput:
        """Returns the outputs (NumPy) for prepared inputs of one role."""
        predict = self._predict[role]

        def predicted(piece: Piece) -> Output:
            return predict(self._state, self._method, piece.blocks, piece.used)

        return predict_pieces(predicted, Pieces(inputs), 0)


_KEY = jax.random.key(0)
"""Evaluation draws nothing."""


def _of_role(predict_blocks: Any, role: Role) -> Any:
    def predict(state: TrainState, method: Method, blocks: Inputs, used: Any) -> Output:
        return predict_blocks(role, state, method, blocks, used)

    return predict


def method_of(spec: RunSpec, own: str | type[Method] | None) -> Method:
    """Returns the method of a run's last stage, which says how the run predicts.

    Args:
        spec: of the run.
        own: of a method from outside the package its class, or where that stands:
            'path/to/file.py:Class'. A run's folder never says so: code is loaded only by your word.

    Raises:
        InputError: a method from outside that is not given, or another one; a closed-form one.
    """
    name = spec.method.name
    first = name.split("+")[0]
    if own is None and first not in ALL_METHODS:
        raise InputError(
            f"the run was trained by {name!r}, which is not of the package. Name it: method="
            "'path/to/file.py:Class', on the command line --method=path/to/file.py:Class"
        )
    candidate = find_method(name if own is None else own)
    if candidate.name.split("+")[0] != first:
        raise InputError(
            f"the run was trained by {name!r}, and {candidate.name!r} is given. Give the method of"
            " the run"
        )
    method: Any = with_hyper(name, candidate.method, dict(spec.method.hyper))
    if not isinstance(method, Method):
        raise InputError(f"{name!r} is of closed form: it trains no network that could be kept")
    return stages_of(method, candidate.recipe)[-1].method


def _method_state(
    method: Method, params: Any, statistics: Any, kept: Mapping[str, np.ndarray]
) -> Any:
    """Returns the method's own state from its kept leaves."""
    with user_code(method, "init_state"):
        shape = jax.eval_shape(lambda p, s: method.init_state(p, s, 1), params, statistics)
    leaves = [kept[str(place)] for place in range(len(kept))]
    structure = jax.tree.structure(shape)
    if structure.num_leaves != len(leaves):
        raise InputError(
            f"the run kept {len(leaves)} arrays of its method's state, and"
            f" {type(method).__name__} has {structure.num_leaves}: it is another method now"
        )
    return jax.tree.unflatten(structure, leaves)


def _check_alike(wanted: Any, kept: Any, method: Method) -> None:
    """Raises InputError where kept parameters are not those of the networks as they are built."""
    forms = [
        {jax.tree_util.keystr(path): jnp.shape(leaf) for path, leaf in leaves}
        for leaves in (jax.tree.leaves_with_path(tree) for tree in (wanted, kept))
    ]
    if forms[0] != forms[1]:
        differing = sorted(
            name for name in forms[0] | forms[1] if forms[0].get(name) != forms[1].get(name)
        )
        raise InputError(
            f"the networks of {type(method).__name__} are not those of the run: of"
            f" {len(differing)} variables the shapes differ, such as {', '.join(differing[:3])}."
            " The method or xferlab has changed since; load it with the version that trained it"
        )
