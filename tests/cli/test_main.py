"""The command line itself: help, exit statuses, one clear line for bad input."""

import logging
import subprocess
import sys

import pytest

from tests.shared import REPOSITORY
from xferlab.cli import main as cli
from xferlab.cli.main import main
from xferlab.core.names import first_line

pytestmark = pytest.mark.fast

COMMANDS = ("bench", "train", "report", "list", "cite")


@pytest.mark.parametrize("argument", ["--help", "-h", "help"])
def test_help_lists_every_command_with_a_line(capsys, argument):
    assert main([argument]) == 0
    lines = capsys.readouterr().out.splitlines()
    for command in COMMANDS:
        (line,) = (line for line in lines if line.split()[:1] == [command])
        assert len(line.split()) > 4


def test_the_overview_says_what_the_commands_say_of_themselves():
    own = {name: first_line(command) for name, command in cli.load_commands().items()}
    assert own == cli.SUMMARIES


def test_help_loads_nothing_that_takes_time():
    code = (
        "import sys; from xferlab.cli.main import main; main(['--help']);"
        " sys.exit(sum(name in sys.modules for name in ('jax', 'numpy', 'pandas', 'scipy')))"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True)
    assert result.returncode == 0 and b"examples:" in result.stdout


def test_no_command_is_bad_input(capsys):
    assert main([]) == 2
    assert "usage: xferlab COMMAND" in capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(capsys, command):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    out = capsys.readouterr().out
    assert out.startswith(f"xferlab {command}\n")
    assert ("--out" in out) == (command in ("bench", "train", "report"))


BAD = {
    "command": (["bensh"], "unknown command 'bensh'. Did you mean: bench?"),
    "flag": (["bench", "--suit=quick"], "unknown flag 'suit'. Did you mean: suite?"),
    "suite": (["bench", "--suite=quik"], "unknown suite 'quik'. Did you mean: quick?"),
    "method": (["bench", "--methods=dan2"], "unknown method 'dan2'. Did you mean: dan"),
    "one more method": (["bench", "--method=dan2"], "unknown method 'dan2'. Did you mean: dan"),
    "method file": (["train", "--method=no.py:A"], "method file 'no.py' does not exist"),
    "task": (["train", "--task=moons->moons35"], "Did you mean: moons->moons_35?"),
    "domain": (["train", "--source=moons", "--target=moon"], "unknown domain 'moon'"),
    "half a task": (["train", "--source=moons"], "--source and --target belong together"),
    "validator": (["bench", "--validator=sns"], "'sns'. Did you mean: snd?"),
    "oracle": (["bench", "--validator=oracle"], "unknown label-free validator 'oracle'"),
    "metric": (["bench", "--metric=acuracy"], "unknown metric 'acuracy'. Did you mean: accuracy"),
    "metric of a report": (["report", "--metric=f1"], "unknown metric 'f1'"),
    "interval": (["bench", "--interval=z"], "--interval=z: value should be one of <t|bootstrap>"),
    "negative steps": (["bench", "--steps=-5"], "--steps=-5"),
    "too few steps": (["bench", "--steps=3"], "steps is 3 with 5 evaluations"),
    "no number": (["bench", "--seeds=x"], "--seeds=x"),
    "negative seeds": (["bench", "--seeds=-1"], "--seeds=-1"),
    "huge seed": (["train", "--seed=1000000000"], "[0, 9999]"),
    "sweep": (["bench", "--sweep=dann"], "METHOD.HYPER=VALUE,VALUE"),
    "swept method": (["bench", "--methods=dann", "--sweep=dan.weight=1"], "Did you mean: dann?"),
    "swept hyper": (["bench", "--methods=dann", "--sweep=dann.weigt=1"], "Did you mean: weight?"),
    "data folder": (["bench", "--data_dir=/no/where"], "data_dir '/no/where' is no folder"),
    "argument": (["bench", "quick"], "got ['quick']; flags are written --name=value"),
    "no argument": (["cite"], "takes 1 argument(s)"),
    "paper": (["cite", "dan2"], "unknown method 'dan2'. Did you mean: dan"),
    "no suite": (["report", "--out=/no/where"], "'/no/where' holds no suite"),
}


@pytest.mark.parametrize(("arguments", "message"), BAD.values(), ids=BAD)
def test_bad_input_gives_one_line_and_status_2(capsys, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err
    assert captured.err.startswith(f"xferlab {arguments[0]}: ")
    assert captured.err.count("\n") == 1
    assert not list(tmp_path.iterdir())  # Bad input is found before anything is written.


def test_an_interruption_has_its_own_status(capsys, monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "load_commands", interrupted)
    assert main(["bench"]) == 130
    assert "same command" in capsys.readouterr().err


def test_programs_are_cached_before_jax_is_imported():
    code = (
        "import sys, xferlab.cli.main as cli; cli.load_commands = lambda: sys.exit('jax' in"
        " sys.modules); cli.use_compilation_cache(); import jax;"
        " print(jax.config.jax_compilation_cache_dir)"
    )
    environment = {"XDG_CACHE_HOME": "/some/cache", "PATH": ""}
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert result.stdout.strip() == "/some/cache/xferlab/programs"


def test_what_the_package_says_is_shown_while_a_command_runs(capsys):
    log = logging.getLogger("xferlab.data")
    with cli.own_messages():
        log.info("preparing: takes minutes")
    log.info("afterwards")
    assert capsys.readouterr().err == "preparing: takes minutes\n"
