"""Bad input over command line and Python: each gets an error that names it, and no traceback."""

import dataclasses

import numpy as np
import pytest

import xferlab
from tests.benchmark.tiny import NETWORK
from xferlab.benchmark.external import find_method
from xferlab.cli.main import main
from xferlab.core.errors import InputError, unknown_name
from xferlab.data.domain import Domain
from xferlab.methods.table import ALL_METHODS
from xferlab.training.options import TrainingOptions

COMMANDS = {
    "bench --suite=tiny --methods=,": "--methods=, names no method",
    "bench --suite=tiny --methods=,,": "names no method",
    "bench --suite=tiny --methods=\t": "names no method",
    "bench --suite=tiny --seeds=100000000": "seeds",
    "bench --suite=tiny --seeds=-1": "seeds",
    "bench --suite=tiny --steps=100000000000000000000": "at most",
    "bench --suite=tiny --steps=300000000": "at most 268435455 steps",
    "bench --suite=tiny --steps=1.5": "steps",
    "bench --suite=tiny --methods=dan2": "Did you mean: dan",
    "bench --suite=tiny --methods=DAN2": "Did you mean: dan",
    "bench --suite=tinny": "Did you mean: tiny",
    "train --source=moons --target=moons_35 --task=nonsense": "--task=nonsense chooses a task",
    "train --source=moons": "belong together",
    "train --suite=tiny --task=nonsense": "unknown task 'nonsense'",
    "train --source=mons --target=moons_35": "Did you mean: moons",
    "data check --data_dir=/nowhere/at/all": "'/nowhere/at/all' is no folder",
    "data check mnist --data_dir=/nowhere/at/all": "is no folder",
    "data chek": "Did you mean: check",
    "bnch": "Did you mean: bench",
    "cite dan2": "dan",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_cannot_work_says_why(command, tiny, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(command.split(" ")) == 2
    captured = capsys.readouterr()
    assert COMMANDS[command] in captured.err
    assert "Traceback" not in captured.err and captured.out == ""
    assert len(captured.err) < 900, "a message, not a list of everything"
    assert not list(tmp_path.iterdir()), "nothing half-written stays"


OPTIONS = [
    ("lr", np.nan, "lr is nan"),
    ("lr", np.inf, "lr is inf"),
    ("lr", -1.0, "lr is -1.0"),
    ("lr", -1, "lr is -1;"),
    ("weight_decay", -1e-3, "weight_decay is -0.001"),
    ("weight_decay", np.nan, "weight_decay is nan"),
    ("momentum", 5.0, "momentum is 5.0"),
    ("momentum", 1.0, r"must lie in \[0, 1\)"),
    ("momentum", -0.1, "momentum is -0.1"),
    ("momentum", np.nan, "momentum is nan"),
    ("steps", 10**20, "at most 33554431 steps"),
    ("steps", 0, "steps is 0"),
    ("steps", -5, "steps is -5"),
    ("batch_sizes", (0, 4), "batch_sizes"),
    ("batch_sizes", (4,), "one for the source"),
    ("batch_sizes", (4, 4, 4), "one for the source"),
    ("optimiser", "sdg", "Did you mean: sgd"),
    ("schedule", "Cosine", "Did you mean: cosine"),
    ("evaluations", 0, "at least"),
]


@pytest.mark.fast
@pytest.mark.parametrize(("name", "value", "message"), OPTIONS)
def test_training_options_out_of_range(name, value, message):
    with pytest.raises(InputError, match=message):
        TrainingOptions(**{"steps": 100} | {name: value})


SPECS = [
    ("hidden", (-3,), r"hidden is \(-3,\)"),
    ("hidden", (4, 0), "each must be at least 1"),
    ("head_hidden", (0,), "head_hidden"),
    ("input_shape", (0,), "input_shape"),
    ("input_shape", (28, -28, 1), "input_shape"),
    ("bottleneck", -1, "bottleneck is -1"),
    ("dropout", np.nan, "dropout is nan"),
    ("compute", "bf16", "'bf16'"),
    ("batch_norm", "Joint", "'Joint'"),
]


@pytest.mark.fast
@pytest.mark.parametrize(("name", "value", "message"), SPECS)
def test_network_specs_out_of_range(name, value, message):
    with pytest.raises(InputError, match=message):
        dataclasses.replace(NETWORK, **{name: value})


@pytest.mark.fast
@pytest.mark.parametrize("names", ["abc", b"abc"])
def test_class_names_are_not_the_letters_of_one_string(names):
    inputs, labels = np.zeros((9, 2), np.float32), np.arange(9) % 3
    with pytest.raises(InputError, match=r"class_names b?'abc'"):
        xferlab.domain_from_arrays("d", inputs, labels, class_names=names, test=0.4)
    with pytest.raises(InputError, match=r"class_names b?'abc'"):
        Domain("d", {"train": (inputs, labels), "test": (inputs, labels)}, names)


@pytest.mark.fast
@pytest.mark.parametrize("name", ["DANN", "Dann", "CDAN_E", "Source_Only", "SVM"])
def test_case_does_not_count_in_the_name_of_a_method(name):
    assert find_method(name).name == name.lower()


@pytest.mark.fast
@pytest.mark.parametrize("name", [3, None, ("dann",), ["dann"], 1.5])
def test_a_name_that_is_no_text_is_refused(name):
    with pytest.raises(InputError, match="unknown method"):
        ALL_METHODS[name]


@pytest.mark.fast
def test_of_many_names_only_the_closest_are_listed():
    names = [f"domain_{i:04}" for i in range(500)]
    message = str(unknown_name("domain", "Domain_0042x", names))
    assert len(message) < 400
    assert "Did you mean: domain_0042" in message and "500 names" in message
