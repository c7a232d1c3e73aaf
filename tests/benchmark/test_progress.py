"""What is printed while a suite trains, where the output is no terminal: a line a cell, once."""

from collections import Counter

import pytest
from rich.console import Console

from tests.benchmark.featured_suite import featured_suite
from tests.benchmark.runs.test_kept import packs_of, two_targets
from xferlab.benchmark.progress import show_progress
from xferlab.benchmark.runs.executor import Executor
from xferlab.benchmark.runs.options import ExecutorOptions
from xferlab.benchmark.store.folders import RunStore


@pytest.mark.parametrize(("width", "jobs"), [(1, 1), (1, 2), (3, 1)])
def test_every_cell_is_done_once_those_of_kept_runs_too(width, jobs, tmp_path, capsys):
    packs = packs_of(two_targets(), seeds=3, width=width)
    for _ in ("trained", "recorded"):
        with show_progress(packs, Console(stderr=True)) as report:
            options = ExecutorOptions(jobs, 60.0, width=width)
            outcome = Executor(RunStore(tmp_path), options, report).run(packs)
        assert not outcome.failures
        lines = capsys.readouterr().err.splitlines()
        cells = Counter(line.partition(";")[0] for line in lines)
        assert set(cells.values()) == {1}
        assert len(cells) == 7 and sum("(kept)" in cell for cell in cells) == 1
        assert [line.partition("; ")[2] for line in lines] == [
            f"{left} of 7 cells left" for left in reversed(range(7))
        ]


def test_packs_on_features_are_done_once(tmp_path, capsys):
    packs = packs_of(featured_suite(), methods=("source_only", "svm"), seeds=1)
    with show_progress(packs, Console(stderr=True)) as report:
        Executor(RunStore(tmp_path), ExecutorOptions(2, 60.0), report).run(packs)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == len(set(lines)) == 3 * 2 + 2
    assert [line.partition("; ")[2] for line in lines] == [
        f"{left} of 8 cells left" for left in reversed(range(8))
    ]
