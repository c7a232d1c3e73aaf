"""Bad input over command line and Python: each gets an error that names it, and no traceback."""

import dataclasses
import os

import numpy as np
import pytest

import xferlab
from tests.benchmark.tiny import NETWORK
from xferlab.benchmark.runs.methods import find_method
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
    "bench --suite=tiny --methods=dann,dann": "'dann' is named twice",
    "bench --suite=tiny --methods=dann,DANN": "'DANN' is named twice",
    "bench --suite=tiny --methods=all --method=dann": "'dann' is named twice",
    "bench --suite=tiny --methods=all,dann": "all stands alone",
    "bench --suite=tiny --methods=": "flag --methods= is empty",
    "bench --suite=tiny --method=": "unknown method ''",
    "bench --suite=tiny --method=folder:X": "method module 'folder' is not found",
    "bench --suite=tiny --method=no.py:X": "method file 'no.py' does not exist",
    "bench --suite=": "flag --suite= is empty",
    "bench --suite=None": "unknown suite 'None'",
    "bench --suite=tiny --suite=quick": "flag --suite is given 2 times",
    "bench --suite=tiny --seeds=1 --seeds=2": "flag --seeds is given 2 times",
    "bench --suite=tiny --seeds=": "--seeds=",
    "bench --suite=tiny --seeds=nan": "--seeds=nan",
    "bench --suite=tiny --seeds=1e3": "--seeds=1e3",
    "bench --suite=tiny --noseeds": "Did you mean: seeds",
    "bench --suite=tiny --steps=": "--steps=",
    "bench --suite=tiny --steps=nan": "--steps=nan",
    "bench --suite=tiny --width=-1": "--width=-1",
    "bench --suite=tiny --width=x": "--width=x",
    "bench --suite=tiny --jobs=-1": "--jobs=-1",
    "bench --suite=tiny --jobs=1.5": "--jobs=1.5",
    "bench --suite=tiny --jobs=100000000": "[0, 1024]",
    "bench --suite=tiny --checkpoint_seconds=-1": "--checkpoint_seconds=-1",
    "bench --suite=tiny --checkpoint_seconds=nan": "checkpoint_seconds is nan",
    "bench --suite=tiny --checkpoint_seconds=inf": "checkpoint_seconds is inf",
    "bench --suite=tiny --checkpoint_seconds=x": "--checkpoint_seconds=x",
    "bench --suite=tiny --metric=Accuracy": "Did you mean: accuracy",
    "bench --suite=tiny --interval=": "--interval=",
    "bench --suite=tiny --interval=T": "<t|bootstrap>",
    "bench --suite=tiny --validator=SND": "Did you mean: snd",
    "bench --suite=tiny --out=": "flag --out= is empty",
    "bench --suite=tiny --data_dir=": "flag --data_dir= is empty",
    "bench --suite=tiny --data_dir=nowhere": "'nowhere' is no folder",
    "bench --suite=tiny --config=": "flag --config= is empty",
    "bench --suite=tiny --config=nowhere.py": "config 'nowhere.py' does not exist",
    "bench --suite=tiny --config=.": "config '.' does not exist",
    "bench --suite=tiny --sweep=": "METHOD.HYPER=VALUE",
    "bench --suite=tiny --sweep=source_only": "METHOD.HYPER=VALUE",
    "bench --suite=tiny --sweep=source_only.lr=": "METHOD.HYPER=VALUE",
    "bench --suite=tiny --sweep=source_only.lr=,": "METHOD.HYPER=VALUE",
    "bench --suite=tiny --sweep=source_only.lr=fast": "source_only.lr is 'fast'. It takes finite",
    "bench --suite=tiny --sweep=source_only.lr=nan": "finite numbers",
    "bench --suite=tiny --sweep=source_only.lr=-1": "lr is -1.0",
    "bench --suite=tiny --sweep=source_only.l=1": "Did you mean: lr",
    "bench --suite=tiny --sweep=sourceonly.lr=1": "Did you mean: source_only",
    "bench --suite=tiny --sweep=source_only.lr=1 --sweep=source_only.lr=2": "stands twice",
    "bench --suite=tiny --methods=cdan --sweep=cdan.entropy_conditioning=1": "true or false",
    "bench --suite=tiny --methods=pca --sweep=pca.dims=2.5": "whole numbers",
    "bench --suite=tiny --methods=pca --sweep=pca.lr=0.1": "unknown hyper-parameter",
    "bench --suite=tiny x": "got ['x']",
    "bench --suite=tiny -- x": "got ['x']",
    "bench --suite=tiny ---seeds=3": "unknown flag '-seeds'",
    "report --out=": "flag --out= is empty",
    "report --out=nowhere": "folder 'nowhere' holds no suite",
    "report --out=. --suite=x": "holds no suite",
    "report --interval=z": "<t|bootstrap>",
    "report --validator=x": "unknown label-free validator 'x'",
    "report x": "got ['x']",
    "list x": "got ['x']",
    "list --x": "unknown flag 'x'",
    "cite": "takes 1 argument(s)",
    "cite dann mcc": "got ['dann', 'mcc']",
    "cite --dann": "unknown flag 'dann'",
    "cite ": "unknown method ''",
    "cite no.py:X": "does not exist",
    "data": "needs one of",
    "data list x": "unknown data set 'x'",
    "data list --overwrite": "--overwrite goes with import",
    "data check --datasets=usps": "--datasets goes with import",
    "data check --data_dir=": "flag --data_dir= is empty",
    "data prepare": "needs the names",
    "data prepare usp": "Did you mean: usps",
    "data import": "takes one folder",
    "data import nowhere": "no folder nowhere",
    "data import . --datasets=x": "unknown data set 'x'",
    "data import . --overwrite=maybe": "--overwrite=maybe: true or false",
    "train --suite=tiny --seed=-1": "--seed=-1",
    "train --suite=tiny --seed=10000": "[0, 9999]",
    "train --suite=tiny --method=dann --method=dann": "named twice",
    "train --suite=tiny --network=mlp": "--network=mlp goes with --source and --target",
    "train --suite=tiny --out=": "flag --out= is empty",
    "train --source= --target=": "flag --source= is empty",
    "train --source=moons --target=moons_35 --suite=tiny": "--suite=tiny chooses a task",
    "train --source=moons --target=moons_35 --network=lnet": "Did you mean: lenet",
    "train --source=moons --target=moons_35 --network=": "flag --network= is empty",
    "train --source=moons --target=moons_35 --steps=5": "steps is 5",
    "train --source=nowhere.npz --target=moons": "there is no file nowhere.npz",
    "train --source=moons.npy --target=moons": "unknown domain 'moons.npy'",
    "train --source=moons --target=usps": "`xferlab data prepare usps --data_dir=DIR`",
    "train --source=moons --target=uci_har/2": "data import FOLDER",
    "BENCH": "Did you mean: bench",
    "--versoin": "unknown command",
    "help bnch": "Did you mean: bench",
}


def check_refused(command, message, capsys):
    """A command ends with status 2 and one short message, and prints nothing else."""
    assert main(command.split(" ")) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert "Traceback" not in captured.err and captured.out == ""
    assert len(captured.err) < 900, "a message, not a list of everything"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_cannot_work_says_why(command, tiny, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_refused(command, COMMANDS[command], capsys)
    assert not list(tmp_path.iterdir()), "nothing half-written stays"


FILES = {
    "bench --suite=tiny --out=file": "cannot write 'file'",
    "bench --suite=tiny --out=file/x": "cannot write 'file/x'",
    "bench --suite=tiny --data_dir=file": "data_dir 'file' is no folder",
    "bench --suite=tiny --method=latin.py": "line 1 cannot be imported: SyntaxError",
    "bench --suite=tiny --method=file.py": "line 1 cannot be imported",
    "bench --suite=tiny --config=file.py": "line 1 cannot be imported",
    "bench --suite=tiny --config=latin.py": "line 1 cannot be imported: SyntaxError",
    "bench --suite=tiny --config=none.py": "returns None",
    "bench --suite=tiny --config=list.py": r"returns [1]",
    "bench --suite=tiny --config=raises.py": "failed (ValueError: my fault)",
    "bench --suite=tiny --config=number.py": "'int' object is not callable",
    "bench --suite=tiny --config=text.py": "flag --seeds=many",
    "bench --suite=tiny --config=less.py": "flag --seeds=-3",
    "bench --suite=tiny --config=late.py": "flag --interval=z",
    "bench --suite=tiny --config=twice.py": "flag --methods is given 2 times",
    "bench --suite=tiny --config=nested.py": "seeds is {} (dict)",
    "bench --suite=tiny --config=key.py": "unknown flag in --config 3",
    "report --out=file": "'file' holds no suite",
    "data list --data_dir=file": "data_dir 'file' is a file",
    "data check --data_dir=file": "data_dir 'file' is a file",
    "data prepare usps --data_dir=file": "data_dir 'file' is a file",
    "data import . --data_dir=file": "data_dir 'file' is a file",
    "data import file": "no folder file",
    "train --suite=tiny --out=file": "cannot write 'file'",
    "train --source=bad.npz --target=moons": "bad.npz",
    "train --source=empty.npz --target=moons": "empty.npz holds the arrays []",
    "train --source=folder --target=moons": "no class folder",
    "train --source=file --target=moons": "unknown domain 'file'",
}
CONTENT = {
    "none": "None",
    "list": "[1]",
    "text": "{'seeds': 'many'}",
    "less": "{'seeds': -3}",
    "late": "{'interval': 'z'}",
    "twice": "{'methods': ['dann', 'mcc']}",
    "nested": "{'seeds': {}}",
    "key": "{3: 4}",
}


@pytest.mark.parametrize("command", FILES)
def test_a_file_that_is_none_of_the_kind_is_named(command, tiny, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    for name in ("file", "file.py", "bad.npz"):
        (tmp_path / name).write_text("this is no code")
    (tmp_path / "latin.py").write_bytes(b"name = 'caf\xe9'\n")
    for name, content in CONTENT.items():
        (tmp_path / f"{name}.py").write_text(f"def get_config():\n    return {content}\n")
    (tmp_path / "raises.py").write_text("def get_config():\n    raise ValueError('my fault')\n")
    (tmp_path / "number.py").write_text("get_config = 3\n")
    np.savez(tmp_path / "empty.npz")
    check_refused(command, FILES[command], capsys)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(tiny, tmp_path, capsys):
    tmp_path.chmod(0o500)
    assert main(["bench", "--suite=tiny", f"--out={tmp_path / 'runs'}"]) == 2
    assert "choose a folder that can be written with --out" in capsys.readouterr().err


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
    ("batch_sizes", (4, 4, 4, 4), "one for the source"),
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
