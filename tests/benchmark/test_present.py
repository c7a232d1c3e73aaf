"""What stands beside the runs of a suite: every file, and what is in it."""

import csv
import dataclasses

import pytest

from tests.benchmark.tiny import execute, tiny_packs, tiny_suite, tiny_task
from tests.shared import shared_data
from xferlab.benchmark.present import present, report_suite
from xferlab.benchmark.runs.options import BenchOptions, check_presentation
from xferlab.benchmark.runs.suite_run import make_manifest
from xferlab.benchmark.store.load_suite import read_runs
from xferlab.benchmark.store.manifest import store_manifest
from xferlab.cli.main import main
from xferlab.core.errors import InputError
from xferlab.data.made.moons import moons

TASKS = ("mnist->usps", "usps->mnist")
"""Names of tasks that have published numbers; the points are those of the moons."""
METHODS = ("source_only", "dann", "nearest_neighbour")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of a suite of two tasks, with published numbers."""
    folder = tmp_path_factory.mktemp("runs")
    suite = tiny_suite()
    (only,) = suite.tasks
    tasks = tuple(
        dataclasses.replace(only, task=dataclasses.replace(tiny_task(), name=name))
        for name in TASKS
    )
    header = dataclasses.replace(suite.header, published="digits")
    suite = dataclasses.replace(suite, header=header, tasks=tasks)
    packs = tiny_packs(suite, methods=METHODS, seeds=2)
    store = execute(folder, packs)
    manifest, _ = store_manifest(folder, make_manifest(suite.header, packs))
    present(manifest.header, read_runs(store, manifest.runs), BenchOptions(out=folder))
    return folder


def rows(path):
    lines = [line for line in path.read_text().splitlines() if line[:1] != "#"]
    return list(csv.DictReader(lines))


def test_every_file_is_written(folder):
    suffixes = ("md", "csv", "tex", "comparison.csv", "agreement.csv", "html", "suite")
    written = {path.name for path in folder.glob("tiny.*")}
    assert written == {f"tiny.{suffix}" for suffix in suffixes}
    assert not list(folder.glob(".*writing*"))


def test_the_comparison_has_every_method_under_every_rule(folder):
    cells = {(row["rule"], row["method"]) for row in rows(folder / "tiny.comparison.csv")}
    rules = ("last", "information_maximisation", "oracle")
    assert cells == {(rule, method) for rule in rules for method in METHODS}


def test_the_agreement_has_the_methods_that_are_published(folder):
    found = rows(folder / "tiny.agreement.csv")
    assert {row["method"] for row in found} == {"source_only", "dann"}
    assert {row["tasks"] for row in found} == {"2"}


def test_markdown_has_table_comparison_and_agreement_in_this_order(folder):
    text = (folder / "tiny.md").read_text()
    table, agreement = text.index("nearest_neighbour"), text.index("| rule | method |")
    assert 0 < table < agreement
    assert "Twenty points." in text


def test_html_shows_the_agreement_and_cites_what_has_a_paper(folder):
    page = (folder / "tiny.html").read_text()
    assert "Ours beside the published numbers" in page
    assert "Domain-Adversarial Training of Neural Networks" in page
    assert "Nearest Neighbor Pattern Classification" in page


def test_confusion_matrices_have_the_names_of_the_classes(folder):
    report_suite(BenchOptions(out=folder), "tiny")  # From the files alone.
    names = moons().class_names
    page = (folder / "tiny.html").read_text()
    assert all(f'<th scope="col">{name}</th>' in page for name in names)


def test_a_report_of_the_folder_is_the_same(folder):
    before = {path.name: path.read_text() for path in folder.glob("tiny.*")}
    results = report_suite(BenchOptions(out=folder), "tiny")
    assert len(results.comparisons) == 3 and not results.agreement.empty
    for path in folder.glob("tiny.*"):
        if path.suffix != ".html":
            assert path.read_text() == before[path.name], path.name


def test_options_of_the_presentation_reach_the_table(folder):
    options = BenchOptions(out=folder, metric="macro_f1", validator="entropy", interval="bootstrap")
    try:
        spec = report_suite(options, "tiny").table.spec
    finally:
        report_suite(BenchOptions(out=folder), "tiny")
    assert (spec.metric, spec.rules) == ("macro_f1", ("last", "entropy", "oracle"))
    assert spec.interval == "resampling"


@pytest.mark.parametrize("validator", ["", "entropy", "reverse_validation"])
def test_label_free_validators(validator, tmp_path):
    check_presentation(BenchOptions(out=tmp_path, validator=validator))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"validator": "oracle"}, "unknown label-free validator 'oracle'"),
        ({"validator": "reverse_validaton"}, "Did you mean: reverse_validation"),
        ({"metric": "f1"}, "unknown metric 'f1'"),
    ],
)
def test_what_no_table_can_show(changes, message, tmp_path):
    with pytest.raises(InputError, match=message):
        check_presentation(BenchOptions(out=tmp_path, **changes))


def test_surf_reproduces_the_published_cells(tmp_path, monkeypatch):
    """Two methods without any choice, on all 12 pairs, by the command that a user types."""
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "")
    data = shared_data("office_caltech10")
    arguments = ["--methods=nearest_neighbour,pca", f"--data_dir={data}", f"--out={tmp_path}"]
    assert main(["bench", "--suite=office_caltech_surf", *arguments]) == 0
    cells = [row for row in rows(tmp_path / "office_caltech_surf.csv") if row["published_percent"]]
    assert len(cells) == 3 * 2 * 12
    for cell in cells:
        difference = float(cell["mean"]) - float(cell["published_percent"])
        assert abs(difference) <= 0.1, cell
    agreement = rows(tmp_path / "office_caltech_surf.agreement.csv")
    assert {(row["rule"], row["method"]) for row in agreement} >= {
        (rule, method) for rule in ("last", "oracle") for method in ("nearest_neighbour", "pca")
    }
    for row in agreement:
        assert (row["comparable"], row["judged"], row["outside_tolerance"]) == ("True", "12", "0")
