"""Whole training splits on the device, and batches drawn from them inside the compiled program.

Every epoch visits each example once in an order that is a pure function of (key, epoch): there is
no data position to store, any step's batch can be computed at once, and splits of different sizes
share one program, because sizes are traced.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Int, Key

from xferlab.core.batch import Batch, Part
from xferlab.core.errors import InputError
from xferlab.core.roles import ROLES, Roles
from xferlab.data.feeds.scaling import scale_inputs

ROUNDS = 24
SHOTS_STREAM = 2
"""Folded into the key of the data order for the order of the shots."""


class Resident(NamedTuple):
    """Padded examples of each role and how many there are; a hidden role is None and 0."""

    splits: Batch
    sizes: Roles[Int[Array, ""]]


def to_resident(splits: Batch, *, pad_to: Sequence[int] = (0, 0, 0)) -> Resident:
    """Puts whole splits (NumPy, as `TransferTask.training_arrays` gives them) on the device.

    Args:
        splits: the visible training splits.
        pad_to: common lengths of each role, so that tasks of one suite share a program.

    Returns:
        The splits, zero-padded to at least `pad_to`, and their true sizes.
    """
    sizes = [0 if part is None else len(part.index) for part in splits]
    padded = [
        None if part is None else jax.tree.map(lambda a, n=n: jnp.asarray(pad_rows(a, n)), part)
        for part, n in zip(splits, pad_to, strict=True)
    ]
    return Resident(Batch(*padded), Roles(*(jnp.asarray(n, jnp.int32) for n in sizes)))


def pad_rows(array: np.ndarray, length: int) -> np.ndarray:
    """Returns the array with rows of zeros up to a length; a longer one is returned as it is."""
    missing = max(0, length - len(array))
    return np.pad(array, ((0, missing),) + ((0, 0),) * (array.ndim - 1))


def draw_batch(
    data: Resident, key: Key[Array, ""], step: Int[Array, ""], batch_sizes: Roles[int]
) -> Batch:
    """Returns the batch of one step; each role runs on an epoch clock of its own.

    A batch may have more shots than there are: they then repeat, each as often to within one.

    Args:
        data: the resident splits.
        key: the key of the run's data order.
        step: the step, from 0.
        batch_sizes: examples per step of each role.
    """
    keys = [*jax.random.split(key), jax.random.fold_in(key, SHOTS_STREAM)]
    parts = zip(data.splits, data.sizes, keys, batch_sizes, strict=True)
    return Batch._make(_draw(part, size, k, step, n) for part, size, k, n in parts)


def _draw(part: Part, size: Array, key: Array, step: Array, count: int) -> Part:
    if part is None:
        return None
    position = step * count + jnp.arange(count)
    index = shuffled_index(key, position, size)
    taken = jax.tree.map(lambda a: a[index], part)
    return taken._replace(inputs=scale_inputs(taken.inputs))


def shuffled_index(
    key: Key[Array, ""], position: Int[Array, " n"], size: Int[Array, ""]
) -> Int[Array, " n"]:
    """Returns which example stands at each position of the endless shuffled stream.

    Within an epoch (`position // size`) the map from position to example is a bijection: the
    swap-or-not shuffle, which pairs x with (K_r - x) mod size in round r and swaps each pair or
    not by a hash bit. It needs no memory and no sorting; 24 rounds where cryptography would take
    more.

    Args:
        key: the key of the stream.
        position: consecutive positions in the stream, from 0.
        size: number of examples, traced.

    References:
        Hoang, Morris, Rogaway: An Enciphering Scheme Based on a Card Shuffle. CRYPTO 2012,
        arXiv:1208.1176.
    """
    size = jnp.asarray(size, jnp.uint32)
    position = position.astype(jnp.uint32)
    epoch = position // size
    x = position - epoch * size
    bits = jax.random.bits(key, (1, ROUNDS), jnp.uint32)
    seeds = _mix(bits ^ _mix(epoch[:, None] + 1))
    pivots = seeds % size
    for r in range(ROUNDS):
        pivot = pivots[:, r]
        partner = pivot + jnp.where(x > pivot, size, 0) - x
        swap = _mix(jnp.maximum(x, partner) ^ seeds[:, r]) & 1
        x = jnp.where(swap == 1, partner, x)
    # Fused into its several uses, each round would double the work: jax 0.12 compiled for hours.
    return lax.optimization_barrier(x.astype(jnp.int32))


def _mix(x: Array) -> Array:
    """Scrambles 32 bits (the finaliser of MurmurHash3)."""
    x = (x ^ (x >> 16)) * jnp.uint32(0x85EBCA6B)
    x = (x ^ (x >> 13)) * jnp.uint32(0xC2B2AE35)
    return x ^ (x >> 16)


def check_batch_sizes(splits: Batch, batch_sizes: Roles[int]) -> None:
    """Raises InputError where a batch would be larger than its split; shots may repeat."""
    for name, part, count in zip(ROLES, splits, batch_sizes, strict=True):
        if name != "shots" and part is not None and count > len(part.index):
            raise InputError(
                f"the {name} batch size is {count}, but its training split has only"
                f" {len(part.index)} examples; choose a batch size of at most that"
            )
