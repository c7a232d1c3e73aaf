"""Bad arguments of public functions: each gets an InputError that names it, and no other."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import xferlab
from tests.benchmark.tiny import NETWORK
from xferlab.benchmark import measure_agreement, to_csv, to_latex, to_markdown, to_terminal
from xferlab.benchmark.runs.methods import find_method
from xferlab.benchmark.runs.options import BenchOptions, check_presentation
from xferlab.benchmark.suites.own_data import Reading, load_domain
from xferlab.core.errors import InputError
from xferlab.core.names import NameTable
from xferlab.core.settings import Setting
from xferlab.data import moons
from xferlab.methods.table import ALL_METHODS
from xferlab.training.options import TrainingOptions

pytestmark = pytest.mark.fast

MOON = moons(points=20)


def refused(message, call, **arguments):
    with pytest.raises(InputError, match=message) as caught:
        call(**arguments)
    assert len(str(caught.value)) < 900 and "\n" not in str(caught.value)


DANN = type(ALL_METHODS["dann"])
COMPARE = [
    ("source", None, r"source is None \(NoneType\). Give a Domain"),
    ("source", "moons", "source is 'moons'. Give a Domain"),
    ("source", [MOON, MOON], "two of the sources moons, moons have the same name"),
    ("source", [MOON, None], r"source is None \(NoneType\). Give a Domain"),
    ("source", [], "source is empty"),
    ("shots", 3, "shots"),
    ("shots", [0, 999], "shots"),
    ("target", 3, r"target is 3 \(int\)"),
    ("target", (np.zeros(3), np.zeros(3)), r"\(tuple\). Give a Domain"),
    ("target", MOON.splits, r"\(dict\). Give a Domain"),
    ("methods", "dann", "methods is 'dann'. Give a list of names"),
    ("methods", b"dann", "Give a list of names"),
    ("methods", None, "methods is None"),
    ("methods", 3, "methods is 3"),
    ("methods", [], "methods is empty"),
    ("methods", {}, "methods is empty"),
    ("methods", [None], r"method None \(NoneType\) is no name"),
    ("methods", [DANN, ALL_METHODS["dann"]], "is named twice"),
    ("methods", [int], "unknown method <class 'int'>"),
    ("methods", [""], "unknown method ''"),
    ("methods", ["dan_n"], "Did you mean: dann"),
    ("methods", ["dann", "dann"], "'dann' is named twice"),
    ("methods", ["dann", "DANN"], "'DANN' is named twice"),
    ("methods", {3: {}}, "is no name"),
    ("methods", {"dann": None}, r"methods\['dann'\] is None.*mapping of hyper-parameters"),
    ("methods", {"dann": [1.0]}, r"methods\['dann'\] is \[1.0\]"),
    ("methods", {"dann": {"weight": "much"}}, "dann.weight is 'much'. It takes finite numbers"),
    ("methods", {"dann": {"weight": np.nan}}, "dann.weight is nan"),
    ("methods", {"dann": {"weight": []}}, "has no value to try"),
    ("methods", {"dann": {"weigt": 1}}, "Did you mean: weight"),
    ("methods", {"dann": {3: 1}}, "unknown hyper-parameter of method 'dann' 3"),
    ("methods", {"pca": {"dims": 2.5}}, "pca.dims is 2.5. It takes whole numbers"),
    ("methods", {"pca": {"lr": 0.1}}, "unknown hyper-parameter of method 'pca' 'lr'"),
    ("methods", {"dann": {"lr": -1}}, "lr is -1.0"),
    ("seeds", 0, "seeds is 0; it must be at least 1"),
    ("seeds", -1, "seeds is -1"),
    ("seeds", 1.5, r"seeds is 1.5 \(float\)"),
    ("seeds", "2", "seeds is '2'. Give a whole number"),
    ("seeds", True, r"seeds is True \(bool\)"),
    ("seeds", None, "seeds is None"),
    ("seeds", np.nan, "seeds is nan"),
    ("seeds", [1, 1], r"seeds is \[1, 1\]"),
    ("seeds", 10**9, "Allowed: .* 10000"),
    ("steps", -1, "steps is -1"),
    ("steps", 1.5, "steps is 1.5"),
    ("steps", "100", "steps is '100'"),
    ("steps", None, "steps is None"),
    ("steps", 5, "steps is 5 with 10 evaluations"),
    ("steps", 10**12, "at most"),
    ("out", 3, r"out is 3 \(int\). Give the path of a folder"),
    ("out", None, "out is None"),
    ("out", b"runs", "out is b'runs'"),
    ("out", "\0", "Give the path of a folder"),
    ("out", __file__, "cannot write .*choose a folder"),
    ("out", f"{__file__}/x", "cannot write"),
]


@pytest.mark.parametrize(("name", "value", "message"), COMPARE)
def test_compare(name, value, message):
    arguments = {"source": MOON, "target": MOON, "methods": ["nearest_neighbour"], "seeds": 1}
    refused(message, xferlab.compare, **arguments | {name: value})


TASK = [
    ("name", None, "name is None"),
    ("name", 3, "name is 3"),
    ("name", "", "name of a task is empty"),
    ("sources", MOON, "sources is .*Give a tuple of domains"),
    ("sources", None, "sources is None"),
    ("sources", (), "has no source"),
    ("sources", ["moons"], "a domain of the task is 'moons'"),
    ("sources", (MOON, None), "a domain of the task is None"),
    ("target", None, "a domain of the task is None"),
    ("target", "moons", "a domain of the task is 'moons'"),
    ("setting", "unsupervised_da", "setting is 'unsupervised_da'. Give a Setting"),
    ("setting", None, "setting is None"),
]


@pytest.mark.parametrize(("name", "value", "message"), TASK)
def test_transfer_task(name, value, message):
    arguments = {"sources": (MOON,), "target": MOON, "setting": Setting.UNSUPERVISED_DA}
    refused(message, xferlab.TransferTask, **{"name": "t"} | arguments | {name: value})


MOONS = [
    ("rotation_degrees", "35", "rotation_degrees is '35'"),
    ("rotation_degrees", np.nan, "rotation_degrees is nan"),
    ("rotation_degrees", np.inf, "rotation_degrees is inf"),
    ("points", 3, "points=3 is too few"),
    ("points", -3, "points is -3"),
    ("points", 2.5, "points is 2.5"),
    ("points", "300", "points is '300'"),
    ("points", 10**12, "at most 10000000"),
    ("noise", -1, "noise is -1. Give a finite number of at least 0"),
    ("noise", np.nan, "noise is nan"),
    ("noise", None, "noise is None"),
    ("seed", -1, "seed is -1"),
    ("seed", 1.5, "seed is 1.5"),
    ("seed", "x", "seed is 'x'"),
]


@pytest.mark.parametrize(("name", "value", "message"), MOONS)
def test_moons(name, value, message):
    refused(message, moons, **{name: value})


OPTIONS = [
    ("steps", "100", "steps is '100'"),
    ("steps", 100.0, r"steps is 100.0 \(float\)"),
    ("steps", True, "steps is True"),
    ("steps", None, "steps is None"),
    ("evaluations", 2.5, "evaluations is 2.5"),
    ("evaluations", -1, "evaluations is -1"),
    ("batch_sizes", 64, "batch_sizes is 64"),
    ("batch_sizes", (8.0, 8), "each must be at least 1, and a whole number"),
    ("batch_sizes", "64", "batch_sizes is '64'"),
    ("lr", "0.1", "lr is '0.1'"),
    ("lr", True, "lr is True"),
    ("lr", [0.1], r"lr is \[0.1\]"),
    ("weight_decay", "x", "weight_decay is 'x'"),
    ("momentum", "0.9", "momentum is '0.9'"),
    ("momentum", None, "momentum is None"),
    ("nesterov", "yes", "nesterov is 'yes'"),
    ("augment", "noize", "unknown augmentation 'noize'. Did you mean: noise"),
    ("augment", None, "unknown augmentation None"),
    ("optimiser", None, "unknown optimiser None"),
    ("schedule", 3, "unknown schedule 3"),
    ("lr_rules", (), "lr_rules are"),
    ("lr_rules", "**", "lr_rules are"),
    ("lr_rules", (("**", -1.0),), "multiplier of at least 0"),
    ("lr_rules", (("**", np.nan),), "lr_rules are"),
    ("lr_rules", ((3, 1.0),), "lr_rules are"),
    ("lr_rules", (("", 1.0),), "lr_rules are"),
]


@pytest.mark.parametrize(("name", "value", "message"), OPTIONS)
def test_training_options(name, value, message):
    refused(message, TrainingOptions, **{"steps": 100} | {name: value})


SPEC = [
    ("backbone", "lnet", "unknown network 'lnet'. Did you mean: lenet"),
    ("backbone", None, "unknown network None"),
    ("convolution", "fft", "unknown convolution 'fft'"),
    ("batch_norm", "batch", "unknown batch_norm 'batch'"),
    ("compute", "float64", "unknown compute 'float64'"),
    ("hidden", 8, "hidden is 8"),
    ("hidden", "8", "hidden is '8'"),
    ("hidden", (1.5,), r"hidden is \(1.5,\)"),
    ("hidden", (True,), r"hidden is \(True,\)"),
    ("head_hidden", (None,), "head_hidden"),
    ("input_shape", 2, "input_shape is 2"),
    ("bottleneck", 1.5, "bottleneck is 1.5"),
    ("bottleneck", "8", "bottleneck is '8'"),
    ("dropout", "0.5", "dropout is '0.5'"),
    ("dropout", None, "dropout is None"),
    ("dropout", -0.1, "dropout is -0.1"),
    ("heads", (), "heads are"),
    ("heads", 10, "heads are 10"),
    ("heads", ("class", 10), "heads are"),
    ("heads", (("class", 0),), "size of head 'class' is 0"),
    ("heads", (("class", 2.5),), "size of head 'class' is 2.5"),
    ("heads", (("a", 2), ("a", 2)), "a name of its own"),
    ("heads", ((3, 2),), "heads are"),
]


@pytest.mark.parametrize(("name", "value", "message"), SPEC)
def test_network_spec(name, value, message):
    refused(message, lambda: dataclasses.replace(NETWORK, **{name: value}))


BENCH = [
    ("seeds", -1, "seeds is -1"),
    ("width", -1, "width is -1"),
    ("jobs", 1.5, "jobs is 1.5"),
    ("checkpoint_seconds", np.nan, "checkpoint_seconds is nan"),
    ("checkpoint_seconds", -1.0, "checkpoint_seconds is -1.0"),
    ("metric", "acuracy", "Did you mean: accuracy"),
    ("validator", "oracle", "unknown label-free validator"),
    ("interval", "z", "unknown interval 'z'. Allowed: bootstrap, t"),
]


@pytest.mark.parametrize(("name", "value", "message"), BENCH)
def test_options_of_a_bench(name, value, message):
    refused(message, check_presentation, options=BenchOptions(out=Path("x"), **{name: value}))


@pytest.mark.parametrize("call", [to_markdown, to_csv, to_latex, to_terminal, measure_agreement])
@pytest.mark.parametrize("value", [None, 3, "table", []])
def test_what_prints_a_table_takes_a_table(call, value):
    refused("Give the Table that xferlab.compare or build_table returns", call, table=value)


@pytest.mark.parametrize("value", [None, 3, [], ("dann",), 1.5, {}])
def test_names_that_are_no_text(value):
    refused("unknown method", find_method, text=value)
    refused("a domain is .*Give a name", load_domain, text=value, reading=Reading())
    table = NameTable("thing", {"a": 1})
    refused("unknown thing", table.resolve, name=value)
    assert value not in table
