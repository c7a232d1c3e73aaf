"""One number has one interval and one verdict wherever it stands."""

import numpy as np
import pytest

from tests.benchmark.factory import make_run, make_suite
from xferlab.benchmark.tables.over_tasks import compare_methods
from xferlab.benchmark.tables.per_task import build_table
from xferlab.benchmark.tables.published_rows import AVERAGE
from xferlab.benchmark.tables.spec import TableSpec
from xferlab.benchmark.text.over_tasks import comparison_to_markdown
from xferlab.benchmark.text.per_task import to_markdown

TASKS, METHODS = ("a->b", "a->c", "b->c"), ("source_only", "dann", "mcd", "target_only")
RULES = ("last", "snd", "oracle")


def whole(generator, seeds):
    return make_suite(TASKS, METHODS, seeds, generator=generator)


def with_divergence(generator, seeds):
    """One run of a method diverged on one task, and one of the baseline on another."""
    runs = whole(generator, seeds)
    cells = {("a->b", "mcd", 0), ("b->c", "source_only", 1)}
    kept = [r for r in runs if (r.task, r.method, r.seed) not in cells]
    return kept + [make_run(*cell, diverged=True) for cell in sorted(cells)]


def with_missing_seeds(generator, seeds):
    """One method has a single seed on one task."""
    return [
        r for r in whole(generator, seeds) if r.method != "dann" or r.task != "a->c" or r.seed == 0
    ]


def near_the_top(generator, seeds):
    """Scores close to 100 %, whose intervals would pass it."""
    return [
        make_run(task, method, seed, accuracy=1 - generator.random(3) ** 3 * 0.05)
        for task in TASKS
        for method in METHODS
        for seed in range(seeds)
    ]


KINDS = [whole, with_divergence, with_missing_seeds, near_the_top]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def kind(request):
    return request.param


@pytest.mark.parametrize("interval", ["t", "resampling"])
@pytest.mark.parametrize("seeds", [2, 3, 8])
def test_table_and_comparison_say_the_same(kind, seeds, interval):
    for draw in range(3):
        records = kind(np.random.default_rng(draw), seeds)
        spec = TableSpec("t", rules=RULES, interval=interval)
        cells = build_table(records, spec).cells
        for rule in RULES:
            one = cells[cells["rule"] == rule].set_index(["method", "task"])
            comparison = compare_methods(records, spec, rule)
            same_verdicts(one, comparison)
            same_means(one, comparison)


def same_verdicts(cells, comparison):
    verdicts = {key: "" for key in cells.index if key[1] != AVERAGE}
    for row in comparison.outcomes.to_dict("records"):
        cell = cells.loc[(row["method"], row["task"])]
        verdicts[row["method"], row["task"]] = row["verdict"]
        assert cell["difference_points"] == pytest.approx(row["difference_points"])
        if not np.isnan(cell["p_holm"]):
            assert cell["p_holm"] == pytest.approx(row["p_holm"])
    assert {key: cells.loc[key]["verdict"] for key in verdicts} == verdicts
    for row in comparison.methods.to_dict("records"):
        marks = [v for (method, _), v in verdicts.items() if method == row["method"]]
        if row["wins"] is not None and not np.isnan(float(row["wins"] or np.nan)):
            assert (row["wins"], row["losses"]) == (marks.count("better"), marks.count("worse"))


def same_means(cells, comparison):
    for row in comparison.methods.to_dict("records"):
        if row["gap"] or (row["method"], AVERAGE) not in cells.index:
            continue
        cell = cells.loc[(row["method"], AVERAGE)]
        names = ("mean", "low", "high")
        ours = [row[n] for n in ("mean", "mean_low", "mean_high")]
        np.testing.assert_allclose(cell[list(names)].astype(float), ours, rtol=1e-12)


@pytest.mark.parametrize("interval", ["t", "resampling"])
def test_no_interval_passes_the_range_of_the_metric(interval):
    records = near_the_top(np.random.default_rng(0), 3)
    spec = TableSpec("t", rules=RULES, interval=interval)
    cells = build_table(records, spec).cells
    assert (cells["high"] <= 100).all() and (cells["low"] >= 0).all()
    for rule in RULES:
        methods = compare_methods(records, spec, rule).methods
        assert (methods["mean_high"] <= 100).all()


def test_the_printed_mean_is_one_string():
    records = whole(np.random.default_rng(1), 5)
    spec = TableSpec("t", rules=("last",), interval="t")
    table = to_markdown(build_table(records, spec))
    average = table[table.index(AVERAGE) :]
    printed = comparison_to_markdown(compare_methods(records, spec, "last"))
    for method in METHODS:
        ours, theirs = (
            next(line for line in text.splitlines() if line.startswith(f"| {method}"))
            for text in (average, printed)
        )
        assert ours.split("|")[2].strip(" ▲▼") == theirs.split("|")[2].strip(), method
