"""Where a suite's training data are, and on which devices it trains: the same numbers."""

import dataclasses
import gc
import json

import numpy as np
import pytest

from tests.benchmark.tiny import tiny_packs, tiny_suite
from xferlab.benchmark.present import run_suite
from xferlab.benchmark.runs.methods import find_methods
from xferlab.benchmark.runs.options import BenchOptions
from xferlab.benchmark.runs.residents import DeviceCopies, Residents
from xferlab.benchmark.runs.suite_run import plan_suite
from xferlab.core.errors import InputError
from xferlab.core.settings import Setting
from xferlab.data.feeds.resident import Resident
from xferlab.data.feeds.streamed import Streamed
from xferlab.data.made.moons import moons
from xferlab.data.task import TransferTask

METHODS = ("source_only", "dann", "shot")


def run(root, **options):
    suite = tiny_suite(6, methods=METHODS)
    options = BenchOptions(out=root, jobs=1, **options)
    packs = plan_suite(suite, list(find_methods(METHODS).values()), options)
    return run_suite(suite, packs, options, lambda *_: None).records


def scores(records):
    return np.array([[e.metrics["accuracy"] for e in each.evaluations] for each in records])


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return run(tmp_path_factory.mktemp("plain"))


@pytest.mark.parametrize("width", [1, 2])
def test_streamed_suites_have_the_numbers_of_resident_ones(plain, width, tmp_path):
    records = run(tmp_path, feed="streamed", width=width)
    assert [each.digest for each in records] == [each.digest for each in plain]
    np.testing.assert_allclose(scores(records), scores(plain), atol=1 / 8)
    for each in records:
        told = json.loads((tmp_path / each.digest / "environment.json").read_text("utf-8"))
        assert told["feed"] == "streamed" and told["runs_per_program"] == width


def test_large_data_are_streamed_unasked(plain, tmp_path, monkeypatch):
    monkeypatch.setattr("xferlab.benchmark.runs.residents.memory", lambda: 100)
    records = run(tmp_path)
    told = (tmp_path / records[0].digest / "environment.json").read_text("utf-8")
    assert json.loads(told)["feed"] == "streamed"


@pytest.mark.parametrize(("mesh", "width"), [("2x1", 2), ("1x4", 1), ("2x2", 2)])
@pytest.mark.parametrize("feed", ["resident", "streamed"])
def test_suites_on_several_devices_have_the_numbers_of_one(plain, mesh, width, feed, tmp_path):
    records = run(tmp_path, mesh=mesh, width=width, feed=feed)
    np.testing.assert_allclose(scores(records), scores(plain), atol=1 / 8)
    told = (tmp_path / records[0].digest / "environment.json").read_text("utf-8")
    runs, data = map(int, mesh.split("x"))
    assert json.loads(told)["mesh"] == {"run": runs, "data": data}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mesh": "abc"}, "mesh is 'abc'; give the devices for runs and for the examples"),
        ({"mesh": "0x2"}, "mesh is '0x2'"),
        ({"mesh": "2x1"}, "over 2 devices, and .* trains with 1 in one"),
        ({"mesh": "1x3"}, "over 3 devices, and one of task 'moons->turned' has 8 examples"),
        ({"mesh": "2x8", "width": 2}, "a mesh of 2 × 8 needs 16 devices; there are"),
        ({"feed": "disk"}, "unknown feed 'disk'"),
    ],
)
def test_what_does_not_fit_is_refused_before_training(options, message, tmp_path):
    with pytest.raises(InputError, match=message):
        run(tmp_path / "none", **options)
    assert not list(tmp_path.glob("none/*/DONE"))


def packs_of_three_domains():
    """Six tasks between three domains."""
    domains = [moons(rotation_degrees=turn, points=20) for turn in (0.0, 30.0, 60.0)]
    domains = [dataclasses.replace(d, name=f"d{n}") for n, d in enumerate(domains)]
    base = tiny_suite().tasks[0]
    tasks = tuple(
        dataclasses.replace(
            base, task=TransferTask(f"{a.name}->{b.name}", (a,), b, Setting.UNSUPERVISED_DA)
        )
        for a in domains
        for b in domains
        if a is not b
    )
    return tiny_packs(dataclasses.replace(tiny_suite(), tasks=tasks))


def test_a_domain_is_on_the_device_once_and_given_back():
    packs = packs_of_three_domains()
    residents = Residents(packs)
    setting = Setting.UNSUPERVISED_DA
    held = [residents.shared(pack, setting) for pack in packs]
    copies = {id(part.inputs) for feed in held for part in feed.splits if part is not None}
    assert len(held) == 6 and len(copies) == 3
    del held
    assert len({id(a) for a, _ in residents._copies._held.values() if a.dtype == np.float32}) == 3
    for pack in packs:
        residents.release(pack)
    gc.collect()
    assert not residents._copies._held


def test_a_copy_lives_as_long_as_it_is_used():
    copies, array = DeviceCopies(), np.ones((3, 2), np.float32)
    first = copies.put(array, 4)
    assert copies.put(array, 4) is first and first.shape == (4, 2)
    assert copies.put(array, 5) is not first and copies.put(array.copy(), 4) is not first
    del first
    gc.collect()
    assert not copies._held


@pytest.mark.parametrize(("feed", "kind"), [("resident", Resident), ("streamed", Streamed)])
def test_the_feed_that_is_asked_for(feed, kind):
    packs = packs_of_three_domains()
    assert isinstance(Residents(packs, feed).load(packs[0], Setting.UNSUPERVISED_DA), kind)
