"""Batches that are episodes: a few classes each, as many examples of each, none of them twice."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, Key

from xferlab.core.batch import Batch, Episodes
from xferlab.core.errors import InputError
from xferlab.core.roles import ROLES, Roles
from xferlab.data.feeds.samplers import SAMPLERS, GroupRows, Groups, shuffled_index


class EpisodeGroups(NamedTuple):
    """The classes of a role, of which every step draws some, on the device."""

    classes: Groups
    ways: Int[Array, ""]
    """How many a step draws; traced: it changes no program."""

    @classmethod
    def of(cls, classes: GroupRows, length: int, *, ways: int) -> EpisodeGroups:
        """Returns the rows of classes in arrays of that length."""
        return cls(Groups.of(classes, length), jnp.int32(ways))


def episode_rows(
    sampler: Episodes, splits: Batch, batch_sizes: Roles[int], classes: int
) -> Roles[GroupRows | None]:
    """Returns the rows of each class of every role whose labels are shown, None for the others.

    Args:
        sampler: how many classes a step draws.
        splits: the visible training splits (NumPy).
        batch_sizes: examples per step of each role.
        classes: number of classes that the network predicts, which are the source's.

    Raises:
        InputError: no role has labels; more ways than classes; a batch that is no multiple of the
            ways; a class with fewer examples than are drawn of it.
    """
    groups = Roles(*(SAMPLERS["per_class"](part, classes) for part in splits))
    if all(own is None for own in groups):
        raise InputError(
            f"{sampler} are of roles with labels, and no role has labels that the setting shows."
            " Choose another setting, or the sampler 'shuffled'"
        )
    for role, own, places in zip(ROLES, groups, batch_sizes, strict=True):
        if own is not None:
            _check_drawn(sampler, role, own, places)
    return groups


def _check_drawn(sampler: Episodes, role: str, groups: GroupRows, places: int) -> None:
    ways = sampler.ways
    if ways > len(groups):
        raise InputError(
            f"{sampler}, but the {role} has {len(groups)} classes. Allowed: as many ways as that"
        )
    if places % ways:
        raise InputError(
            f"{sampler} take as many examples of each class, but the batch size of the {role} is"
            f" {places}. Give a multiple of {ways}"
        )
    fewest = min(range(len(groups)), key=lambda label: len(groups[label]))
    if len(groups[fewest]) < places // ways:
        raise InputError(
            f"{sampler} in batches of {places} take {places // ways} examples of a class, but class"
            f" {fewest} of the {role} has {len(groups[fewest])} in the training split. Give a"
            " smaller batch, or more examples"
        )


def episode_index(
    key: Key[Array, ""], step: Int[Array, ""], count: int, groups: EpisodeGroups
) -> Int[Array, " n"]:
    """Returns which examples a step draws, class after class; none occurs twice.

    Args:
        key: the key of the stream.
        step: the step, from 0.
        count: examples per step, a multiple of the ways.
        groups: the classes, each of at least count / ways examples.
    """
    of_classes, of_examples = jax.random.split(jax.random.fold_in(key, step))
    each = count // groups.ways
    place = jnp.arange(count)
    rows, starts, sizes, number = groups.classes
    chosen = shuffled_index(of_classes, place // each, number)
    within = shuffled_index(of_examples, place % each, sizes[chosen], stream=chosen)
    return rows[starts[chosen] + within]
