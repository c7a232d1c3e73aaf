"""Sections from other code: frames and printed blocks become sortable tables."""

import pandas as pd
import pytest

from tests.benchmark.pages import Reader
from xferlab.benchmark.html.rendering import render
from xferlab.benchmark.html.sections import Section, lay_out
from xferlab.benchmark.text.per_task import Block, Cell

pytestmark = pytest.mark.fast


def draw(**fields):
    """The page of a section alone."""
    return Reader(render("plain.html", shown=lay_out(Section("s", **fields))))


def values(page):
    """What each entry but the rows' headings is sorted by."""
    return [attributes.get("data-value") for attributes in page.attributes("td")]


def test_frame_numbers_are_sorted_as_numbers():
    frame = pd.DataFrame({"m": ["a", "b"], "x": [1.5, float("nan")], "n": [2, 10], "ok": [True, 0]})
    frame["ok"] = frame["ok"].astype(bool)
    page = draw(tables={"numbers": frame})
    assert values(page) == ["1.5", "2", None, "", "10", None]
    assert " ".join(page.text).split()[-8:] == ["a", "1.500", "2", "True", "b", "–", "10", "False"]


def test_a_column_of_a_block_is_sorted_by_numbers_if_all_of_it_starts_with_one():
    rows = (
        (Cell("a"), Cell("71.2 [70.0, 72.0]", "better"), Cell("3 x")),
        (Cell("b"), Cell("–"), Cell("none")),
        (Cell("c"), Cell("-0.5"), Cell("")),
    )
    page = draw(tables={"block": Block("t", ("m", "v", "w"), rows)})
    assert values(page) == ["71.2", None, "", None, "-0.5", None]
    assert page.attributes("td")[0]["class"] == "number better"


def test_no_row_is_a_table_still():
    page = draw(tables={"empty": pd.DataFrame({"a": [], "b": []})})
    assert len(page.attributes("th")) == 2
