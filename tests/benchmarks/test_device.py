"""The measurements of a device: every part leaves a row, and what goes wrong stays in its part."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.device import __main__ as device
from benchmarks.device import digits
from benchmarks.device.measure import Part, measure_all
from benchmarks.device.page import Table
from benchmarks.device.program import Timed
from benchmarks.device.request import Request
from xferlab.benchmark.tables.published import load_published, primary_rows

ROOT = Path(__file__).parents[2]
BLOCKED = ("grain", "tensorflow_datasets", "array_record", "ml_collections", "ray")
BLOCK = f"""
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in {BLOCKED}:
            raise ModuleNotFoundError(f'No module named {{name!r}}', name=name)
sys.meta_path.insert(0, Missing())
"""


def run_device(folder, *flags, **environment):
    command = [sys.executable, "-m", "benchmarks.device", f"--out={folder}", *flags]
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True
    )


def read(folder):
    return json.loads((folder / "device.json").read_text())["parts"]


def test_the_whole_page_without_the_optional_packages(tmp_path):
    """They are made unimportable in every process, by a site of their own."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(BLOCK)
    path = os.pathsep.join([str(tmp_path / "site"), os.environ.get("PYTHONPATH", "")])
    flags = ("--minutes=20", "--tiny")
    done = run_device(tmp_path / "page", *flags, PYTHONPATH=path, XLA_FLAGS="", PYTHONWARNINGS="")
    parts = read(tmp_path / "page")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [part["outcome"] for part in parts] == ["Measured"] * 5
    assert all(table["rows"] for part in parts for table in part["tables"])
    assert set(BLOCKED) <= set(parts[0]["tables"][0]["figures"]["missing"])
    page = (tmp_path / "page" / "device.md").read_text()
    assert "Missing: grain" in page and "| mcd |" in page and "| im2col, stacked |" in page


PARTS = [
    Part("good", "Good", "tests.benchmarks.device_parts.good", 0.5),
    Part("raises", "Raises", "tests.benchmarks.device_parts.raises", 0.5),
    Part("dies", "Dies", "tests.benchmarks.device_parts.dies", 0.5),
    Part("hangs", "Hangs", "tests.benchmarks.device_parts.hangs", 0.001),
    Part("absent", "Absent", "tests.benchmarks.device_parts.absent", 0.5),
    Part("last", "Last", "tests.benchmarks.device_parts.good", 1.0),
]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    folder, said = tmp_path_factory.mktemp("page"), []
    order = Request(tiny=True, seconds=0.0, data_dir="", out=str(folder))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("benchmarks.device.measure.GRACE_SECONDS", 4.0)
        measure_all(PARTS, minutes=10.0, order=order, command="test", report=said.append)
    return {part["name"]: part for part in read(folder)}, (folder / "device.md").read_text()


def test_a_part_that_raises_says_why_and_the_next_goes_on(outcomes):
    parts, page = outcomes
    assert parts["raises"]["outcome"].startswith("FAILED with status 1")
    assert "ValueError: the device is on fire" in parts["raises"]["outcome"]
    assert parts["raises"]["outcome"] in page
    assert parts["last"]["outcome"] == "Measured"


def test_what_a_part_measured_before_it_failed_stays(outcomes):
    parts, page = outcomes
    for name in ("good", "raises", "dies", "hangs"):
        assert parts[name]["tables"][0]["rows"] == [["1", "2"]], name
    assert page.count("| 1 | 2 |") == 5


def test_a_part_that_takes_its_process_down_or_hangs_is_named_so(outcomes):
    parts, _ = outcomes
    assert parts["dies"]["outcome"].startswith("FAILED with status 7")
    assert parts["hangs"]["outcome"].startswith("Ended after its")
    assert "No module named" in parts["absent"]["outcome"]


def test_without_time_a_part_is_left_out(tmp_path):
    order = Request(tiny=True, seconds=0.0, data_dir="", out=str(tmp_path))
    measure_all(PARTS[:1], minutes=0.0, order=order, command="test", report=lambda _: None)
    assert read(tmp_path)[0]["outcome"] == "Left out: no time was left"


@pytest.mark.fast
def test_a_table_crosses_as_json():
    table = Table("t", ["a"], [["1"]], ["note"], {"x": 1.5})
    assert Table(**json.loads(json.dumps(dataclasses.asdict(table)))) == table


@pytest.mark.fast
@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--minutes=0", "minutes"),
        ("--data_dir=/nowhere", "no folder"),
        ("--minute=3", "minute"),
        ("tiny", "no flag"),
    ],
)
def test_a_wrong_flag_is_named(flag, message):
    with pytest.raises(SystemExit, match=message):
        device.main([flag])


@pytest.mark.fast
def test_published_numbers_stand_beside_ours():
    rows = {f"{row.task} {row.method}": row for row in primary_rows(load_published("digits"))}
    assert digits._published(rows["mnist->mnistm dann"]) == "76.7 (last; ganin)"
    assert digits._published(rows.get("mnist->mnistm mcd")) == "–"


@pytest.mark.fast
def test_time_that_is_left_decides_the_steps(monkeypatch):
    request = Request(tiny=False, seconds=100.0, data_dir="", out="")
    monkeypatch.setattr(digits, "time_program", lambda *a, **k: Timed(0.001, 1.0, 2.0))
    suite, _, _ = digits._suite(request)
    steps, table = digits._steps(request, suite, 5)
    assert steps == 250 and table.rows[0][-1] == "250"
    monkeypatch.setattr(digits, "time_program", lambda *a, **k: Timed(0.1, 1.0, 2.0))
    assert digits._steps(request, suite, 5)[0] == digits.LEAST_STEPS
