"""One method that cannot run is a row that says why; the others stand in their table."""

import dataclasses
import json
import warnings

import numpy as np
import pytest

import xferlab
from tests.benchmark.tiny import tiny_packs, tiny_suite
from tests.cli.conftest import tiny  # noqa: F401
from xferlab.benchmark.present import report_suite, run_suite
from xferlab.benchmark.runs.methods import find_methods
from xferlab.benchmark.runs.options import BenchOptions
from xferlab.benchmark.runs.suite_run import plan_suite
from xferlab.benchmark.text.per_task import to_markdown
from xferlab.cli.main import main
from xferlab.core.errors import InputError

BAD = {
    "raises": "raise ValueError('my own fault')",
    "no terms": "return {}",
    "a shape": "return {'c': Term(jnp.zeros((2, 3)) @ jnp.zeros((2, 3)))}",
    "nothing": "return None",
}
FILE = """
import jax.numpy as jnp
from xferlab.methods import Method, Term, method

@method
class Bad(Method):
    def loss(self, nets, batch, ctx):
        {line}
"""
CLOSED = """
from xferlab.methods import method
from xferlab.methods.closed_form.base import ClosedFormMethod

@method
class Closed(ClosedFormMethod):
    def fit(self, batch, *, num_classes, seed):
        raise RuntimeError("no inverse")
"""


FITTED = """
from xferlab.methods import method
from xferlab.methods.closed_form.base import ClosedFormMethod

@method
class Closed(ClosedFormMethod):
    def fit(self, batch, *, num_classes, seed):
        return self

    # Its second argument is of before.
    def predict(self, inputs, *, domain):
        return inputs
"""


def bench(folder, *methods, seeds=2):
    suite = build_tiny_suite()
    options = BenchOptions(out=folder, seeds=seeds)
    packs = plan_suite(suite, list(find_methods(methods).values()), options)
    return run_suite(suite, packs, options, lambda *_: None)


def build_tiny_suite():
    return tiny_suite(methods=("source_only",))


def lines(table):
    found = [line.split("|") for line in to_markdown(table).splitlines() if line.startswith("| ")]
    return {cells[1].strip(): cells[2].strip() for cells in found}


@pytest.mark.parametrize("line", BAD.values(), ids=BAD)
def test_an_own_method_that_fails_leaves_the_others_their_table(tmp_path, line):
    (tmp_path / "bad.py").write_text(FILE.format(line=line))
    results = bench(tmp_path / "runs", "source_only", str(tmp_path / "bad.py"))
    rows = lines(results.table)
    assert rows["source_only"][:2].isdigit()
    assert rows["bad"].startswith("2 of 2 missing: method Bad")
    (note,) = [note for note in results.table.notes if note.startswith("COULD NOT RUN")]
    assert "bad on moons->turned (2)" in note and "bad.py" in note
    assert len(results.failures) == 2
    assert "COULD NOT RUN" in (tmp_path / "runs/tiny.html").read_text()
    again = report_suite(BenchOptions(out=tmp_path / "runs"), "tiny")
    assert to_markdown(again.table) == to_markdown(results.table)


def test_a_closed_form_method_of_the_package_says_what_it_lacks(tmp_path):
    results = bench(tmp_path, "nearest_neighbour", "tca", "pca")
    rows = lines(results.table)
    assert rows["tca"].startswith("1 of 1 missing: dims=30. Allowed: 1 to 2")
    assert rows["nearest_neighbour"][:2].isdigit()
    assert [f.pack.runs[0][0].method.name for f in results.failures] == ["tca", "pca"]


def test_an_outside_closed_form_method_is_named_with_its_line(tmp_path):
    (tmp_path / "closed.py").write_text(CLOSED)
    results = bench(tmp_path / "runs", "nearest_neighbour", str(tmp_path / "closed.py"))
    assert "RuntimeError: no inverse" in results.failures[0].reason
    assert "closed.py line 8" in results.failures[0].reason


def test_an_outside_closed_form_method_of_before_roles_is_told_so(tmp_path):
    (tmp_path / "fitted.py").write_text(FITTED)
    results = bench(tmp_path / "runs", "nearest_neighbour", str(tmp_path / "fitted.py"))
    assert "is called role, not domain" in results.failures[0].reason
    assert "fitted.py line 11" in results.failures[0].reason


def test_a_fault_of_ours_keeps_its_traceback_and_the_table_of_the_others(tmp_path, monkeypatch):
    suite = tiny_suite()
    packs = tiny_packs(suite, methods=["source_only", "nearest_neighbour"])
    monkeypatch.setattr(
        type(packs[1].runs[0][1]), "fit", lambda *_, **__: {}["a key that is not there"]
    )
    results = run_suite(suite, packs, BenchOptions(out=tmp_path), lambda *_: None)
    assert lines(results.table)["source_only"][:2].isdigit()
    (failure,) = results.failures
    assert isinstance(failure.error, KeyError) and failure.error.__traceback__ is not None
    assert failure.reason == "KeyError: 'a key that is not there'"


def test_the_baseline_may_be_what_fails(tmp_path, monkeypatch):
    suite = tiny_suite()
    packs = tiny_packs(suite, methods=["dann", "source_only"], seeds=2)
    monkeypatch.setattr(type(packs[2].runs[0][1]), "loss", lambda *_: 1 / 0)
    results = run_suite(suite, packs, BenchOptions(out=tmp_path), lambda *_: None)
    assert results.table.spec.baseline == "source_only"
    assert results.table.cells["difference_points"].isna().all()
    assert lines(results.table)["dann"][:2].isdigit()


def test_where_no_method_runs_the_reason_is_raised(tmp_path):
    with pytest.raises(InputError, match="dims=30"):
        bench(tmp_path, "tca", "pca")


def test_once_mended_the_reason_goes(tmp_path):
    path = tmp_path / "bad.py"
    path.write_text(FILE.format(line="return {}"))
    bench(tmp_path / "runs", "source_only", str(path))
    good = "return {'c': Term(nets.forward(batch)[0].logits.mean())}"
    path.write_text(FILE.format(line=good))
    results = bench(tmp_path / "runs", "source_only", str(path))
    assert not results.failures and not results.table.spec.missing
    assert any("leave the table" in remark for remark in results.remarks)
    manifest = json.loads((tmp_path / "runs/tiny.suite").read_text())
    assert [run["failed"] for run in manifest["runs"]] == [""] * 4


def test_the_exit_status_tells(tmp_path, capsys, tiny):  # noqa: F811
    arguments = ["bench", "--suite=tiny", "--seeds=1", f"--out={tmp_path}"]
    assert main([*arguments, "--methods=nearest_neighbour,tca"]) == 1
    captured = capsys.readouterr()
    assert "nearest_neighbour" in captured.out and "missing" in captured.out
    assert "error: could not run tca on moons->turned: dims=30" in captured.err
    assert "Traceback" not in captured.err
    assert main(["report", f"--out={tmp_path}"]) == 0
    assert "COULD NOT RUN" in capsys.readouterr().out


def test_compare_returns_the_table_and_warns():
    generator = np.random.default_rng(0)
    labels = np.arange(60) % 3
    a, b = (
        xferlab.domain_from_arrays(n, generator.normal(size=(60, 5)) + 3 * labels[:, None], labels)
        for n in "ab"
    )
    with pytest.warns(UserWarning, match=r"tca could not run: dims=30\. Allowed: 1 to 5"):
        table = xferlab.compare(a, b, methods=["nearest_neighbour", "tca"], seeds=1)
    assert lines(table)["tca"].startswith("1 of 1 missing: dims=30")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = xferlab.compare(
            a, b, methods={"nearest_neighbour": {}, "tca": {"dims": 3}}, seeds=1
        )
    assert set(table.cells["method"]) == {"nearest_neighbour", "tca"}


def test_a_lost_task_leaves_no_average_and_is_named(tmp_path):
    """Two tasks, of which one has lost every run."""
    suite = tiny_suite()
    (only,) = suite.tasks
    other = dataclasses.replace(only, task=dataclasses.replace(only.task, name="moons->lost"))
    suite = dataclasses.replace(suite, tasks=(only, other))
    packs = tiny_packs(suite, methods=["source_only", "nearest_neighbour"], seeds=2)
    run_suite(suite, packs, BenchOptions(out=tmp_path), lambda *_: None)
    whole = report_suite(BenchOptions(out=tmp_path), "tiny")
    assert "average over tasks" in set(whole.table.cells["task"])
    for pack in packs:
        if pack.task.name == "moons->lost":
            for spec, _ in pack.runs:
                (tmp_path / spec.digest / "metrics.jsonl").write_text("")
    table = report_suite(BenchOptions(out=tmp_path), "tiny").table
    text = to_markdown(table)
    assert "average over tasks" not in text
    assert "### moons->lost" in text and "2 of 2 missing: run folder" in text
    assert "UNFINISHED: 3 of 6 runs." in text
    assert any(n.startswith("MISSING: source_only on moons->lost") for n in table.notes)
    repaired = run_suite(suite, packs, BenchOptions(out=tmp_path), lambda *_: None)
    assert len(repaired.remarks) == 3 and "trained anew" in repaired.remarks[0]
    assert to_markdown(repaired.table) == to_markdown(whole.table)


def test_a_second_request_keeps_the_methods_of_the_first(tmp_path):
    bench(tmp_path, "source_only", "nearest_neighbour")
    second = bench(tmp_path, "mcc", seeds=1)
    assert {"source_only", "nearest_neighbour", "mcc"} <= set(lines(second.table))
    text = (tmp_path / "tiny.md").read_text()
    assert "mcc" in text and "nearest_neighbour" in text
