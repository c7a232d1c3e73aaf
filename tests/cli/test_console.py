"""Consoles of every encoding: a stand-in for what they cannot show, never a traceback."""

import io
import sys

import pytest

from tests.benchmark.factory import make_suite
from xferlab.benchmark.tables.over_tasks import compare_methods
from xferlab.benchmark.tables.per_task import build_table
from xferlab.benchmark.tables.spec import TableSpec
from xferlab.benchmark.text.over_tasks import comparison_to_terminal
from xferlab.benchmark.text.per_task import to_terminal
from xferlab.cli.console import STAND_INS, Terminal, accept_any_text
from xferlab.cli.main import main

ENCODINGS = ("ascii", "cp1252", "latin-1", "cp437", "utf-8")


@pytest.fixture(params=ENCODINGS)
def streams(request, monkeypatch):
    """Puts streams of an encoding in the place of the standard ones; they return their text."""

    def put():
        buffers = {}
        for name in ("stdout", "stderr"):
            buffers[name] = io.BytesIO()
            stream = io.TextIOWrapper(buffers[name], encoding=request.param, write_through=True)
            monkeypatch.setattr(sys, name, stream)
        return lambda name="stdout": buffers[name].getvalue().decode(request.param)

    return put


COMMANDS = {
    "list": "dann",
    "list --help": "xferlab list",
    "cite dann": "ganin2016dann",
    "data list --data_dir=nowhere": "amazon_reviews",
    "--help": "usage: xferlab",
    "bench --help": "--sweep",
}


@pytest.mark.fast
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_prints_in_every_encoding(command, streams):
    text = streams()
    try:
        assert main(command.split()) == 0
    except SystemExit as ended:
        assert ended.code == 0
    assert COMMANDS[command] in text()


@pytest.mark.fast
def test_a_message_may_hold_what_the_error_stream_cannot(streams):
    text = streams()
    assert main(["cite", "dänn\udcff→♥"]) == 2
    assert "unknown method" in text("stderr") and "dann" in text("stderr")


@pytest.mark.fast
def test_tables_print_in_every_encoding(streams):
    text = streams()
    accept_any_text((sys.stdout,))
    runs = make_suite(["Ö->b", "a->c"], ["source_only", "dann", "target_only"], 5)
    spec = TableSpec("title — with ± and ≥", rules=("last", "snd", "oracle"))
    console = Terminal()
    console.print(to_terminal(build_table(runs, spec)))
    console.print(comparison_to_terminal(compare_methods(runs, spec, "last")))
    marks = {"▲", "†"} if console.encoding == "utf-8" else {"^", "+"}
    assert all(mark in text() for mark in marks)


@pytest.mark.fast
def test_stand_ins_are_ascii():
    assert all(len(mark) == 1 and stand_in.isascii() for mark, stand_in in STAND_INS.items())


@pytest.mark.parametrize("streams", ["ascii"], indirect=True)
def test_a_suite_runs_on_an_ascii_console_and_its_files_are_utf8(tiny, streams, tmp_path):
    text = streams()
    command = ["bench", "--suite=tiny", "--methods=source_only,target_only", "--seeds=2"]
    assert main([*command, f"--out={tmp_path}"]) == 0
    assert "target_only" in text()
    for suffix in ("md", "csv", "tex", "html", "suite"):
        (tmp_path / f"tiny.{suffix}").read_bytes().decode("utf-8")
    assert "†" in (tmp_path / "tiny.md").read_text("utf-8")
