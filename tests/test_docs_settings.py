"""docs/settings: every setting has a page, its table is the setting's, and its lines run."""

import ast
import functools
import re
from pathlib import Path

import numpy as np
import pytest

import xferlab
from xferlab.benchmark.suites.table import COLLECTIONS
from xferlab.core.settings import NAMED, View

FOLDER = Path(__file__).parent.parent / "docs/settings"
PAGES = {path.stem: path.read_text("utf-8") for path in FOLDER.glob("*.md")}
INDEX = PAGES.pop("README")
MOST_LINES = 5
"""Statements of code, without imports."""


def classes_of(*kept, rows=60, columns=4, seed=0):
    generator = np.random.default_rng(seed)
    labels = np.resize(np.array(kept), rows)
    inputs = generator.normal(size=(rows, columns)) + 2 * labels[:, None]
    return inputs.astype(np.float32), labels


def own_data():
    """What the pages call data of one's own."""
    names = {}
    for name, kept, columns in (
        ("source", (0, 1, 2), 4),
        ("target", (0, 1, 2), 4),
        ("more", (0, 1, 2), 4),
        ("some", (0, 1), 4),
        ("other", (1, 2), 4),
        ("wide", (0, 1, 2), 7),
        ("many", tuple(range(6)), 4),
        ("new", tuple(range(6, 12)), 4),
    ):
        rows = 60 if max(kept) < 3 else 240
        inputs, labels = classes_of(*kept, rows=rows, columns=columns, seed=len(names))
        names |= {f"{name}_inputs": inputs, f"{name}_labels": labels}
    slants = np.linspace(-1, 1, 60)
    names |= {"target_slants": slants, "source_slants": np.where(slants > 0.5, np.nan, slants)}
    return names


@pytest.mark.parametrize("name", PAGES)
def test_the_lines_of_a_page_run(name, monkeypatch, tmp_path):
    monkeypatch.setattr(xferlab, "compare", functools.partial(xferlab.compare, seeds=1, steps=20))
    monkeypatch.chdir(tmp_path)
    (snippet,) = re.findall(r"```python\n(.*?)```", PAGES[name], flags=re.DOTALL)
    statements = [s for s in ast.parse(snippet).body if not isinstance(s, ast.Import)]
    assert len(statements) <= MOST_LINES
    found = own_data()
    exec(compile(snippet, name, "exec"), found)
    assert found["table"].cells["mean"].notna().all()


@pytest.mark.fast
def test_every_setting_of_the_package_has_a_page():
    assert {each.label for each in NAMED} <= set(PAGES)
    assert set(re.findall(r"\]\((\w+)\.md\)", INDEX)) == set(PAGES)


@pytest.mark.fast
@pytest.mark.parametrize("setting", NAMED, ids=lambda each: each.label)
def test_the_table_of_a_page_says_what_its_setting_shows(setting):
    if setting.label == "source_free":
        pytest.skip("a stage's; its page is of both stages")
    text = PAGES[setting.label]
    rows = re.findall(r"^\| (.+?) \| (.+?) \| .+ \|$", text, flags=re.MULTILINE)
    shown = dict(rows)
    words = {View.ABSENT: "nothing", View.INPUTS: "inputs", View.LABELS: "inputs and labels"}
    source = next(what for part, what in shown.items() if "source, training" in part)
    target = next(
        what
        for part, what in shown.items()
        if "target" in part and ("training split" in part or "stream" in part)
    )
    assert (source == "nothing") == (setting.source is View.ABSENT)
    assert ("label" in source) == (setting.source is View.LABELS)
    assert target.split(", in order")[0] == words[setting.target]
    assert ("target, shots" in shown) == (setting.shots is View.LABELS)


@pytest.mark.fast
def test_every_suite_of_the_collection_is_named_by_a_page():
    text = "\n".join(PAGES.values())
    for suite in COLLECTIONS["settings"].suites:
        assert f"--suite={suite}`" in text and f"`{suite}`" in INDEX


@pytest.mark.fast
@pytest.mark.parametrize("name", PAGES)
def test_a_page_draws_the_flow(name):
    (drawing,) = re.findall(r"```mermaid\n(.*?)```", PAGES[name], flags=re.DOTALL)
    assert drawing.startswith("flowchart LR\n")
    assert re.search('"target, (test split|the stream)', drawing) and "scores" in drawing
