"""Run folders: complete or not there, damage and mix-ups found, full disks survived."""

import errno
import hashlib
import json
import os
import shutil

import numpy as np
import pytest

from tests.benchmark.tiny import tiny_packs
from xferlab.benchmark.store.folders import CHECKED, DONE, RunStore
from xferlab.benchmark.store.load import load_record
from xferlab.benchmark.store.spec import RunSpec
from xferlab.core.errors import InputError
from xferlab.core.seeds import digest

pytestmark = pytest.mark.fast

SPECS = [spec for pack in tiny_packs(seeds=2) for spec, _ in pack.runs]
LINES = [
    {"kind": "curve", "step": 6, "terms": {"c": 0.5}},
    {"kind": "evaluation", "step": 6, "metrics": {"accuracy": 0.5}, "validators": {"snd": 1.0}},
]


def write(store, spec):
    arrays = {"logits": np.eye(2, dtype=np.float32), "labels": np.array([0, 1])}
    store.write(
        spec, metrics=LINES, arrays=arrays, environment={"cores": 2}, timing={"seconds": 1.5}
    )


@pytest.fixture
def store(tmp_path):
    store = RunStore(tmp_path / "runs")
    write(store, SPECS[0])
    return store


def test_what_was_written_is_read(store):
    assert store.is_done(SPECS[0]) and not store.is_done(SPECS[1])
    files = store.read(SPECS[0].digest)
    assert RunSpec.from_json(files["spec"]) == SPECS[0]
    assert files["metrics"] == LINES and files["timing"] == {"seconds": 1.5}
    record = load_record(store, SPECS[0].digest)
    assert (record.task, record.seed, record.seconds) == ("moons->turned", 0, 1.5)
    assert record.confusion.tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize("name", [*CHECKED, DONE, "timing.json"])
@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "gone"])
def test_every_damage_is_found(store, name, damage):
    path = store.folder(SPECS[0].digest) / name
    data = bytearray(path.read_bytes())
    if damage == "gone":
        path.unlink()
    elif damage == "flip":
        data[len(data) // 3] ^= 0x80
        path.write_bytes(data)
    else:
        path.write_bytes(data[: len(data) // 2 if damage == "cut" else 0])
    if (name, damage) == (DONE, "gone"):
        assert not store.is_done(SPECS[0])  # Unfinished: it is trained again.
        return
    with pytest.raises(InputError, match=r"is damaged.*trains that run anew") as caught:
        store.is_done(SPECS[0])
    assert SPECS[0].digest in str(caught.value)


def test_a_folder_of_another_run_is_refused(store):
    shutil.copytree(store.folder(SPECS[0].digest), store.folder(SPECS[1].digest))
    with pytest.raises(InputError, match=rf"belongs to another run \({SPECS[0].digest}.*--out"):
        store.is_done(SPECS[1])


def test_a_folder_without_done_is_written_again(store):
    folder = store.folder(SPECS[0].digest)
    (folder / DONE).unlink()
    (folder / "spec.json").write_text("half")
    write(store, SPECS[0])
    assert store.is_done(SPECS[0])


def test_the_spec_of_another_version_is_refused(store):
    older = SPECS[0].to_json() | {"task": SPECS[0].to_json()["task"] | {"strange": 1}}
    folder = store.root / digest(older)
    store.folder(SPECS[0].digest).rename(folder)
    (folder / "spec.json").write_text(json.dumps(older))
    sums = json.loads((folder / DONE).read_text())
    sums["spec.json"] = hashlib.sha256((folder / "spec.json").read_bytes()).hexdigest()
    (folder / DONE).write_text(json.dumps(sums))
    with pytest.raises(InputError, match="written by another version of xferlab"):
        load_record(store, folder.name)


def fill_disk(monkeypatch, *, after):
    """Lets so many files reach the disk, then no more."""
    calls = iter(range(100))
    real = os.fsync

    def fsync(descriptor):
        if next(calls) >= after:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)


@pytest.mark.parametrize("after", range(6))
def test_a_full_disk_leaves_nothing_half_written(store, monkeypatch, after):
    fill_disk(monkeypatch, after=after)
    with pytest.raises(InputError, match="disk is full: free some space"):
        write(store, SPECS[1])
    assert not store.is_done(SPECS[1])
    assert store.is_done(SPECS[0])
    assert not list(store.root.glob(".*.writing"))


def test_what_a_killed_process_left_of_a_run_goes(store):
    left = store.root / f".{SPECS[0].digest}.abcd_123.writing"
    left.mkdir()
    write(store, SPECS[0])
    assert not left.exists() and store.is_done(SPECS[0])


def test_an_output_folder_that_cannot_be_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    for root in (tmp_path / "file", tmp_path / "file" / "runs"):
        with pytest.raises(InputError, match=r"cannot write .*file.*--out"):
            RunStore(root)


def test_a_run_is_locked_against_other_stores(store):
    digests = [spec.digest for spec in SPECS]
    with store.locked(digests) as first, RunStore(store.root).locked(digests[:1]) as second:
        assert first and not second
    with RunStore(store.root).locked(digests) as again:
        assert again
