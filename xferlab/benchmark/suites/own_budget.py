"""The budget of a run on one's own data, where none is given: by the size of the domains."""

from __future__ import annotations

from xferlab.data.task import TransferTask
from xferlab.training.options import TrainingOptions

EPOCHS = 20
"""How often a run sees the larger domain, about."""
LEAST, MOST = 500, 5000
"""Fewest and most steps of a run, however small or large the domains are."""
BATCH = 64
"""Examples of each role in a step, where there are so many."""


def usual_training(task: TransferTask) -> TrainingOptions:
    """Returns Adam at 1e-3 with a cosine schedule, and steps by the size of the larger domain."""
    sizes = _batch_sizes(task)
    largest = max(task.sizes.source / sizes[0], task.sizes.target / sizes[1])
    return TrainingOptions(
        steps=min(max(round(EPOCHS * largest), LEAST), MOST),
        batch_sizes=sizes,
        optimiser="adam",
        lr=1e-3,
        schedule="cosine",
        augment="noise",
        evaluations=1 if task.setting.online or task.episodes else 10,
    )


def budget_sentence(training: TrainingOptions) -> str:
    """Returns what a protocol says of a budget that `usual_training` chose."""
    source, target = training.sizes.source, training.sizes.target
    return (
        f"Budget: {training.steps} steps of {source} source and {target} target examples: {EPOCHS}"
        f" epochs of the larger domain, within {LEAST} to {MOST} steps."
    )


def _batch_sizes(task: TransferTask) -> tuple[int, ...]:
    """Returns up to 64 examples of each role; as many as an episode has where those are scored."""
    most = task.episodes.examples if task.episodes else BATCH
    return tuple(min(most, size) for size in task.sizes[: 3 if task.shots else 2])
