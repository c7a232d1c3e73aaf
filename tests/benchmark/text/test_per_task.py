"""Every text form of a table is read back and compared with its numbers."""

import csv
import io
import re

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from tests.benchmark.factory import make_run, make_suite
from xferlab.benchmark.tables.per_task import AVERAGE, build_table
from xferlab.benchmark.tables.published import load_published
from xferlab.benchmark.tables.spec import TableSpec
from xferlab.benchmark.text.per_task import to_csv, to_latex, to_markdown, to_terminal

pytestmark = pytest.mark.fast

TASKS = ["mnist->usps", "usps->mnist", "mnist->mnistm"]
METHODS = ["source_only", "dann", "self_ensembling", "shot", "target_only"]
SPEC = TableSpec(
    "Digits", rules=("last", "snd", "oracle"), published=load_published("digits"), interval="t"
)


@pytest.fixture(scope="module")
def table():
    runs = [r for r in make_suite(TASKS, METHODS, 3) if (r.method, r.seed) != ("shot", 1)]
    runs += [make_run(task, "shot", 1, diverged=True) for task in TASKS]
    return build_table(runs, SPEC)


def print_wide(table, width=100):
    console = Console(width=width, file=io.StringIO(), record=True)
    console.print(to_terminal(table))
    return console.export_text()


def mean_of(table, task, method, rule):
    c = table.cells.set_index(["task", "method", "rule"])
    return c.loc[(task, method, rule), "mean"]


def test_csv_reads_back_with_every_digit(table):
    again = pd.read_csv(io.StringIO(to_csv(table)), keep_default_na=False, na_values={"x": []})
    assert list(again.columns) == list(table.cells.columns)
    rows = list(csv.DictReader(io.StringIO(to_csv(table))))
    got = [float(row["mean"]) for row in rows]
    np.testing.assert_array_equal(got, table.cells["mean"])
    assert {row["metric"] for row in rows} == {"accuracy"}


def test_markdown_reads_back(table):
    blocks = re.split(r"^### ", to_markdown(table), flags=re.M)[1:]
    assert [block.splitlines()[0] for block in blocks] == [*TASKS, AVERAGE]
    for block in blocks:
        task = block.splitlines()[0]
        lines = [line for line in block.splitlines() if line.startswith("|")]
        rows = [[text.strip() for text in line.strip("|").split("|")] for line in lines]
        assert len({len(row) for row in rows}) == 1
        for row in rows[2:]:
            for rule, text in zip(SPEC.rules, row[1:4], strict=True):
                mean = mean_of(table, task, row[0].removesuffix(" †"), rule)
                assert float(text.split()[0]) == pytest.approx(mean, abs=0.051)


def test_latex_reads_back(table):
    text = to_latex(table)
    body = [line for line in text.splitlines() if line.endswith(r"\\") and "&" in line]
    found = [line for line in body if line.startswith(r"self\_ensembling")]
    assert len(found) == 4
    first = [part.strip(" \\") for part in found[0].split("&")]
    expected = mean_of(table, TASKS[0], "self_ensembling", "snd")
    assert float(first[2].split()[0]) == pytest.approx(expected, abs=0.051)
    assert text.count(r"\toprule") == text.count(r"\bottomrule") == 1
    assert not re.search(r"(?<!\\)[_#]", "\n".join(body))


def test_latex_notes_cannot_leave_their_comment():
    runs = make_suite(["a->b"], ["source_only"], 2)
    spec = TableSpec("t", rules=("last",), protocol=("one\n\\input{x}",))
    assert r"\input" not in re.sub(r"(?m)^%.*$", "", to_latex(build_table(runs, spec)))


def test_terminal_fits_in_100_columns(table):
    text = print_wide(table)
    assert max(map(len, text.splitlines())) <= 100
    # No cell with an interval was folded, not even the widest.
    row = next(line for line in text.splitlines() if line.startswith("self_ensembling"))
    assert len(re.findall(r"\d\d\.\d \[\d\d\.\d, \d\d\.\d\]", row)) == 3
    assert "sees labels" in text


def test_terminal_prints_brackets_and_names_as_they_are():
    runs = [make_run("a->b", m, s) for m in ("source_only", "[red]x[/red]") for s in range(2)]
    text = print_wide(build_table(runs, TableSpec("[bold]t", rules=("last",))))
    assert "[red]x[/red]" in text
    assert "[bold]t" in text


def test_marks_dagger_divergence_and_published(table):
    text = to_markdown(table)
    assert "target_only †" in text
    assert "1 of 3 diverged" in text
    assert "91.7 (oracle; tll)" in text
    assert "76.7 (last; ganin)" in text
    assert re.search(r"\] [▲▼] \|", text)


def at_tolerance_of_pca(accuracy):
    """The table of a deterministic method whose published accuracy is 39.5 ± 0.1."""
    runs = [
        make_run("caltech10->amazon", method, seed, accuracy=(accuracy,) * 3)
        for method in ("source_only", "pca")
        for seed in range(2)
    ]
    spec = TableSpec("t", rules=("last", "snd"), published=load_published("office_caltech_surf"))
    return build_table(runs, spec)


@pytest.mark.parametrize(("accuracy", "marked"), [(0.395, False), (0.394, False), (0.3935, True)])
def test_a_cell_outside_its_tolerance_is_marked_in_every_form(accuracy, marked):
    table = at_tolerance_of_pca(accuracy)
    markdown = to_markdown(table)
    row = next(line for line in markdown.splitlines() if line.startswith("| pca"))
    assert row.count("≠") == 2 * marked  # `fixed` compares under every rule
    assert f"{2 * marked} of 2 cells that can be judged" in markdown
    latex = next(line for line in to_latex(table).splitlines() if line.startswith("pca"))
    assert latex.count(r"$\neq$") == 2 * marked
    assert any("pca" in line and "≠" in line for line in print_wide(table).splitlines()) == marked
    cells = pd.read_csv(io.StringIO(to_csv(table))).set_index(["method", "rule"])
    assert bool(cells.loc[("pca", "snd"), "outside_tolerance"]) == marked
    difference = cells.loc[("pca", "last"), "published_difference_points"]
    assert difference == pytest.approx(100 * accuracy - 39.5)


def test_another_rule_is_never_marked(table):
    """DANN on mnist->usps is published under `oracle`: far from ours, in all columns."""
    block = to_markdown(table).split("### ")[1]
    row = next(line for line in block.splitlines() if line.startswith("| dann"))
    marks = ["≠" in text for text in row.strip("|").split("|")[1:4]]
    assert marks == [False, False, True]


def test_without_published_numbers_there_is_no_such_column():
    runs = make_suite(["a->b"], ["source_only", "dann"], 2)
    assert "published" not in to_markdown(build_table(runs, SPEC)).split("- Cells")[0]


def test_a_pipe_in_a_name_stays_in_its_cell():
    runs = [make_run("a->b", m, s) for m in ("source_only", "x|y") for s in range(2)]
    assert r"| x\|y |" in to_markdown(build_table(runs, TableSpec("t", rules=("last",))))
