"""The rows of predictors that look at no input, and the marks of methods that are below them."""

import dataclasses

import numpy as np
import pytest
from sklearn import dummy, metrics

from tests.benchmark.factory import make_run
from xferlab.benchmark.html.report import make_report
from xferlab.benchmark.html.sections import Extras
from xferlab.benchmark.tables.per_task import build_table
from xferlab.benchmark.tables.published import load_published
from xferlab.benchmark.tables.published_rows import AVERAGE
from xferlab.benchmark.tables.spec import TableSpec
from xferlab.benchmark.tables.trivial import CHANCE, MAJORITY, trivial_scores
from xferlab.benchmark.text.per_task import to_csv, to_latex, to_markdown

pytestmark = pytest.mark.fast

SCORES = {
    "accuracy": metrics.accuracy_score,
    "class_mean_accuracy": metrics.balanced_accuracy_score,
    "macro_f1": lambda y, p: metrics.f1_score(y, p, labels=np.unique(y), average="macro"),
}


def labelled(task, counts, method="source_only", seed=0, **fields):
    labels = np.repeat(np.arange(len(counts)), counts)
    return make_run(task, method, seed, labels=labels, num_classes=len(counts), **fields)


@pytest.mark.parametrize("metric", SCORES)
@pytest.mark.parametrize("counts", [[5, 30, 2], [10, 10], [0, 3, 1, 9]])
def test_the_majority_class_is_scikit_learns(metric, counts):
    run = labelled("a->b", counts)
    rows = trivial_scores([run], metric, ["a->b"]).set_index("method")["mean"]
    inputs = np.zeros((len(run.labels), 1))
    constant = dummy.DummyClassifier(strategy="most_frequent").fit(inputs, run.labels)
    expected = 100 * SCORES[metric](run.labels, constant.predict(inputs))
    assert rows[MAJORITY] == pytest.approx(expected)


def test_chance_is_what_uniform_guesses_score():
    run = labelled("a->b", [30, 5, 5])
    rows = trivial_scores([run], "accuracy", ["a->b"]).set_index("method")["mean"]
    guesses = np.random.default_rng(0).integers(3, size=(4000, 40))
    assert rows[CHANCE] == pytest.approx(100 * np.mean(guesses == run.labels), abs=0.5)
    even = trivial_scores([labelled("a->b", [7, 7])], "accuracy", ["a->b"])
    assert list(even["method"]) == [MAJORITY]  # Chance would be the same number.


def test_the_average_needs_every_task():
    runs = [labelled("a->b", [3, 1]), labelled("a->c", [1, 1])]
    rows = trivial_scores(runs, "macro_f1", ["a->b", "a->c"])
    assert rows[rows["task"] == AVERAGE]["mean"].iloc[0] == pytest.approx(
        rows[rows["task"] != AVERAGE]["mean"].mean()
    )
    partly = trivial_scores(runs, "macro_f1", ["a->b", "a->c", "a->lost"])
    assert AVERAGE not in set(partly["task"])
    assert trivial_scores([make_run()], "accuracy", ["a->b"]).empty


def unbalanced(seeds):
    """86 % of one class: source_only is at 40, dann at 51, good above."""
    levels = {"source_only": 0.4, "dann": 0.51, "good": 0.9}
    return [
        labelled("a->b", [86, 14], method, seed, accuracy=(0.3, 0.3, level + seed / 1000))
        for method, level in levels.items()
        for seed in range(seeds)
    ]


@pytest.mark.parametrize("seeds", [1, 5])
def test_a_method_below_the_majority_class_is_marked_however_much_it_gains(seeds):
    table = build_table(unbalanced(seeds), TableSpec("t", rules=("last",), interval="t"))
    below = table.cells.set_index("method")["below_majority"]
    assert below.to_dict() == {"source_only": True, "dann": True, "good": False}
    lines = {line.split("|")[1].strip(): line for line in to_markdown(table).splitlines()
             if line.startswith("| ")}  # fmt: skip
    assert ("▲" in lines["dann"]) == (seeds == 5)
    assert "‡" in lines["dann"] and "‡" in lines["source_only"] and "‡" not in lines["good"]
    assert "86.0" in lines[MAJORITY] and "50.0" in lines[CHANCE]
    notes = " ".join(table.notes)
    assert "‡: below the majority class" in notes and "dann on a->b under last (51." in notes


def test_no_published_number_stands_beside_a_trivial_row():
    """The column of published numbers is empty there."""
    row = dataclasses.replace(
        load_published("digits")[0], task="a->b", method="dann", value=50.0, n_tasks=1, primary=True
    )
    spec = TableSpec("t", rules=("last",), interval="t", published=(row,))
    text = to_markdown(build_table(unbalanced(2), spec))
    lines = {line.split("|")[1].strip(): line.split("|") for line in text.splitlines()
             if line.startswith("| ")}  # fmt: skip
    assert lines["dann"][3].strip().startswith("50.0 (")
    assert [cell.strip() for cell in lines[MAJORITY][2:4]] == ["86.0", "–"]


def test_every_form_of_the_table_has_the_rows():
    table = build_table(unbalanced(2), TableSpec("t", rules=("last",), interval="t"))
    report = make_report(unbalanced(2), table, {}, {}, Extras())
    for text in (to_markdown(table), to_csv(table), to_latex(table), report):
        assert MAJORITY in text and CHANCE in text
    assert report.count("below the majority class") >= 2
    assert r"$\ddagger$" in to_latex(table)


@pytest.mark.parametrize("seeds", [1, 2])
def test_a_collapse_is_named_without_a_test(seeds):
    runs = [
        make_run("a->b", method, seed, accuracy=(0.1, 0.1, level + 0.2 * seed))
        for method, level in {"source_only": 0.77, "dann": 0.18, "mcc": 0.70}.items()
        for seed in range(seeds)
    ]
    notes = build_table(runs, TableSpec("t", rules=("last",), interval="resampling")).notes
    (note,) = [note for note in notes if "Far below" in note]
    assert "dann on a->b (-59.0)" in note and "mcc" not in note
