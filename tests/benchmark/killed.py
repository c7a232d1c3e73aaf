"""Runs the tiny suite and kills itself: python -m tests.benchmark.killed OUT METHOD WIDTH REPORT.

The process ends by SIGKILL at the given report of progress, which comes after an evaluation and
before its checkpoint.
"""

import os
import signal
import sys
from pathlib import Path

import tests.conftest  # noqa: F401  (the devices of the tests)
from tests.benchmark.tiny import execute, tiny_packs, tiny_suite


def resumable_packs(method, width):
    """Packs of 16 steps in two evaluations a stage, so that kills fall into either stage."""
    return tiny_packs(tiny_suite(16, evaluations=4), methods=(method,), seeds=width, width=width)


def main(out, method, width, fatal_report):
    """Trains with a checkpoint after every evaluation, until the fatal one."""
    left = int(fatal_report)

    def report(pack, steps, state):
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    execute(Path(out), resumable_packs(method, int(width)), report=report, checkpoint_seconds=0.0)


if __name__ == "__main__":
    main(*sys.argv[1:])
