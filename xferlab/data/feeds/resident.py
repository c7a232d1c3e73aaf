"""Whole training splits on the device, and batches drawn from them inside the compiled program.

Which example is drawn when is a pure function of the key and the step (`samplers`): there is no
data position to store, any step's batch can be computed at once, and splits of different sizes
share one program, because sizes are traced.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, Key

from xferlab.core.batch import Batch, Episodes, Labelled, Part, Unlabelled
from xferlab.core.errors import InputError
from xferlab.core.inputs import StoredRows
from xferlab.core.roles import ROLES, Roles
from xferlab.core.settings import ClassRelation
from xferlab.data.feeds.episodes import EpisodeGroups, episode_index, episode_rows
from xferlab.data.feeds.samplers import (
    IN_ORDER,
    SHUFFLED,
    GroupRows,
    Groups,
    InOrder,
    group_rows,
    grouped_index,
    shuffled_index,
)
from xferlab.data.feeds.scaling import scale_inputs

SHOTS_STREAM = 2
"""Folded into the key of the data order for the order of the shots."""


class Resident(NamedTuple):
    """Padded examples of each role and how many there are; a hidden role is None and 0."""

    splits: Batch
    sizes: Roles[Int[Array, ""]]
    groups: Roles[Groups | InOrder | EpisodeGroups | None] = Roles(None, None, None)
    """Between which examples of a role the draw takes turns, the classes of episodes, or that they
    come in order; None where they are shuffled."""


def pad_rows(array: np.ndarray | StoredRows, length: int) -> np.ndarray:
    """Returns the array with rows of zeros up to a length; a longer one is returned as it is."""
    missing = max(0, length - len(array))
    array = np.asarray(array)
    return np.pad(array, ((0, missing),) + ((0, 0),) * (array.ndim - 1))


def put_padded(array: np.ndarray, length: int) -> Array:
    """Returns the array on the device, padded by rows of zeros up to a length."""
    return jnp.asarray(pad_rows(array, length))


def to_resident(
    splits: Batch,
    *,
    pad_to: Sequence[int] = (0, 0, 0),
    put: Callable[[np.ndarray, int], Array] = put_padded,
) -> Resident:
    """Puts whole splits (NumPy, as `TransferTask.training_arrays` gives them) on the device.

    Args:
        splits: the visible training splits.
        pad_to: common lengths of each role, so that tasks of one suite share a program.
        put: brings an array to the device, padded to a length: what shares copies does it once.

    Returns:
        The splits, zero-padded to at least `pad_to`, and their true sizes.
    """
    sizes = [0 if part is None else len(part.index) for part in splits]
    padded = [
        None if part is None else jax.tree.map(lambda a, n=n: put(a, n), part)
        for part, n in zip(splits, pad_to, strict=True)
    ]
    return Resident(Batch(*padded), Roles(*(jnp.asarray(n, jnp.int32) for n in sizes)))


def draw_batch(
    data: Resident, key: Key[Array, ""], step: Int[Array, ""], batch_sizes: Roles[int]
) -> Batch:
    """Returns the batch of one step; each role, and each group, runs on an epoch clock of its own.

    A batch may have more shots than there are: they then repeat, each as often to within one.

    Args:
        data: the resident splits.
        key: the key of the run's data order.
        step: the step, from 0.
        batch_sizes: examples per step of each role.
    """
    keys = [*jax.random.split(key), jax.random.fold_in(key, SHOTS_STREAM)]
    streams = map(_indices, keys, data.sizes, data.groups)
    parts = zip(data.splits, streams, batch_sizes, strict=True)
    return Batch._make(_draw(part, stream, step, n) for part, stream, n in parts)


def _indices(
    key: Array, size: Array, groups: Groups | InOrder | EpisodeGroups | None
) -> Callable[[Array, int], Array]:
    """Returns the function from a step and a number of examples to those that it draws."""
    if isinstance(groups, EpisodeGroups):
        return lambda step, count: episode_index(key, step, count, groups)

    def position(step: Array, count: int) -> Array:
        return step * count + jnp.arange(count)

    if groups is None:
        return lambda step, count: shuffled_index(key, position(step, count), size)
    if isinstance(groups, InOrder):
        return lambda step, count: position(step, count) % size
    return lambda step, count: grouped_index(key, position(step, count), groups)


def _draw(part: Part, stream: Callable[[Array, int], Array], step: Array, count: int) -> Part:
    if part is None:
        return None
    index = stream(step, count)
    taken = jax.tree.map(lambda a: a[index], part)
    return taken._replace(inputs=scale_inputs(taken.inputs))


def with_sampler(
    data: Resident,
    sampler: str | Episodes,
    batch_sizes: Roles[int],
    classes: int,
    relation: ClassRelation = "equal",
) -> Resident:
    """Returns the splits as a sampler draws from them; the arrays of examples are the same.

    Raises:
        InputError: see `samplers.group_rows` and `episodes.episode_rows`.
    """
    if sampler == SHUFFLED:
        return data
    if sampler == IN_ORDER:
        return data._replace(groups=Roles(InOrder(), InOrder(), InOrder()))
    on_host = Batch._make(
        None if part is None else jax.tree.map(lambda a, n=int(n): np.asarray(a)[:n], _ids(part))
        for part, n in zip(data.splits, data.sizes, strict=True)
    )
    make: Callable[[GroupRows, int], Groups | EpisodeGroups] = Groups.of
    if isinstance(sampler, Episodes):
        groups = episode_rows(sampler, on_host, batch_sizes, classes)
        make = functools.partial(EpisodeGroups.of, ways=sampler.ways)
    else:
        groups = group_rows(sampler, on_host, batch_sizes, classes, relation)
    return data._replace(
        groups=Roles(
            *(
                None if own is None or part is None else make(own, len(part.index))
                for own, part in zip(groups, data.splits, strict=True)
            )
        )
    )


def _ids(part: Labelled | Unlabelled) -> Labelled | Unlabelled:
    """Returns a part without its inputs, which no sampler looks at."""
    return part._replace(inputs=part.index)


def check_batch_sizes(splits: Batch, batch_sizes: Roles[int]) -> None:
    """Raises InputError where a batch would be larger than its split; shots may repeat."""
    for name, part, count in zip(ROLES, splits, batch_sizes, strict=True):
        if name != "shots" and part is not None and count > len(part.index):
            raise InputError(
                f"the {name} batch size is {count}, but its training split has only"
                f" {len(part.index)} examples; choose a batch size of at most that"
            )
