"""`xferlab bench` and `xferlab report`: from flags to table, files and report."""

import csv
import html
import json
import shutil

import pytest

from benchmarks import run as benchmarks_run
from tests.benchmark.tiny import build_tiny
from xferlab.cli import bench
from xferlab.cli.main import main
from xferlab.core.names import NameTable

MY_LOSS = """
from xferlab.losses import cross_entropy
from xferlab.methods import Method, Term, method

@method
class SourceOnly(Method):
    weight: float = 1.0

    def loss(self, nets, batch, ctx):
        source, target = nets.forward(batch)
        return {"c": Term(cross_entropy(source.logits, batch.source.labels).mean(), self.weight)}
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a bench with a method from a file beside built-in ones, and its output."""
    folder = tmp_path_factory.mktemp("bench")
    path = folder / "mine.py"
    path.write_text(MY_LOSS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench, "SUITES", NameTable("suite", {"tiny": build_tiny}))
        status = main(
            ["bench", "--suite=tiny", f"--method={path}:SourceOnly", f"--out={folder / 'runs'}"]
        )
    assert status == 0
    return folder / "runs"


def rows(folder, name="tiny.csv"):
    lines = [line for line in (folder / name).read_text().splitlines() if line[:1] != "#"]
    return [row for row in csv.DictReader(lines) if row["rule"]]  # none: a trivial predictor


def test_all_that_is_promised_is_written(finished):
    for suffix in ("md", "csv", "tex", "html", "suite"):
        assert (finished / f"tiny.{suffix}").stat().st_size > 0
    assert len(list(finished.glob("*/DONE"))) == 4
    assert not list(finished.glob(".*writing*"))
    assert "://" not in (finished / "tiny.html").read_text().split("<body")[0]
    assert not list(finished.glob("tiny.comparison.csv"))  # A single task.
    assert not list(finished.glob("tiny.agreement.csv"))  # No published numbers.


def test_a_method_named_like_a_built_in_stands_beside_it(finished):
    text = (finished / "tiny.md").read_text()
    assert "source_only" in text and "source_only_from_file" in text
    manifest = json.loads((finished / "tiny.suite").read_text())
    digests = [run["digest"] for run in manifest["runs"]]
    assert sorted(digests) == sorted(p.parent.name for p in finished.glob("*/DONE"))


def test_report_makes_the_same_tables_without_training(finished, tmp_path, capsys):
    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    (copy / "tiny.html").unlink()
    assert main(["report", f"--out={copy}"]) == 0
    captured = capsys.readouterr()
    assert "tiny: two moons" in captured.out
    assert captured.out.rstrip().endswith(str((copy / "tiny.html").resolve()))
    for name in ("tiny.md", "tiny.csv", "tiny.tex"):
        assert (copy / name).read_text() == (finished / name).read_text()
    assert (copy / "tiny.html").is_file()


def test_report_says_what_is_unfinished(finished, tmp_path, capsys):
    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    shutil.rmtree(next(copy.glob("*/DONE")).parent)
    assert main(["report", f"--out={copy}", "--metric=macro_f1", "--interval=bootstrap"]) == 0
    assert "UNFINISHED: 3 of 4 runs" in capsys.readouterr().out


def test_report_refuses_what_it_cannot_read(finished, tmp_path, capsys):
    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    assert main(["report", f"--out={copy}", "--suite=tinny"]) == 2
    assert "Did you mean: tiny?" in capsys.readouterr().err
    (copy / "other.suite").write_text("{")
    assert main(["report", f"--out={copy}"]) == 2
    captured = capsys.readouterr()
    assert "tiny: two moons" in captured.out, "what can be shown is"
    assert "other.suite' is damaged" in captured.err
    assert main(["report", f"--out={copy}", "--suite=other"]) == 2
    assert "is damaged" in capsys.readouterr().err
    for done in copy.glob("*/DONE"):
        done.unlink()
    assert main(["report", f"--out={copy}", "--suite=tiny"]) == 2
    assert "none of the suite's 4 runs" in capsys.readouterr().err


def test_a_train_beside_a_bench_leaves_both_reports(tiny, tmp_path, capsys):
    """The commands of the README, in its order."""
    out = f"--out={tmp_path}"
    assert main(["bench", "--suite=tiny", "--seeds=1", out]) == 0
    assert main(["train", "--suite=tiny", "--method=bnm", "--task=moons->turned", out]) == 0
    capsys.readouterr()
    assert main(["report", out]) == 0
    shown = capsys.readouterr().out
    for name, method in (("tiny", "source_only"), ("train-tiny", "bnm")):
        assert f"report: {(tmp_path / f'{name}.html').resolve()}" in shown and method in shown
    assert main(["report", "--suite=tiny", out]) == 0
    assert "bnm" not in capsys.readouterr().out


def test_the_runner_of_the_checkout_says_what_goes_on(tiny, tmp_path, capsys):
    arguments = ["--suite=tiny", "--seeds=1", f"--out={tmp_path}", "--methods=source_only"]
    assert benchmarks_run.main(arguments) == 0
    captured = capsys.readouterr()
    assert captured.err == "done: source_only on moons->turned; 0 of 1 cells left\n"
    assert "\x1b" not in captured.out  # No terminal: no colours, no bars.
    assert "report: " in captured.out
    assert benchmarks_run.main(arguments) == 0  # All is recorded.


def test_a_sweep_is_selected_by_its_validator(tiny, tmp_path):
    arguments = ["bench", "--suite=tiny", "--methods=dann", "--sweep=dann.weight=1,0.1"]
    arguments += ["--seeds=1", "--validator=entropy", f"--out={tmp_path}", "--width=2"]
    assert main(arguments) == 0
    specs = [json.loads(path.read_text()) for path in tmp_path.glob("*/spec.json")]
    assert sorted(spec["method"].get("hyper", []) for spec in specs) == [[], [["weight", 0.1]]]
    scores = {}
    for path in tmp_path.glob("*/spec.json"):
        lines = map(json.loads, path.with_name("metrics.jsonl").read_text().splitlines())
        hyper = json.dumps(dict(json.loads(path.read_text())["method"].get("hyper", [])))
        scores[hyper] = max(x["validators"]["entropy"] for x in lines if x["kind"] == "evaluation")
    by_rule = {row["rule"]: row["hyper"] for row in rows(tmp_path)}
    assert set(by_rule) == {"last", "entropy", "oracle"}
    assert json.loads(by_rule["entropy"] or "{}") == json.loads(max(scores, key=scores.get))


def test_fields_of_every_type_and_the_training_are_swept_from_the_command_line(tiny, tmp_path):
    arguments = ["bench", "--suite=tiny", "--methods=wdgrl,cdan,nearest_neighbour", "--seeds=1"]
    arguments += ["--sweep=wdgrl.critic_updates=1,2", "--sweep=WDGRL.lr=0.01,0.1", "--width=4"]
    arguments += ["--sweep=cdan.entropy_conditioning=false,true", f"--out={tmp_path}"]
    assert main(arguments) == 0
    specs = [json.loads(path.read_text()) for path in tmp_path.glob("*/spec.json")]
    hyper = [json.dumps(dict(spec["method"].get("hyper", []))) for spec in specs]
    assert sorted(hyper) == sorted([
        "{}", "{}", '{"entropy_conditioning": true}', '{"critic_updates": 1}',
        '{"critic_updates": 1, "lr": 0.1}', '{"critic_updates": 2}',
        '{"critic_updates": 2, "lr": 0.1}',
    ])  # fmt: skip


def test_a_second_bench_with_another_validator_and_metric_is_what_report_shows(tiny, tmp_path):
    command = ["bench", "--suite=tiny", "--seeds=1", f"--out={tmp_path}"]
    assert main(command) == 0
    assert {row["rule"] for row in rows(tmp_path)} == {
        "last", "information_maximisation", "oracle"
    }  # fmt: skip
    assert main([*command, "--validator=entropy", "--metric=macro_f1"]) == 0
    shown = (tmp_path / "tiny.csv").read_text()
    assert {row["rule"] for row in rows(tmp_path)} == {"last", "entropy", "oracle"}
    assert main(["report", f"--out={tmp_path}"]) == 0
    assert (tmp_path / "tiny.csv").read_text() == shown


def test_a_damaged_run_and_a_folder_that_cannot_be(tiny, finished, tmp_path, capsys):
    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    damaged = next(copy.glob("*/predictions.npz"))
    damaged.write_bytes(damaged.read_bytes()[:100])
    assert main(["report", f"--out={copy}"]) == 0
    assert "UNFINISHED: 3 of 4 runs" in capsys.readouterr().out
    assert f"{damaged.parent.name}' is damaged" in html.unescape((copy / "tiny.html").read_text())
    (tmp_path / "file").write_text("")
    assert main(["bench", "--suite=tiny", f"--out={tmp_path / 'file' / 'x'}"]) == 2
    assert "choose a folder that can be written with --out" in capsys.readouterr().err


PEEKING = """
from xferlab.core.settings import Setting
from xferlab.methods import Method, method
from xferlab.methods.base import Stage
from xferlab.methods.target_only import TargetOnly


@method
class Peeks(Method):
    def stages(self):
        return (Stage(TargetOnly(), 1.0, Setting.SUPERVISED),)

    def loss(self, nets, batch, ctx):
        raise NotImplementedError
"""


def test_a_foreign_stage_that_looks_at_target_labels_is_marked(tiny, tmp_path, capsys):
    (tmp_path / "peeks.py").write_text(PEEKING)
    arguments = ["bench", "--suite=tiny", f"--method={tmp_path / 'peeks.py'}:Peeks"]
    assert main([*arguments, "--seeds=2", f"--out={tmp_path / 'runs'}"]) == 0
    capsys.readouterr()
    page = (tmp_path / "runs" / "tiny.md").read_text()
    assert "| peeks † |" in page and "†: trained with target labels" in page
    assert "| source_only |" in page
