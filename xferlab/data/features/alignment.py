"""Two domains of one's own beside each other: their classes, their scales, what they share."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from xferlab.core.errors import InputError
from xferlab.core.inputs import Inputs, Modalities
from xferlab.core.sparse import SparseRows
from xferlab.data.domain import SPLITS, Domain
from xferlab.data.features.preparation import scaled_domain, scales_over

DOMINANT = 100.0
"""A column that is so many times as large as the others together leaves them unseen."""
MOST_NAMES = 6


def number_alike(source: Domain, target: Domain) -> Domain:
    """Returns the target with its labels numbered as the source numbers the classes of that name.

    A target with a class that the source lacks, or without any, is returned as it is.
    """
    names = source.class_names
    if (
        not target.class_names
        or target.class_names == names
        or not set(target.class_names) <= set(names)
    ):
        return target
    numbers = np.array([names.index(name) for name in target.class_names], np.int32)
    splits = {
        part: dataclasses.replace(
            split, labels=np.where(split.labels < 0, split.labels, numbers[split.labels])
        )
        for part, split in target.splits.items()
    }
    note = f"classes are numbered by their names as in {source.name!r}"
    notes = (*target.notes, note)
    return dataclasses.replace(target, splits=splits, class_names=names, notes=notes)


def order_columns_alike(source: Domain, target: Domain) -> Domain:
    """Returns the target with the columns of its table in the order of the source's.

    Domains that do not come from tables have no names of columns, and are left as they are.

    Raises:
        InputError: one of the tables has a column that the other lacks.
    """
    wanted, own = source.columns, target.columns
    if not wanted or not own or wanted == own:
        return target
    alone = {
        source.name: [name for name in wanted if name not in own],
        target.name: [name for name in own if name not in wanted],
    }
    if any(alone.values()):
        shown = "; ".join(
            f"only {domain!r} has {', '.join(names[:MOST_NAMES])}"
            for domain, names in alone.items()
            if names
        )
        raise InputError(
            f"the tables of {source.name!r} and {target.name!r} have other columns: {shown}. Leave"
            " these out, or say which column holds the label"
        )
    places = [own.index(name) for name in wanted]
    ordered = target.map_inputs(lambda inputs: inputs[:, places])
    note = f"its columns are taken in the order of {source.name!r}, by their names"
    return dataclasses.replace(ordered, columns=wanted, notes=(*target.notes, note))


def standardise_alike(domains: Sequence[Domain], *, seen: Sequence[Domain]) -> list[Domain]:
    """Returns domains with the columns or channels of all scaled alike where they are floats.

    x becomes (x - mean) / deviation, both over the training inputs of the domains in `seen`
    together (population deviation, over all axes but the last). Labels and test inputs are not
    looked at. A column that is constant there is centred and not scaled.
    """
    scales = scales_over(seen)
    return [scaled_domain(domain, scales) for domain in domains]


def alignment_notes(source: Domain, target: Domain) -> Iterator[str]:
    """Yields what must be known of two domains that stand for source and target, in sentences."""
    if source.name == target.name:
        yield f"Source and target are both called {source.name!r}; they are named in this order."
    known = set(_rows(source.splits["train"].inputs))
    shared = {part: [row in known for row in _rows(target.splits[part].inputs)] for part in SPLITS}
    if any(map(any, shared.values())):
        count = [f"{sum(rows)} of {len(rows)} {part}" for part, rows in shared.items()]
        yield (
            f"{' and '.join(count)} inputs of the target are training inputs of the source too:"
            " on them nothing is transferred."
        )
    yield from _missing_classes(source, "train", "training", "it cannot be learned")
    yield from _missing_classes(target, "test", "test", "nothing is said of it")


def dominant_column(inputs: Inputs) -> str:
    """Returns a sentence on the column of vectors or sparse rows that leaves the others unseen.

    '' where the root mean square of none is `DOMINANT` times that of all others together.
    """
    if isinstance(inputs, SparseRows):
        squares = np.bincount(
            inputs.indices.ravel(), np.square(inputs.values, dtype=np.float64).ravel()
        )
    else:
        squares = np.square(inputs, dtype=np.float64).reshape(-1, inputs.shape[-1]).sum(axis=0)
    largest = int(squares.argmax())
    others = squares.sum() - squares[largest]
    if len(squares) < 2 or squares[largest] <= DOMINANT**2 * others:
        return ""
    return (
        f"Column {largest} is more than {DOMINANT:g} times as large as all others together, which"
        " trained methods then hardly see."
    )


def _missing_classes(domain: Domain, part: str, called: str, result: str) -> Iterator[str]:
    if domain.splits[part].unlabelled:
        return
    present = np.isin(np.arange(domain.num_classes), domain.splits[part].labels)
    names = [
        name for name, is_there in zip(domain.class_names, present, strict=True) if not is_there
    ]
    if names:
        shown = ", ".join(names if len(names) <= MOST_NAMES else (*names[:MOST_NAMES], "..."))
        yield f"{domain.name!r} has no {called} example of class {shown}: {result}."


def _rows(inputs: Inputs) -> Iterator[int]:
    """Yields a hash of each example; equal ones have the same."""
    if isinstance(inputs, Modalities):
        yield from map(hash, zip(*map(_rows, inputs.parts), strict=True))
        return
    if isinstance(inputs, SparseRows):
        matrix = inputs.to_scipy()
        for start, end in zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True):
            yield hash((matrix.indices[start:end].tobytes(), matrix.data[start:end].tobytes()))
        return
    for example in inputs:
        yield hash(example.tobytes())
