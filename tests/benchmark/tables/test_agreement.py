"""Agreement with the published numbers, counted a second time by hand."""

import io

import numpy as np
import pytest
from rich.console import Console

from tests.benchmark.factory import make_run
from xferlab.benchmark.tables.agreement import COLUMNS, measure_agreement
from xferlab.benchmark.tables.per_task import build_table
from xferlab.benchmark.tables.published import load_published
from xferlab.benchmark.tables.spec import TableSpec
from xferlab.benchmark.text.agreement import HEADER, agreement_to_markdown, agreement_to_terminal

pytestmark = pytest.mark.fast

ACCURACY = {
    ("mnist->usps", "source_only"): 0.80,
    ("usps->mnist", "source_only"): 0.70,
    ("mnist->mnistm", "source_only"): 0.50,
    ("mnist->usps", "dann"): 0.90,
    ("usps->mnist", "dann"): 0.85,
    ("mnist->mnistm", "dann"): 0.75,
    ("mnist->usps", "shot"): 0.97,
}
RULES = ("last", "snd", "oracle")


def make_table(published="digits", accuracy=ACCURACY, **fields):
    runs = [
        make_run(task, method, seed, accuracy=(value,) * 3)
        for (task, method), value in accuracy.items()
        for seed in range(2)
    ]
    rows = load_published(published) if published else ()
    return build_table(runs, TableSpec("t", rules=RULES, published=rows, **fields))


def find(agreement, rule, method, comparable):
    rows = agreement[(agreement["rule"] == rule) & (agreement["method"] == method)]
    rows = rows[rows["comparable"] == comparable]
    assert len(rows) == 1
    return rows.iloc[0]


def test_levels_under_the_rule_of_the_source():
    row = find(measure_agreement(make_table()), "oracle", "dann", True)
    published, ours = np.array([91.7, 95.2]), np.array([90.0, 85.0])
    assert (row["tasks"], row["protocols"], row["published_rules"]) == (2, "tll", "oracle")
    assert row["ours_percent"] == pytest.approx(ours.mean())
    assert row["published_percent"] == pytest.approx(published.mean())
    assert row["mean_absolute_difference_points"] == pytest.approx(abs(ours - published).mean())
    assert row["largest_difference_points"] == pytest.approx(85.0 - 95.2)
    assert row["largest_difference_task"] == "usps->mnist"
    assert (row["judged"], row["outside_tolerance"]) == (2, 1)  # 1.7 is within 3 points


def test_levels_under_another_rule_are_apart_and_not_judged():
    agreement = measure_agreement(make_table())
    same, other = (find(agreement, "last", "dann", comparable) for comparable in (True, False))
    assert (same["tasks"], same["protocols"], same["judged"]) == (1, "ganin", 1)
    assert (other["tasks"], other["protocols"], other["judged"]) == (2, "tll", 0)
    assert not agreement.loc[agreement["rule"] == "snd", "comparable"].any()


def test_gains_are_over_the_baseline_of_the_same_protocol():
    agreement = measure_agreement(make_table())
    dann = find(agreement, "oracle", "dann", True)
    assert dann["our_gain_points"] == pytest.approx(((90 - 80) + (85 - 70)) / 2)
    assert dann["published_gain_points"] == pytest.approx(((91.7 - 82.1) + (95.2 - 74.6)) / 2)
    shot = find(agreement, "last", "shot", True)
    # SHOT's own source model (79.7), not the one of the table (TLL, 82.1).
    assert shot["published_gain_points"] == pytest.approx(97.9 - 79.7)
    source_only = find(agreement, "oracle", "source_only", True)
    assert source_only["gain_tasks"] == 0
    assert np.isnan(source_only["our_gain_points"])


def test_a_protocol_without_baseline_has_no_gain():
    tasks = ("books->dvd", "dvd->books")
    accuracy = {(t, m): v for t in tasks for m, v in (("source_only", 0.7), ("wdgrl", 0.8))}
    row = find(measure_agreement(make_table("amazon_reviews", accuracy)), "oracle", "wdgrl", True)
    assert row["gain_tasks"] == 0
    assert np.isnan(row["published_gain_points"])


def test_fixed_compares_under_every_rule():
    accuracy = {("amazon->webcam", m): 0.3 for m in ("source_only", "pca", "gfk")}
    agreement = measure_agreement(make_table("office_caltech_surf", accuracy))
    assert agreement["comparable"].all()
    assert list(agreement["rule"].unique()) == list(RULES)
    assert find(agreement, "snd", "pca", True)["judged"] == 1
    assert find(agreement, "snd", "gfk", True)["judged"] == 0  # only the order compares


def test_diverged_cells_are_left_out():
    table = make_table()
    table.cells.loc[table.cells["task"] == "usps->mnist", "mean"] = np.nan
    assert find(measure_agreement(table), "oracle", "dann", True)["tasks"] == 1


def test_order_and_text():
    agreement = measure_agreement(make_table())
    assert tuple(agreement.columns) == COLUMNS
    assert list(agreement["method"][:3]) == ["source_only", "source_only", "dann"]
    assert list(agreement["comparable"][:2]) == [True, False]
    lines = agreement_to_markdown(agreement).splitlines()
    assert len(lines) == 2 + len(agreement)
    cells = [line.strip("|").replace(r"\|", "/").split("|") for line in lines]
    assert {len(row) for row in cells} == {len(HEADER)}
    for needle in ("-10.2 (usps->mnist)", "1 of 2", "+12.5", "+15.1"):
        assert needle in agreement_to_markdown(agreement)


def printed(agreement, width=80):
    console = Console(width=width, file=io.StringIO(), record=True)
    console.print(agreement_to_terminal(agreement))
    return console.export_text()


def test_the_terminal_shows_what_compares():
    agreement = measure_agreement(make_table())
    text = printed(agreement)
    for needle in ("Ours beside the published numbers", "1 of 2", "+12.5", "+15.1"):
        assert needle in text
    lines = [line.split()[:2] for line in text.splitlines()[3:] if line.strip()]
    shown = agreement[agreement["comparable"]]
    assert lines == shown[["rule", "method"]].to_numpy().tolist()
    assert text == printed(agreement, width=200)  # Nothing is folded or cut at 80 columns.


def test_the_terminal_shows_a_number_without_a_rule_once():
    accuracy = {("amazon->webcam", m): 0.3 for m in ("source_only", "pca", "gfk")}
    text = printed(measure_agreement(make_table("office_caltech_surf", accuracy)))
    assert [line.split()[:2] for line in text.splitlines()[3:]] == [
        ["last", "pca"],
        ["last", "gfk"],
    ]


def test_nothing_published():
    agreement = measure_agreement(make_table(""))
    assert agreement.empty
    assert agreement_to_markdown(agreement) == ""
    assert agreement_to_terminal(agreement).row_count == 0
