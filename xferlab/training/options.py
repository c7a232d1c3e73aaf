"""Training options: budget, optimiser and schedule, shared by all methods of a suite."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import jax

from xferlab.core.checks import shown, whole_number, whole_numbers
from xferlab.core.errors import InputError
from xferlab.core.names import NameTable
from xferlab.core.roles import Roles
from xferlab.training.augment import AUGMENTATIONS

OPTIMISERS = ("sgd", "adam", "adamw")
SCHEDULES = ("constant", "dann", "cosine")
MOST_EXAMPLES = 2**31 - 1
"""Positions in the stream of examples are 32-bit numbers."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """How long and with which optimiser; `lr` and `weight_decay` can be swept in one program.

    Attributes:
        steps: updates of the whole recipe; its stages share them by their fractions.
        batch_sizes: examples per step of each role. Two numbers are for source and target; of shots
            a step then takes as many as of the source.
        optimiser: 'sgd' (with momentum), 'adam' or 'adamw'.
        lr: learning rate at the start.
        momentum: momentum of 'sgd', beta1 of the others.
        nesterov: Nesterov momentum, for 'sgd'.
        weight_decay: L2 penalty added to the gradient, decoupled for 'adamw'; None for none, which
            leaves it out of the program.
        schedule: 'constant', 'dann' (lr (1 + 10 p)^-0.75, ganin2016dann) or 'cosine'.
        lr_rules: learning-rate multipliers by parameter path, first match wins. 0 freezes: there is
            no gradient and no optimiser state, and a module that is frozen as a whole is in
            evaluation mode (batch norm by running averages that stay, no dropout).
        augment: name of the suite's augmentation, used by methods that ask for views.
        train_view: name of an augmentation through which every method sees the inputs of a batch,
            of all roles, drawn anew in every step; 'none' for the inputs as they are. Predictions
            are of the inputs as they are.
        evaluations: how often, evenly spaced, a run is evaluated; the last time at its end.
    """

    steps: int
    batch_sizes: tuple[int, ...] = (64, 64)
    optimiser: str = "sgd"
    lr: float = 0.01
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float | None = None
    schedule: str = "constant"
    lr_rules: tuple[tuple[str, float], ...] = (("**", 1.0),)
    augment: str = "none"
    train_view: str = "none"
    evaluations: int = 10

    def __post_init__(self) -> None:
        """Raises InputError for values outside their range."""
        NameTable("optimiser", dict.fromkeys(OPTIMISERS, 0))[self.optimiser]
        NameTable("schedule", dict.fromkeys(SCHEDULES, 0))[self.schedule]
        for name in (self.augment, self.train_view):
            AUGMENTATIONS[name]
        whole_number("steps", self.steps, least=1)
        whole_number("evaluations", self.evaluations, least=1)
        if self.steps < self.evaluations:
            raise InputError(
                f"steps is {self.steps} with {self.evaluations} evaluations; it takes at least"
                " one evaluation and one step for each"
            )
        object.__setattr__(self, "batch_sizes", _batch_sizes(self.batch_sizes))
        if self.steps * max(self.batch_sizes) > MOST_EXAMPLES:
            raise InputError(
                f"steps is {self.steps} with batches of {max(self.batch_sizes)}; a run draws at"
                f" most {MOST_EXAMPLES} examples, so give at most"
                f" {MOST_EXAMPLES // max(self.batch_sizes)} steps"
            )
        if not isinstance(self.momentum, int | float) or not 0.0 <= self.momentum < 1.0:
            raise InputError(f"momentum is {self.momentum!r}; it must lie in [0, 1)")
        if not isinstance(self.nesterov, bool):
            raise InputError(f"nesterov is {self.nesterov!r}. Give True or False")
        object.__setattr__(self, "lr_rules", _rules(self.lr_rules))
        for name, value in (("lr", self.lr), ("weight_decay", self.weight_decay)):
            # Traced, and within structures without values, they are no numbers.
            wrong = isinstance(value, str | bytes | bool | list | tuple)
            if wrong or (isinstance(value, int | float) and not 0.0 <= value < math.inf):
                raise InputError(f"{name} is {value!r}; it must be a finite number of at least 0")

    @property
    def sizes(self) -> Roles[int]:
        """Examples per step of every role."""
        source, target, *shots = self.batch_sizes
        return Roles(source, target, *(shots or (source,)))


def _batch_sizes(sizes: Any) -> tuple[int, ...]:
    """Returns the sizes. Raises InputError for what are no two or three of them."""
    numbers = whole_numbers("batch_sizes", sizes, least=1)
    if len(numbers) not in (2, 3):
        raise InputError(
            f"batch_sizes are {sizes}; each must be at least 1, one for the source, one for the"
            " target, and if you like one for the shots"
        )
    return numbers


def _rules(rules: Any) -> tuple[tuple[str, float], ...]:
    """Returns the rules as tuples. Raises InputError for what are no patterns with multipliers."""
    try:
        pairs = tuple((pattern, multiplier) for pattern, multiplier in rules)
    except (TypeError, ValueError):
        pairs = ()
    for pattern, multiplier in pairs or ((None, 0.0),):
        number = isinstance(multiplier, int | float) and 0.0 <= multiplier < math.inf
        if not (isinstance(pattern, str) and pattern and number):
            raise InputError(
                f"lr_rules are {shown(rules)}; give (pattern, multiplier of at least 0), such as"
                " (('encoder/**', 0.1), ('**', 1.0))"
            )
    return pairs


jax.tree_util.register_dataclass(
    TrainingOptions,
    ["lr", "weight_decay"],
    [f.name for f in dataclasses.fields(TrainingOptions) if f.name not in ("lr", "weight_decay")],
)
