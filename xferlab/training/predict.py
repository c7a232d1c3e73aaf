"""Predictions: of many rows in one program, of a stream as it comes, and answers to episodes.

Many rows go through networks in the formulation that is quickest for it. Those of a stream are
predicted by `step.train_step`, before they are trained on. What a method answers to an episode has
support and queries apart, and its outputs are checked.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int

from xferlab.core.batch import EpisodicTest, Labelled
from xferlab.core.heads import Head
from xferlab.core.inputs import Inputs, Modalities
from xferlab.core.outputs import HostArrived, HostOutput
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


class Arrived(NamedTuple):
    """What was predicted of the n examples of a stream as they came."""

    output: Output
    """[n, ...]; zeros of those that have not come."""
    come: Bool[Array, " n"]
    """Which have come."""


def nothing_yet(
    predict: Callable[[Inputs], Output], spec: NetworkSpec, batch_size: int, size: int
) -> Arrived:
    """Returns the record of a stream before its first batch.

    Args:
        predict: from the target inputs of a batch, as a step sees them, to their outputs.
        spec: the network, which says what inputs it reads.
        batch_size: examples of a batch.
        size: number of examples, n.
    """
    forms = [(batch_size, *branch.input_shape) for branch in spec.of_target.branches]
    first, *further = (jax.ShapeDtypeStruct(form, jnp.float32) for form in forms)
    shapes = jax.eval_shape(predict, Modalities(first, *further) if further else first)
    empty = jax.tree.map(lambda a: jnp.zeros((size, *a.shape[1:]), a.dtype), shapes)
    return Arrived(empty, jnp.zeros(size, bool))


def with_batch(arrived: Arrived, index: Int[Array, " b"], output: Output) -> Arrived:
    """Returns the record with the outputs of a batch; what has come before keeps its first ones."""
    before = arrived.come[index]

    def put(record: Array, own: Array) -> Array:
        earlier = before.reshape(-1, *(1,) * (own.ndim - 1))
        return record.at[index].set(jnp.where(earlier, record[index], own))

    outputs = jax.tree.map(put, arrived.output, output)
    return Arrived(outputs, arrived.come.at[index].set(True))


def arrived_of_each(
    arrived: Arrived | tuple[()], width: int, *, stacked: bool
) -> list[HostArrived | None]:
    """Returns each run's record (NumPy); None of a stage that is not online.

    Args:
        arrived: of a run, or of several along a leading axis; () where the stage is not online.
        width: number of runs.
        stacked: whether there is that axis.
    """
    if not isinstance(arrived, Arrived):
        return [None] * width
    output, come = jax.tree.map(np.asarray, arrived)
    record = HostArrived(HostOutput(*output), come)
    return [jax.tree.map(lambda a, i=i: a[i] if stacked else a, record) for i in range(width)]


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
