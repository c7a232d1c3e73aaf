"""The measurements run, print and write; who is timed takes turns."""

import json

import numpy as np
import pytest

from benchmarks import packing, run, speed
from benchmarks.problems import bag_of_words
from benchmarks.timing import Contestant, ratio, time_in_turn
from xferlab.core.names import NameTable

EXAMPLES = 70


@pytest.fixture
def few_words(monkeypatch):
    """Both measurements know one small problem."""
    table = NameTable("network", {"mlp": lambda: bag_of_words(EXAMPLES)})
    for module in (speed, packing):
        monkeypatch.setattr(module, "PROBLEMS", table)


@pytest.mark.usefixtures("few_words")
def test_speed_prints_and_writes_its_ratios(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(speed, "torch_contestants", lambda problem: [])
    out = tmp_path / "speed.json"
    assert speed.main(["--rounds=2", "--steps=2", f"--out={out}"]) == 0
    ratios = json.loads(out.read_text())["networks"]["mlp"]["ratios"]
    assert ratios["xferlab, looped"]["minimal JAX, looped"] > 0
    assert ratios["xferlab, scanned"]["minimal JAX, scanned"] > 0
    assert "| xferlab, scanned |" in capsys.readouterr().out


@pytest.mark.usefixtures("few_words")
def test_packing_prints_and_writes_its_ratios(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(packing, "WIDTHS", (2,))
    out = tmp_path / "packing.json"
    assert packing.main(["--rounds=1", "--steps=2", f"--out={out}"]) == 0
    ratios = json.loads(out.read_text())["networks"]["mlp"]["by_one_alone"]
    assert list(ratios) == ["one run alone", "2 stacked", "2 in a row", "2 threads"]
    assert ratios["one run alone"] == 1
    assert "| 2 stacked |" in capsys.readouterr().out


def test_packing_trains_the_network_of_the_suite_quick():
    problem = packing.digits()
    assert problem.spec == packing.DIGITS_NETWORK
    assert problem.data.source.inputs.dtype == np.uint8
    assert problem.data.source.inputs.shape[1:] == problem.spec.input_shape


def test_pytorch_is_left_out_with_a_message_where_it_is_missing(monkeypatch, capsys):
    monkeypatch.setattr(speed.importlib.util, "find_spec", lambda name: None)
    assert speed.torch_contestants(bag_of_words(EXAMPLES)) == []
    assert "not installed" in capsys.readouterr().out


@pytest.mark.fast
def test_contestants_take_turns_from_a_new_state():
    calls = []

    def contestant(name):
        return Contestant(name, lambda: f"new {name}", lambda *call: calls.append(call))

    seconds = time_in_turn([contestant("a"), contestant("b")], rounds=2, steps=5)
    assert calls == [("new a", 5), ("new b", 5)] * 3
    assert {name: len(times) for name, times in seconds.items()} == {"a": 2, "b": 2}


@pytest.mark.fast
def test_a_ratio_is_the_median_of_the_ratios_of_each_round():
    seconds = {"a": [1.0, 30.0, 3.0], "b": [1.0, 10.0, 2.0]}
    assert ratio(seconds, "a", "b") == 1.5


@pytest.mark.fast
@pytest.mark.parametrize("flag", ["--networks=mpl", "--round=2", "--rounds=0"])
def test_a_wrong_flag_is_named(flag):
    with pytest.raises(SystemExit, match=r"mlp|round"):
        speed.main([flag])


@pytest.mark.fast
def test_run_is_the_bench_command(monkeypatch):
    monkeypatch.setattr(run, "xferlab", lambda arguments: arguments)
    assert run.main(["--suite=quick"]) == ["bench", "--suite=quick"]
