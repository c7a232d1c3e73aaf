"""CONTRIBUTING's walk-through works as it is written, and the example of experiments/ is short."""

import re
import shlex
from pathlib import Path

from xferlab.cli.main import main

ROOT = Path(__file__).parent.parent


def blocks(language):
    text = (ROOT / "CONTRIBUTING.md").read_text()
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def test_the_loss_of_contributing_stands_in_the_quick_table(tmp_path, monkeypatch, capsys):
    (source,) = blocks("python")
    assert len(source.splitlines()) < 30
    (tmp_path / "my_loss.py").write_text(source)
    command = shlex.split(blocks("sh")[0])
    assert command[:2] == ["xferlab", "bench"]
    monkeypatch.chdir(tmp_path)
    shortened = ["--methods=source_only", "--seeds=1", "--steps=5"]
    assert main([*command[1:], *shortened]) == 0
    printed = capsys.readouterr().out
    assert "my_loss" in printed and "optdigits->optdigits_scan" in printed
    assert (tmp_path / "runs" / "quick.html").is_file()
    logged = [path.read_text() for path in (tmp_path / "runs").glob("*/metrics.jsonl")]
    assert sum("mean_gap" in text for text in logged) == 3  # one run on each task


def test_the_example_is_under_30_lines():
    assert len((ROOT / "experiments" / "mean_match.py").read_text().splitlines()) < 30
