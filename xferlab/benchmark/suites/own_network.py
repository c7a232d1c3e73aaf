"""The network for a user's own data, chosen by the form of the inputs, and how these reach it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from xferlab.core.errors import InputError
from xferlab.core.inputs import Inputs, parts_of
from xferlab.core.sparse import SparseRows
from xferlab.data.domain import Domain, describe_inputs
from xferlab.data.features.alignment import dominant_column
from xferlab.models.backbones import BACKBONES
from xferlab.models.spec import PlainInput

HIDDEN = {"small_conv": (32, 64), "mlp": (256,)}
"""Widths of the layers of a chosen backbone."""
_KINDS = {
    1: ("vectors", "mlp"),
    2: ("windows [time, channels]", "temporal_conv"),
    3: ("images [height, width, channels]", "small_conv"),
}
_LEAST = {"temporal_conv": 8, "small_conv": 4}
"""Time steps, or pixels, that these need."""


class Choice(NamedTuple):
    """The backbones of a domain, one for each modality, and sentences that say why these."""

    inputs: tuple[PlainInput, ...]
    sentences: tuple[str, ...]


def choose_for_each(domains: Sequence[Domain], asked: str) -> list[Choice]:
    """Returns the backbones of each domain that has an encoder of its own.

    Args:
        domains: the source, and a target that has its own inputs.
        asked: as `choose_networks` takes it, for each; with ';' between them where the domains
            have other ones: 'mlp;small_conv,mlp'.

    Raises:
        InputError: see `choose_networks`; or another number of parts than of domains.
    """
    parts = asked.split(";")
    if len(parts) not in (1, len(domains)):
        raise InputError(
            f"network {asked!r} has {len(parts)} parts with ';' between them. Give one, or"
            f" {len(domains)}: backbones of the source, and of a target with its own inputs"
        )
    each = parts if len(parts) == len(domains) else parts * len(domains)
    return [choose_networks(domain, part) for domain, part in zip(domains, each, strict=True)]


def choose_networks(domain: Domain, asked: str) -> Choice:
    """Returns a backbone for every modality of a domain's inputs.

    Args:
        domain: `small_conv` is chosen for images [n, h, w, c], `temporal_conv` for windows
            [n, time, channels], `mlp` for all else and for what these are too small for.
        asked: names of backbones, with commas between those of several modalities; '' chooses.

    Raises:
        InputError: an unknown name, or another number of them than of modalities; none is asked
            for, and the inputs look as if channels were the first axis of an example.
    """
    parts = parts_of(domain.splits["train"].inputs)
    names = [each.strip() for each in asked.split(",")] if asked.strip() else [""] * len(parts)
    if len(names) != len(parts):
        given, needed = (f"{n} {what}{'s' * (n > 1)}" for n, what in (
            (len(names), "backbone"), (len(parts), "kind")
        ))  # fmt: skip
        raise InputError(
            f"network {asked!r} names {given}, and domain {domain.name!r} has inputs of {needed}."
            " Give one for each, with commas between them, or none; those of a target with inputs"
            " of its own behind a ';', as in 'mlp;small_conv,mlp'"
        )
    chosen = [_choose(part, name) for part, name in zip(parts, names, strict=True)]
    inputs = [
        (name, part.shape[1:], HIDDEN.get(name, ()))
        for part, (name, _) in zip(parts, chosen, strict=True)
    ]
    return Choice(tuple(inputs), tuple(sentence for _, sentence in chosen))


def _choose(inputs: Inputs, asked: str) -> tuple[str, str]:
    """Returns the backbone for inputs of one kind, and a sentence that says why it is this one."""
    form = describe_inputs(inputs)
    if asked:
        BACKBONES[asked]
        return asked, f"Inputs: {form}. Network: {asked}, as asked for."
    shape = inputs.shape[1:]
    _check_order(shape, form)
    kind, backbone = _KINDS.get(len(shape), ("numbers without a known order", "mlp"))
    if backbone != "mlp" and min(shape[:-1]) < _LEAST[backbone]:
        kind, backbone = f"{kind}, too small for {backbone}", "mlp"
    hint = " Grey images need an axis of channels, images[..., None]." if len(shape) == 2 else ""
    return backbone, f"Inputs: {form}, taken as {kind}. Network: {backbone}, chosen by this.{hint}"


def _check_order(shape: tuple[int, ...], form: str) -> None:
    """Raises InputError where the last axis of windows or images does not look like channels."""
    if len(shape) == 2 and shape[0] < shape[1]:
        raise InputError(
            f"inputs {form} would be windows of {shape[0]} time steps and {shape[1]} channels."
            " If time is the last axis, give inputs.transpose(0, 2, 1); grey images need an axis of"
            " channels, images[..., None]. If this is right, choose network temporal_conv"
        )
    if len(shape) == 3 and shape[0] <= 4 < shape[2]:
        raise InputError(
            f"inputs {form} would be images of {shape[0]} rows and {shape[2]} channels. If channels"
            " are the first axis, give inputs.transpose(0, 2, 3, 1). If this is right, choose a"
            " network, such as mlp"
        )


def scale_notes(domain: Domain, *, standardise: bool, over: str) -> Iterator[str]:
    """Yields how a domain's inputs reach the network, for each modality.

    Args:
        domain: the source, or a target with an input space of its own.
        standardise: whether floats are standardised.
        over: which inputs means and deviations are taken over, in words.
    """
    for part in parts_of(domain.splits["train"].inputs):
        if part.dtype == np.uint8:
            yield "8-bit images reach the network as x / 127.5 - 1."
        elif standardise and not isinstance(part, SparseRows):
            what = "column" if part.ndim == 2 else "channel"
            yield (
                f"Inputs are standardised: each {what} less its mean, divided by its standard"
                f" deviation, {over}; no label is seen."
            )
        else:
            yield "Inputs reach the network in their own units."
            yield from filter(None, [dominant_column(part)])
