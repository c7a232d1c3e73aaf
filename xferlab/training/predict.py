"""Predictions of many rows in one program, by networks in the formulation quickest for it.

And what a method answers to an episode: support and queries apart, and its outputs checked.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from xferlab.core.batch import EpisodicTest, Labelled
from xferlab.core.heads import Head
from xferlab.core.inputs import Inputs
from xferlab.core.outputs import HostOutput
from xferlab.data.feeds.pieces import Piece
from xferlab.methods.base import Method
from xferlab.models.layers import forward_formulation
from xferlab.models.nets import Blueprint, Nets, Output
from xferlab.models.networks import ExtraNetworks
from xferlab.models.spec import NetworkSpec
from xferlab.training.contract import checked_output, user_code


def forward_blueprint(spec: NetworkSpec, networks: ExtraNetworks, own: Blueprint) -> Blueprint:
    """Returns the structure that predicts with the parameters of a network.

    It is the network's own, unless convolutions are left to the backend and that has a quicker
    formulation where no gradient follows.

    Args:
        spec: the network.
        networks: the method's networks.
        own: the structure that trains.
    """
    convolution = forward_formulation(spec.convolution)
    read = (*spec.branches, *spec.of_target.branches)
    if convolution == spec.convolution or all(len(each.input_shape) == 1 for each in read):
        return own
    forward = Blueprint.of(dataclasses.replace(spec, convolution=convolution), networks)
    return forward._replace(frozen=own.frozen)


def predict_blocks(
    predict: Callable[[Inputs], Output], blocks: Inputs, used: Int[Array, ""]
) -> Output:
    """Returns what `predict` makes of the rows of the first blocks, and zeros for the rest.

    Every block goes through the network alone, so no row's output depends on how many follow.

    Args:
        predict: from the inputs of a block [rows, ...] to its outputs [rows, ...].
        blocks: inputs, [blocks, rows, ...].
        used: number of blocks that are predicted, traced: it changes no program.

    Returns:
        Outputs of all rows, [blocks · rows, ...].
    """

    def block(i: Array | int) -> Output:
        return predict(jax.tree.map(lambda a: a[i], blocks))

    def add(i: Array, found: Output) -> Output:
        put = functools.partial(jax.lax.dynamic_update_index_in_dim, index=i, axis=0)
        return jax.tree.map(put, found, block(i))

    count = len(jax.tree.leaves(blocks)[0])
    shapes = jax.eval_shape(block, 0)
    empty = jax.tree.map(lambda a: jnp.zeros((count, *a.shape), a.dtype), shapes)
    outputs = jax.lax.fori_loop(0, used, add, empty)
    return jax.tree.map(lambda a: a.reshape(-1, *a.shape[2:]), outputs)


def predict_pieces(
    predict: Callable[[Piece], Output], pieces: Iterable[Piece], axis: int
) -> HostOutput:
    """Returns the outputs for all rows of some pieces (NumPy).

    Args:
        predict: the program.
        pieces: the rows.
        axis: along which the examples lie: 1 behind an axis of runs, 0 without one.
    """
    arrays, waiting = [], None
    for piece in pieces:  # The device computes a piece while the host takes the one before.
        output = predict(piece)
        arrays += _on_host(waiting, axis)
        waiting = output, piece.rows
    arrays += _on_host(waiting, axis)
    return jax.tree.map(lambda *a: np.concatenate(a, axis=axis), *arrays)


def _on_host(predicted: tuple[Output, int] | None, axis: int) -> list[HostOutput]:
    """Returns the rows of a piece's outputs, which lie along an axis; nothing of no piece."""
    if predicted is None:
        return []
    output, rows = predicted
    used = (slice(None),) * axis + (slice(rows),)
    return [HostOutput(*jax.tree.map(lambda a: np.asarray(a)[used], output))]


def answer_of(
    method: Method, nets: Nets, inputs: Inputs, state: object, test: EpisodicTest
) -> Output:
    """Returns features and logits [queries, ways] of an episode, checked.

    Args:
        method: that answers.
        nets: the networks, not in training.
        inputs: of the episode: its support, class after class, then its queries.
        state: the method's own.
        test: what the episode is made of.

    Raises:
        InputError: an output of another shape.
    """
    labels = jnp.repeat(jnp.arange(test.ways, dtype=jnp.int32), test.shots)
    support = Labelled.of(inputs[: test.support_size], labels)
    queries = inputs[test.support_size :]
    with user_code(method, "predict_episode"):
        output = method.predict_episode(nets, support, queries, state, ways=test.ways)
    heads = (Head("class", "classes", test.ways),)
    return checked_output(method, output, test.query_size, heads, "predict_episode")
