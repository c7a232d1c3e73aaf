"""The packaged published numbers: read somewhere, known here, one per cell of a table."""

from collections import Counter

import pytest

from xferlab.benchmark.published import NOT_STATED, PROTOCOLS, _parse, load_published, primary_rows
from xferlab.core.errors import InputError

pytestmark = pytest.mark.fast

METHODS = {
    *("source_only", "target_only", "dann", "cdan", "cdan_e", "adda", "mcd", "dan", "jan"),
    *("deep_coral", "wdgrl", "mcc", "bnm", "self_ensembling", "shot", "ada_bn"),
}
RULES = {"oracle", "last", "source_accuracy", NOT_STATED}


@pytest.fixture(scope="module")
def rows():
    return load_published("digits")


def test_no_number_from_memory(rows):
    assert {row.status for row in rows} == {"seen"}
    assert all(row.seen_in and "recalled" not in row.seen_in for row in rows)


def test_every_row_is_known_here(rows):
    assert {row.task for row in rows} == {"mnist->usps", "usps->mnist", "mnist->mnistm"}
    assert {row.method for row in rows} <= METHODS
    assert {row.protocol for row in rows} == set(PROTOCOLS)
    assert {row.rule for row in rows} <= RULES
    assert all(0 < row.value <= 100 and row.selection and row.citation for row in rows)


def test_one_primary_row_per_task_and_method(rows):
    counts = Counter((row.task, row.method) for row in primary_rows(rows))
    assert set(counts.values()) == {1}
    assert set(counts) == {(row.task, row.method) for row in rows}


def test_no_row_twice(rows):
    assert max(Counter((r.task, r.method, r.protocol) for r in rows).values()) == 1


def test_the_rule_agrees_with_the_words_of_the_source(rows):
    for row in rows:
        if row.rule in ("oracle", "last"):
            assert row.selection.startswith(row.rule)


def test_a_recalled_number_is_refused():
    row = {"method": "dann", "task": "a->b", "status": "recalled"}
    with pytest.raises(InputError, match="only 'seen' may be shown"):
        _parse(row)


def test_unknown_table():
    with pytest.raises(InputError, match=r"unknown published table 'digit'\. Did you mean: digits"):
        load_published("digit")
