"""Where a training pauses: to log its terms, to be scored, to be saved, to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from xferlab.benchmark.runs.journal import RunJournal
from xferlab.benchmark.runs.plan import Pack
from xferlab.core.files import disk_errors
from xferlab.training.checkpoint import Checkpoint
from xferlab.training.run import Training

LOGS = 20
"""Points of a run's loss curves, about; however few, one for every evaluation."""


def evaluation_points(pack: Pack) -> list[int]:
    """Returns the steps at which the runs of a pack are scored."""
    options = pack.suite_task.training
    return [
        round((i + 1) * options.steps / options.evaluations) for i in range(options.evaluations)
    ]


def predicted_before_the_last(pack: Pack) -> int | None:
    """Returns how many examples an evaluation before the last predicts at most (ADR 24).

    All of them together predict no more examples than a run trains on, of source and target.
    """
    options = pack.suite_task.training
    trained_on = options.steps * (options.sizes.source + options.sizes.target)
    return trained_on // (options.evaluations - 1) if options.evaluations > 1 else None


def log_points(begin: int, until: int, evaluations: int) -> list[int]:
    """Returns the steps between two evaluations, the second one included, with a log each.

    Args:
        begin: step of the first evaluation.
        until: step of the second one.
        evaluations: of the whole run.
    """
    count = max(1, LOGS // evaluations)
    parts = [(until - begin) * i // count for i in range(1, count + 1)]
    return [begin + part for part in dict.fromkeys(parts) if part]


class Stop:
    """What tells runs in progress to stop: first to save themselves, later to save no more."""

    def __init__(self) -> None:
        """Starts unset."""
        self.asked = threading.Event()
        self.too_late = threading.Event()


class Saver:
    """Saves the checkpoint of a pack where one is due: after some time, or at a stop."""

    def __init__(self, checkpoint: Checkpoint, seconds: float, stop: Stop):
        """Takes the checkpoint, the least time between two savings, and what asks for a stop."""
        self._checkpoint = checkpoint
        self._seconds = seconds
        self._stop = stop
        self._saved = time.monotonic()

    def save_if_due(self, training: Training, journals: Sequence[RunJournal]) -> bool:
        """Saves where it is due, and returns whether the runs are to stop here.

        Raises:
            InputError: the checkpoint cannot be written.
        """
        stopped = self._stop.asked.is_set()
        due = stopped or time.monotonic() - self._saved > self._seconds
        if due and not self._stop.too_late.is_set():
            with disk_errors(self._checkpoint.folder):
                self._checkpoint.save(training, [journal.to_json() for journal in journals])
            self._saved = time.monotonic()
        return stopped
