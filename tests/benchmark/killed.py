"""Runs the tiny suite and kills itself: python -m tests.benchmark.killed OUT METHOD WIDTH STEP.

The process ends by SIGKILL as soon as that step is reported; it is reported, then saved: a
checkpoint is at every step before, within an evaluation's distance or at its end.
"""

import os
import signal
import sys
from pathlib import Path

import tests.conftest  # noqa: F401  (the devices of the tests)
from tests.benchmark.featured_suite import domains, featured_suite, tasks_of
from tests.benchmark.tiny import execute, tiny_packs, tiny_suite, two_heads_suite

SUITES = {
    "": tiny_suite,
    "two heads": two_heads_suite,
    "features": lambda steps, **options: featured_suite(
        tasks_of(domains(), ("flat->turned",)), steps=steps, **options
    ),
}


def resumable_packs(method, width):
    """Packs of 16 steps and four evaluations; SHOT's second stage begins at step 8.

    'METHOD on two heads' is the method on the suite with two heads, 'METHOD on features' that on
    a task with features that are trained before.
    """
    name, _, data = method.partition(" on ")
    suite = SUITES[data](16, evaluations=4)
    return tiny_packs(suite, methods=(name,), seeds=width, width=width)


def main(out, method, width, fatal_step):
    """Trains with a checkpoint after every evaluation, until the fatal step."""
    done = 0

    def report(pack, steps, state):
        nonlocal done
        done += steps
        if done >= int(fatal_step):
            os.kill(os.getpid(), signal.SIGKILL)

    execute(Path(out), resumable_packs(method, int(width)), report=report, checkpoint_seconds=0.0)


if __name__ == "__main__":
    main(*sys.argv[1:])
