"""How examples are drawn: in shuffled order, as they lie, or as many of each class or domain.

A sampler divides the examples of a role into groups; one that gives none leaves them together. The
positions of the stream of examples take turns between the groups, and each group is shuffled anew
in every epoch of its own. Which example stands at a position is a pure function of (key, position),
on the device here and on the host in `streamed`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Int, Key

from xferlab.core.batch import Batch, Labelled, Part
from xferlab.core.errors import InputError
from xferlab.core.names import NameTable
from xferlab.core.roles import ROLES, Roles
from xferlab.core.settings import ClassRelation

ROUNDS = 24
SHUFFLED, IN_ORDER = "shuffled", "in_order"

GroupRows = list[np.ndarray]
"""The rows of each group of a role."""


class Groups(NamedTuple):
    """The groups of a role, on the device, in arrays as long as its split.

    Tasks with other numbers of groups thus share a program.
    """

    rows: Int[Array, " n"]
    """The rows of the first group, then those of the second, and so on."""
    starts: Int[Array, " n"]
    """Where the rows of each group begin; 0 behind the last one."""
    sizes: Int[Array, " n"]
    """How many rows each group has; 1 behind the last one."""
    count: Int[Array, ""]
    """How many groups there are."""

    @classmethod
    def of(cls, groups: GroupRows, length: int) -> Groups:
        """Returns groups in arrays of that length."""
        sizes = np.array([len(rows) for rows in groups])

        def padded(array: np.ndarray, fill: int = 0) -> Array:
            missing = (0, length - len(array))
            return jnp.asarray(np.pad(array, missing, constant_values=fill), jnp.int32)

        rows, starts = padded(np.concatenate(groups)), padded(np.cumsum(sizes) - sizes)
        return cls(rows, starts, padded(sizes, 1), jnp.int32(len(groups)))


class InOrder(NamedTuple):
    """In the place of the groups of a role whose examples come in their order."""


def _whole(part: Part, classes: int) -> GroupRows | None:
    """Every example once in an epoch, in an order that is drawn anew for each, or in its own."""
    return None


def _per_class(part: Part, classes: int) -> GroupRows | None:
    """As many examples of each class in a batch, of roles whose labels are seen."""
    if not isinstance(part, Labelled):
        return None
    values, known = part.by_head[0]
    labels = values if known is None else np.where(known, values, -1)
    return [np.flatnonzero(labels == label) for label in range(classes)]


def _per_domain(part: Part, classes: int) -> GroupRows | None:
    """As many examples of each domain in a batch, of roles that have several."""
    if part is None or not part.domain_id.any():
        return None
    return [np.flatnonzero(part.domain_id == n) for n in range(int(part.domain_id.max()) + 1)]


SAMPLERS: NameTable[Callable[[Part, int], GroupRows | None]] = NameTable(
    "sampler",
    {SHUFFLED: _whole, IN_ORDER: _whole, "per_class": _per_class, "per_domain": _per_domain},
)
"""From a role (NumPy) and the number of classes to the groups of its rows; None for no groups."""


def group_rows(
    sampler: str,
    splits: Batch,
    batch_sizes: Roles[int],
    classes: int,
    relation: ClassRelation = "equal",
) -> Roles[GroupRows | None]:
    """Returns the groups of every role, None where its examples stay together.

    A role of one domain stays together under 'per_domain'. Examples whose class is not known are in
    no group of 'per_class'. Target and shots are balanced
    between the classes that they have where the relation lets them lack some of the source's.

    Args:
        sampler: a name of `SAMPLERS`.
        splits: the visible training splits (NumPy).
        batch_sizes: examples per step of each role.
        classes: number of classes that the network predicts, which are the source's.
        relation: of the target's classes to the source's.

    Raises:
        InputError: an unknown name; classes to balance where no role has labels; a group without
            examples; a batch with fewer places than groups.
    """
    groups = Roles(*(None if part is None else SAMPLERS[sampler](part, classes) for part in splits))
    if sampler in (SHUFFLED, IN_ORDER):
        return groups
    kind = {"per_class": "class", "per_domain": "domain"}[sampler]
    if kind == "class" and all(own is None for own in groups):
        raise InputError(
            f"sampler {sampler!r} has nothing to balance: no role has labels that the setting"
            f" shows. Allowed here: {SHUFFLED!r}"
        )
    if kind == "class" and relation != "equal":
        groups = Roles(groups.source, _present(groups.target), _present(groups.shots))
    for role, own, places in zip(ROLES, groups, batch_sizes, strict=True):
        if own is not None:
            _check_groups(sampler, f"{kind} of the {role}", own, places)
    return groups


def _present(groups: GroupRows | None) -> GroupRows | None:
    """Returns the groups that have rows, if any."""
    return [rows for rows in groups or () if len(rows)] or None


def _check_groups(sampler: str, kind: str, groups: GroupRows, places: int) -> None:
    empty = [number for number, rows in enumerate(groups) if not len(rows)]
    if empty:
        raise InputError(
            f"sampler {sampler!r} draws every {kind}, but {kind.split()[0]} {empty[0]} has no"
            f" examples in the training split. Add some, or choose {SHUFFLED!r}"
        )
    if places < len(groups):
        raise InputError(
            f"sampler {sampler!r} draws every {kind} in each step, but the batch size is {places}"
            f" and there are {len(groups)}. Give a batch size of at least that, best a multiple"
        )


def grouped_index(
    key: Key[Array, ""], position: Int[Array, " n"], groups: Groups
) -> Int[Array, " n"]:
    """Returns which example stands at each position of the endless stream that takes turns.

    Any k consecutive positions have each of g groups ⌊k / g⌋ or ⌈k / g⌉ times. One group alone is
    drawn as `shuffled_index` draws.

    Args:
        key: the key of the stream.
        position: consecutive positions in the stream, from 0.
        groups: the groups of the role.
    """
    group, turn = position % groups.count, position // groups.count
    within = shuffled_index(key, turn, groups.sizes[group], stream=group)
    return groups.rows[groups.starts[group] + within]


def shuffled_index(
    key: Key[Array, ""],
    position: Int[Array, " n"],
    size: Int[Array, ""] | Int[Array, " n"],
    *,
    stream: Int[Array, " n"] | None = None,
) -> Int[Array, " n"]:
    """Returns which example stands at each position of the endless shuffled stream.

    Within an epoch (`position // size`) the map from position to example is a bijection: the
    swap-or-not shuffle, which pairs x with (K_r - x) mod size in round r and swaps each pair or
    not by a hash bit. It needs no memory and no sorting; 24 rounds where cryptography would take
    more.

    Args:
        key: the key of the stream.
        position: positions in the stream, from 0.
        size: number of examples, traced; one for all, or of the stream of each position.
        stream: of several streams of one key, which one a position is of. None is stream 0.

    References:
        Hoang, Morris, Rogaway: An Enciphering Scheme Based on a Card Shuffle. CRYPTO 2012,
        arXiv:1208.1176.
    """
    size = jnp.asarray(size, jnp.uint32)
    position = position.astype(jnp.uint32)
    epoch = position // size
    x = position - epoch * size
    bits = jax.random.bits(key, (1, ROUNDS), jnp.uint32)
    if stream is not None:
        bits = bits ^ _mix(stream.astype(jnp.uint32) * jnp.uint32(0x9E3779B1))[:, None]
    seeds = _mix(bits ^ _mix(epoch[:, None] + 1))
    pivots = seeds % (size[:, None] if size.ndim else size)
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
