"""Ctrl-C, SIGTERM and a reader that leaves: quick, with a line, and nothing finished is lost."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.shared import REPOSITORY
from xferlab.cli.main import main

STARTED = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it
from xferlab.benchmark.runs import executor
executor.GRACE_SECONDS = {grace}
from xferlab.cli.main import run
run()
"""
STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143}
WORD = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}


def start(*arguments, grace=30.0):
    command = [sys.executable, "-c", STARTED.format(grace=grace), *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=REPOSITORY, **pipes)


def wait_for(process, folder, pattern):
    while not list(folder.glob(pattern)) and process.poll() is None:
        time.sleep(0.01)
    assert process.poll() is None, process.communicate()


@pytest.mark.parametrize("number", STATUS)
def test_a_stopped_run_is_saved_and_goes_on(tmp_path, number):
    arguments = ["train", "--source=moons", "--target=moons_35", "--method=source_only"]
    arguments += ["--steps=30000", f"--out={tmp_path}"]
    process = start(*arguments)
    wait_for(process, tmp_path, ".locks/*")
    time.sleep(0.5)
    os.kill(process.pid, number)
    _, err = process.communicate(timeout=120)
    assert process.returncode == STATUS[number]
    assert err == (
        f"{WORD[number]}: 0 of 1 runs are finished and 1 more saved midway in {str(tmp_path)!r};"
        " the same command goes on from here\n"
    )
    assert list(tmp_path.glob(".checkpoints/*/*")) and not list(tmp_path.glob("*/DONE"))
    if number == signal.SIGINT:
        assert main(arguments) == 0
        assert len(list(tmp_path.glob("*/DONE"))) == 1
        assert not list(tmp_path.glob(".checkpoints/*"))


STUCK = """
import pathlib, time
from xferlab.methods import Method, method

@method
class Stuck(Method):
    def loss(self, nets, batch, ctx):
        pathlib.Path({path!r}).touch()
        time.sleep(600)  # a program that compiles for long
"""


def test_a_stop_does_not_wait_for_what_cannot_stop(tmp_path):
    (tmp_path / "stuck.py").write_text(STUCK.format(path=str(tmp_path / "begun")))
    methods = ["--methods=nearest_neighbour", f"--method={tmp_path / 'stuck.py'}"]
    process = start(
        "bench", "--suite=quick", "--seeds=1", *methods, f"--out={tmp_path / 'runs'}", grace=0.5
    )
    wait_for(process, tmp_path, "begun")
    wait_for(process, tmp_path, "runs/*/DONE")
    begin = time.monotonic()
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert time.monotonic() - begin < 5
    assert process.returncode == 130
    last = err.splitlines()[-1]
    assert "of 6 runs are finished and 0 more saved midway" in last
    assert last.endswith("the same command goes on from here") and "Traceback" not in err


PIPED = ("list", "cite dann", "bench --help")


@pytest.mark.parametrize("command", PIPED)
def test_a_reader_that_leaves_ends_the_command_quietly(command):
    with start(*command.split()) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 141


def test_an_interruption_before_anything_began_says_so(capsys, monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr("xferlab.cli.main.load_commands", interrupted)
    assert main(["bench"]) == 130
    assert capsys.readouterr().err == "interrupted; the same command goes on from here\n"


def test_the_handler_of_sigterm_is_given_back():
    before = signal.getsignal(signal.SIGTERM)
    assert main(["cite", "dann"]) == 0
    assert signal.getsignal(signal.SIGTERM) is before
