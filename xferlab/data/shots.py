"""Shots: the few labelled examples of a target, drawn and checked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xferlab.core.checks import whole_number
from xferlab.core.errors import InputError, unknown_name
from xferlab.core.settings import Setting, View
from xferlab.data.domain import Domain


def draw_shots(
    domain: Domain, per_class: int, *, seed: int = 0, classes: Sequence[str] | None = None
) -> tuple[int, ...]:
    """Returns rows of the training split, as many of each class, drawn at random.

    Args:
        domain: the target.
        per_class: labelled examples of each class.
        seed: of the draw; another one gives other shots.
        classes: names of the classes of which shots are drawn, such as those that the source has
            too (`TransferTask.class_map.shared`); None for all.

    Raises:
        InputError: a name of no class; a class has not more examples than that: one at least stays
            without its label.

    >>> from xferlab.data.readers.arrays import domain_from_arrays
    >>> domain = domain_from_arrays("mine", np.eye(10), np.arange(10) % 2, test=0.4)
    >>> len(draw_shots(domain, 2))
    4
    """
    per_class = whole_number("per_class", per_class, least=1)
    labels = domain.splits["train"].labels
    rng = np.random.default_rng(seed)
    chosen = []
    wanted = domain.class_names if classes is None else tuple(classes)
    for name in wanted:
        if name not in domain.class_names:
            raise unknown_name(f"class of domain {domain.name!r}", name, domain.class_names)
    for label, name in enumerate(domain.class_names):
        if name not in wanted:
            continue
        rows = np.flatnonzero(labels == label)
        if len(rows) <= per_class:
            raise InputError(
                f"{per_class} shots of class {name!r} are asked for, and domain {domain.name!r} has"
                f" {len(rows)} training examples of it. Allowed: fewer than each class has"
            )
        chosen += rng.choice(rows, per_class, replace=False).tolist()
    return tuple(sorted(chosen))


def check_shots(task: str, shots: tuple[int, ...], target: Domain) -> None:
    """Raises InputError for rows that are none, rows twice, and shots that leave no example."""
    count = len(target.splits["train"].labels)
    wrong = [row for row in shots if row >= count]
    if wrong or len(set(shots)) < len(shots):
        what = f"row {wrong[0]} of {count}" if wrong else "a row twice"
        raise InputError(
            f"task {task!r}: shots have {what}. Give different rows of the target's training split"
        )
    if shots and len(shots) >= count:
        raise InputError(f"task {task!r}: all {count} training examples of the target are shots")


def check_shown_shots(task: str, shots: tuple[int, ...], setting: Setting) -> None:
    """Raises InputError for a setting that shows shots where there are none."""
    if setting.shots > View.ABSENT and not shots:
        raise InputError(
            f"setting {setting.label!r} shows shots, and task {task!r} has none. Give it some, such"
            " as shots=draw_shots(target, 3)"
        )
