"""`xferlab bench --config=FILE`: flags from an experiment file, and the experiments themselves."""

import json
import re

import pytest

from tests.shared import REPOSITORY
from xferlab.benchmark.suites.table import SUITES
from xferlab.cli.bench import apply_config, define_flags
from xferlab.cli.main import main
from xferlab.cli.parsing import parse
from xferlab.core.errors import InputError
from xferlab.methods.table import ALL_METHODS

EXPERIMENTS = sorted((REPOSITORY / "experiments").glob("*.py"))
CONFIGS = [path for path in EXPERIMENTS if "get_config" in path.read_text()]
FILE = "from ml_collections import ConfigDict\n\ndef get_config():\n    return ConfigDict({})\n"


def write(folder, flags):
    path = folder / "mine.py"
    path.write_text(FILE.replace("{}", json.dumps(flags)))
    return path


def flags_of(*argv):
    values = define_flags()
    parse(values, ["bench", *argv])
    apply_config(values)
    return values


def test_a_config_sets_flags_and_the_command_line_wins(tmp_path):
    path = write(tmp_path, {"suite": "digits", "seeds": 2, "sweep": ["dann.weight=1,2"]})
    values = flags_of(f"--config={path}", "--seeds=7")
    assert (values.suite, values.seeds, values.sweep) == ("digits", 7, ["dann.weight=1,2"])


def test_a_config_runs_its_suite(tiny, tmp_path):
    path = write(tmp_path, {"suite": "tiny", "seeds": 1, "methods": "source_only"})
    assert main(["bench", f"--config={path}", f"--out={tmp_path / 'runs'}"]) == 0
    assert len(list((tmp_path / "runs").glob("*/DONE"))) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "does not exist"),
        ("raise RuntimeError('broken')", "cannot be imported: RuntimeError: broken"),
        ("x = 1", "has no get_config()"),
        (FILE.replace("{}", '{"suit": "quick"}'), "flag in --config 'suit'. Did you mean: suite"),
        (FILE.replace("{}", '{"config": "other.py"}'), "flag in --config 'config'"),
    ],
    ids=["missing", "broken", "no function", "no flag", "itself"],
)
def test_a_bad_config_is_refused(tmp_path, content, message):
    path = tmp_path / "mine.py"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=re.escape(message)):
        flags_of(f"--config={path}")


@pytest.mark.fast
@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_an_experiment_names_its_command_and_what_exists(path):
    values = flags_of(f"--config={path}")
    assert values.suite in SUITES
    assert all(name in ALL_METHODS for name in values.methods.split(",") if name)
    text = path.read_text()
    assert f"xferlab bench --config=experiments/{path.name} --data_dir=DATA" in text
    assert "Expected" in text and "Run time: " in text
    for page in re.findall(r"docs/\S+\.md", text):
        assert (REPOSITORY / page).is_file(), page


def test_there_are_experiments():
    assert len(CONFIGS) >= 8
