"""Killed at any moment, the same command ends with the bytes of a run that was never killed."""

import signal
import subprocess
import sys

import pytest

from tests.benchmark.killed import resumable_packs
from tests.benchmark.tiny import contents, execute
from tests.shared import REPOSITORY
from xferlab.benchmark.runs.kept import kept_packs


@pytest.mark.parametrize(
    ("method", "width", "kills", "saved"),
    [
        ("shot", 1, (6, 15), 14),
        ("dann", 2, (13,), 12),
        ("dann+lp_ft", 2, (6, 15), 14),
        ("dann on two heads", 1, (13,), 12),
    ],
    ids=[
        "two stages, killed in each",
        "two runs in one program",
        "a frozen stage, in a pack",
        "two heads, labels missing",
    ],
)
def test_a_killed_suite_ends_with_the_same_bytes(tmp_path, method, width, kills, saved):
    packs = resumable_packs(method, width)
    whole = execute(tmp_path / "whole", packs)
    for fatal_step in kills:
        command = [sys.executable, "-m", "tests.benchmark.killed", str(tmp_path / "killed"), method]
        command += [str(width), str(fatal_step)]
        assert subprocess.run(command, cwd=REPOSITORY).returncode == -signal.SIGKILL
        assert not list((tmp_path / "killed").glob("*/DONE"))
    states = []
    resumed = execute(
        tmp_path / "killed", packs, report=lambda pack, steps, state: states.append((steps, state))
    )
    assert states[0] == (saved, "resumed")
    assert sum(steps for steps, _ in states) == 16
    for spec, _ in packs[0].runs:
        folders = [store.folder(spec.digest) for store in (whole, resumed)]
        assert contents(folders[0]) == contents(folders[1])
    assert not list((tmp_path / "killed").glob(".checkpoints/*"))


@pytest.mark.parametrize("fatal_step", [9, 25], ids=["in the kept stage", "in the run itself"])
def test_a_suite_killed_in_kept_stages_or_after_ends_with_the_same_bytes(tmp_path, fatal_step):
    packs = resumable_packs("dann+pretrained+lp_ft", 1)
    whole = execute(tmp_path / "whole", packs)
    command = [sys.executable, "-m", "tests.benchmark.killed", str(tmp_path / "killed")]
    command += ["dann+pretrained+lp_ft", "1", str(fatal_step)]
    assert subprocess.run(command, cwd=REPOSITORY).returncode == -signal.SIGKILL
    states = []
    resumed = execute(
        tmp_path / "killed", packs, report=lambda pack, steps, state: states.append(state)
    )
    assert "resumed" in states and ("recorded" in states) == (fatal_step > 16)
    for spec, _ in (*kept_packs(packs, 1)[0].runs, *packs[0].runs):
        folders = [store.folder(spec.digest) for store in (whole, resumed)]
        assert contents(folders[0]) == contents(folders[1])
