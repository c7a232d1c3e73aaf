"""Training options: budget, optimiser and schedule, shared by all methods of a suite."""

from __future__ import annotations

import dataclasses
import math

import jax

from xferlab.core.errors import InputError
from xferlab.core.names import NameTable

OPTIMISERS = ("sgd", "adam", "adamw")
SCHEDULES = ("constant", "dann", "cosine")
MOST_EXAMPLES = 2**31 - 1
"""Positions in the stream of examples are 32-bit numbers."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """How long and with which optimiser; `lr` and `weight_decay` can be swept in one program.

    Attributes:
        steps: updates of the whole recipe; its stages share them by their fractions.
        batch_sizes: examples per step from source and target.
        optimiser: 'sgd' (with momentum), 'adam' or 'adamw'.
        lr: learning rate at the start.
        momentum: momentum of 'sgd', beta1 of the others.
        nesterov: Nesterov momentum, for 'sgd'.
        weight_decay: L2 penalty added to the gradient, decoupled for 'adamw'; None for none, which
            leaves it out of the program.
        schedule: 'constant', 'dann' (lr (1 + 10 p)^-0.75, ganin2016dann) or 'cosine'.
        lr_rules: learning-rate multipliers by parameter path, first match wins; 0 freezes.
        augment: name of the suite's augmentation, used by methods that ask for views.
        evaluations: how often, evenly spaced, a run is evaluated; the last time at its end.
    """

    steps: int
    batch_sizes: tuple[int, int] = (64, 64)
    optimiser: str = "sgd"
    lr: float = 0.01
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float | None = None
    schedule: str = "constant"
    lr_rules: tuple[tuple[str, float], ...] = (("**", 1.0),)
    augment: str = "none"
    evaluations: int = 10

    def __post_init__(self) -> None:
        """Raises InputError for values outside their range."""
        NameTable("optimiser", dict.fromkeys(OPTIMISERS, 0))[self.optimiser]
        NameTable("schedule", dict.fromkeys(SCHEDULES, 0))[self.schedule]
        if self.evaluations < 1 or self.steps < self.evaluations:
            raise InputError(
                f"steps is {self.steps} with {self.evaluations} evaluations; it takes at least"
                " one evaluation and one step for each"
            )
        if len(self.batch_sizes) != 2 or min(self.batch_sizes) < 1:
            raise InputError(
                f"batch_sizes are {self.batch_sizes}; each must be at least 1, one for the source"
                " and one for the target"
            )
        if self.steps * max(self.batch_sizes) > MOST_EXAMPLES:
            raise InputError(
                f"steps is {self.steps} with batches of {max(self.batch_sizes)}; a run draws at"
                f" most {MOST_EXAMPLES} examples, so give at most"
                f" {MOST_EXAMPLES // max(self.batch_sizes)} steps"
            )
        if not 0.0 <= self.momentum < 1.0:
            raise InputError(f"momentum is {self.momentum}; it must lie in [0, 1)")
        for name, value in (("lr", self.lr), ("weight_decay", self.weight_decay)):
            # Traced, and within structures without values, they are no numbers.
            if isinstance(value, int | float) and not 0.0 <= value < math.inf:
                raise InputError(f"{name} is {value}; it must be a finite number of at least 0")


jax.tree_util.register_dataclass(
    TrainingOptions,
    ["lr", "weight_decay"],
    [f.name for f in dataclasses.fields(TrainingOptions) if f.name not in ("lr", "weight_decay")],
)
