"""Predictions of many rows in one program, by networks in the formulation quickest for it."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from xferlab.core.inputs import Inputs
from xferlab.models.layers import forward_formulation
from xferlab.models.nets import Blueprint, Output
from xferlab.models.networks import ExtraNetworks
from xferlab.models.spec import NetworkSpec


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
