"""A run that is interrupted and resumed ends with the bits of one that is not."""

from __future__ import annotations

import pytest

from tests.methods.toys import assert_same_bits, make_task, make_training, snapshot
from xferlab.core.errors import InputError
from xferlab.methods.table import METHODS
from xferlab.training.checkpoint import Checkpoint

TASK = make_task()
FIRST, SECOND, END = 60, 110, 120
"""Stops of a run of 200 steps: SHOT's second stage begins at 100 and refreshes at 107 and 113."""


def train(name):
    return make_training(METHODS[name], task=TASK)


@pytest.mark.parametrize("name", ["dann", "shot", "self_ensembling"])
def test_resumed_is_uninterrupted(name, tmp_path):
    """Interrupted twice, in both halves; statistics, optimiser and method state included."""
    whole = train(name)
    whole.advance(END)
    checkpoint = Checkpoint(tmp_path / "folder", {"run": name})
    for stop in (FIRST, SECOND, END):
        part = train(name)
        checkpoint.restore(part)
        part.advance(stop)
        checkpoint.save(part, [stop])
    assert part.step == END
    assert_same_bits(part.state, whole.state)


@pytest.fixture(scope="module")
def half_way():
    training = train("source_only")
    training.advance(3)
    return training


def test_the_latest_checkpoint_and_its_journal(half_way, tmp_path):
    checkpoint = Checkpoint(tmp_path / "folder", "run")
    checkpoint.save(train("source_only"), {"lines": [0]})
    checkpoint.save(half_way, {"lines": [1, 2.5, None, "x"]})
    restored = train("source_only")
    assert checkpoint.restore(restored) == {"lines": [1, 2.5, None, "x"]}
    assert restored.step == 3


def test_none_where_there_is_no_checkpoint_or_one_of_another_identity(half_way, tmp_path):
    training = train("source_only")
    start = snapshot(training.state)
    assert Checkpoint(tmp_path / "nothing", "run").restore(training) is None
    Checkpoint(tmp_path / "folder", {"width": 1}).save(half_way, [])
    assert Checkpoint(tmp_path / "folder", {"width": 2}).restore(training) is None
    assert_same_bits(training.state, start)
    assert training.step == 0


def test_a_corrupt_checkpoint_names_its_folder(half_way, tmp_path):
    folder = tmp_path / "folder"
    checkpoint = Checkpoint(folder, "run")
    checkpoint.save(half_way, [])
    for path in folder.rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match=r"folder' cannot be read.*Delete that folder"):
        checkpoint.restore(train("source_only"))


def test_a_flipped_byte_is_an_error_or_harmless(half_way, tmp_path):
    folder = tmp_path / "folder"
    Checkpoint(folder, "run").save(half_way, [{"step": 1}])
    largest = max((p for p in folder.rglob("*") if p.is_file()), key=lambda p: p.stat().st_size)
    damaged = bytearray(largest.read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF
    largest.write_bytes(bytes(damaged))
    with pytest.raises(InputError, match="cannot be read"):
        Checkpoint(folder, "run").restore(train("source_only"))


def test_clear(half_way, tmp_path):
    checkpoint = Checkpoint(tmp_path / "folder", "run")
    checkpoint.save(half_way, [])
    checkpoint.clear()
    assert not (tmp_path / "folder").exists()
    checkpoint.clear()
