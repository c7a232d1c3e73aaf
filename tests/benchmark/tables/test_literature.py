"""The packaged tables: complete, typed, and equal to the tables they were taken from."""

import csv
import importlib.resources
import os
import re
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from tests.shared import REPOSITORY
from xferlab.benchmark.tables import published
from xferlab.benchmark.tables.published import COLUMNS, benchmarks, load_numbers
from xferlab.core.errors import InputError

pytestmark = pytest.mark.fast

NOT_PACKAGED = {"skada_bench_summary", "tll_hparams", "verified_here"}
"""Derived means, hyper-parameters and reruns are no published numbers."""
RENAMED = {"wilds_tll": "wilds"}
RESPELT = {
    "20news_04_06_readable.csv": "20newsgroups_04_06_readable.csv",
    "/amazon_04_06_readable.csv": "/amazon_review_04_06_readable.csv",
}
"""Names of files that the collection shortens, as they are in the repository."""
COPY_ERRORS = {
    ("digits", "SHOT-IM", 97.6): "average 98.0",
    ("office_caltech10", "SVM", 41.1): "average 41.7",
    ("office_caltech10", "SVM", 28.8): "holds with 21.2",
    ("dg_other", "MixStyle", 71.7): "average 70.7",
    ("amazon_reviews", "DANN", 71.43): "average 71.50",
    ("digits", "DTN", 90.66): "wrong column",
    ("partial_openset", "DANN", 64.8): "identical per pair",
    ("regression_da", "ERM", 0.22): "copy of the dSprites",
    ("transferability", "NCE", 0.682): "copy error",
}

each_table = pytest.mark.parametrize("name", benchmarks())


def reference_tables() -> Path:
    """The folder of the tables; skips the test where there is none."""
    shared = Path(os.environ.get("XFERLAB_SHARED", REPOSITORY.parent / "shared"))
    folder = shared / "reference_tables"
    if not folder.is_dir():
        pytest.skip(f"no {folder}: set XFERLAB_SHARED to the folder that has reference_tables")
    return folder


def key(row, source, target):
    """What a number is of; words in brackets after the selection were merged."""
    selection = row["selection"].split(" (")[0]
    domains, seen_in = (row[source], row[target]), row["seen_in"]
    for short, name in RESPELT.items():
        seen_in = seen_in.replace(short, name)
    return (row["benchmark"], *domains, row["method"], row["metric"], selection, seen_in)


@each_table
def test_columns_and_types(name):
    numbers = load_numbers(name)
    assert tuple(numbers.columns) == COLUMNS
    assert not numbers.empty
    assert numbers["value"].notna().all()
    assert (numbers["std"].isna() | (numbers["std"] >= 0)).all()
    assert numbers["n_seeds"].dtype == "Int64"
    assert set(numbers["status"]) <= {"seen", "recalled"}
    words = numbers[["benchmark", "protocol", "source", "target", "method", "citation", "seen_in"]]
    assert (words != "").all(axis=None)
    recalled = numbers["status"] == "recalled"
    assert ((numbers["seen_in"] == "recalled") == recalled).all()


@each_table
def test_every_origin_is_used_and_unique(name):
    folder = importlib.resources.files("xferlab.benchmark.tables") / "literature"
    text = (folder / f"{name}.origins.csv").read_text("utf-8")
    origins = [row["origin"] for row in csv.DictReader(text.splitlines())]
    assert len(origins) == len(set(origins))
    assert set(origins) == set(load_numbers(name)["origin"])
    assert all(re.fullmatch(r"[a-z0-9/-]+", origin) for origin in origins)


def test_every_seen_row_of_the_reference_tables_is_packaged():
    names = {path.stem for path in reference_tables().glob("*.csv")} - NOT_PACKAGED
    assert {RENAMED.get(name, name) for name in names} == set(benchmarks())
    for name in names:
        path = reference_tables() / f"{name}.csv"
        theirs = list(csv.DictReader(path.read_text("utf-8").splitlines()))
        ours = load_numbers(RENAMED.get(name, name)).to_dict("records")
        wanted = Counter(
            (*selected(key(row, "source_domain", "target_domain")), float(row["mean"]))
            for row in theirs
            if row["status"] == "seen"
        )
        found = Counter(
            (*selected(key(row, "source", "target")), row["value"])
            for row in ours
            if row["status"] == "seen"
        )
        assert wanted == found, name
        assert len(theirs) == len(ours)


def selected(row):
    """The key, without the selection where the origin of SHOT's digits says it per row."""
    *before, selection, seen_in = row
    shot_digits = row[0] == "Digits" and seen_in.startswith("tim-learn/SHOT")
    return (*before, "" if shot_digits else selection, seen_in)


@pytest.mark.parametrize(("cell", "words"), COPY_ERRORS.items())
def test_copy_errors_of_the_sources_are_noted(cell, words):
    name, method, value = cell
    numbers = load_numbers(name)
    rows = numbers[(numbers["method"] == method) & (numbers["value"] == value)]
    assert rows["note"].str.contains(words).any()


def test_wide_files_read_like_long_ones():
    skada = load_numbers("skada_bench")
    row = skada[
        (skada["benchmark"] == "20NewsGroups (skada-bench)")
        & (skada["source"] == "rec")
        & (skada["target"] == "sci")
        & (skada["method"] == "DASVM")
        & (skada["selection"] == "unsupervised scorer: importance_weighted")
    ]
    assert row[["value", "std", "n_seeds"]].to_numpy().tolist() == [[59.14, 15.76, 5]]
    multitask = load_numbers("multitask").set_index(["origin", "method", "metric"])
    assert multitask.loc[("libmtl/resnet", "EW + HPS", "Depth abs err (down)"), "value"] == 0.3771


def test_the_documented_counts_are_those_of_the_data():
    text = (REPOSITORY / "docs" / "published.md").read_text("utf-8")
    lines = re.findall(r"^\| `(\w+)` \| (\d+) \| (\d+) \| (\d+) \|", text, flags=re.M)
    documented = {name: (int(a), int(b), int(c)) for name, a, b, c in lines}
    counted = {}
    for name in benchmarks():
        numbers = load_numbers(name)
        recalled = int((numbers["status"] == "recalled").sum())
        counted[name] = (len(numbers), len(numbers) - recalled, recalled)
    assert documented == counted


def test_bad_input(monkeypatch):
    with pytest.raises(InputError, match=r"unknown benchmark with published numbers 'office'"):
        load_numbers("office")
    files = {
        "digits.csv": pd.DataFrame({"origin": ["x", "nobody"], "value": ["1", "2"]}),
        "digits.origins.csv": pd.DataFrame({"origin": ["x"], "status": ["seen"]}),
    }
    monkeypatch.setattr(published, "_read", files.get)
    with pytest.raises(InputError, match=r"origins \['nobody'\] of digits.csv are not in"):
        load_numbers("digits")
