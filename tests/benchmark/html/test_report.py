"""The report: well formed, self-contained, escaped, written whole or not at all."""

import base64
import dataclasses
import hashlib
import re

import numpy as np
import pandas as pd
import pytest

from tests.benchmark.factory import make_pictures, make_plane, make_run, make_suite
from tests.benchmark.pages import Reader
from xferlab.benchmark.figures.panels import confusion_figure
from xferlab.benchmark.html.report import write_report
from xferlab.benchmark.html.sections import Extras, Section
from xferlab.benchmark.store.records import MissingRun
from xferlab.benchmark.tables.per_task import build_table
from xferlab.benchmark.tables.published import Published
from xferlab.benchmark.tables.spec import TableSpec
from xferlab.benchmark.text.per_task import Block, Cell
from xferlab.core.errors import InputError

EVIL = '<script>alert("x")</script>'
TASKS = ("a->b", "b->a", "moons->rotated")


def make_extras():
    frame = pd.DataFrame({"method": ["dann", EVIL], "rank": [1.5, np.nan], "wins": [2, 10]})
    block = Block("all", ("method", "wins"), ((Cell("dann"), Cell("3 / 0 / 0", "better")),))
    section = Section(
        f"Ranks {EVIL}",
        notes=("Friedman's test.",),
        tables={"mean ranks": frame, "wins": block},
        figures={"A figure of ranks.": confusion_figure({"dann": np.eye(2)})},
    )
    problems = (MissingRun("0123456789abcdef", f"damaged {EVIL}"),)
    return Extras(sections=(section,), problems=problems, class_names={"a->b": (EVIL,) * 10})


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    generator = np.random.default_rng(0)
    runs = make_suite(TASKS, ["source_only", "dann", EVIL], 2)
    pictures = make_pictures(generator, n=40)
    runs = [dataclasses.replace(r, **pictures) if r.seed == 0 else r for r in runs]
    runs[-2] = dataclasses.replace(runs[-2], plane=make_plane(generator))
    runs.append(make_run("a->b", "mcd", 0, diverged=True))
    spec = TableSpec("Quick & small", rules=("last", "snd", "oracle"), protocol=("10 steps.",))
    path = tmp_path_factory.mktemp("report") / "report.html"
    written = write_report(
        runs,
        build_table(runs, spec),
        path,
        versions={"jax": "0.10.2"},
        references={"dann": "Ganin et al., https://arxiv.org/abs/1505.07818."},
        extras=make_extras(),
    )
    assert written == path
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]
    return Reader(path.read_text(encoding="utf-8"))


def test_is_well_formed(page):
    assert page.open == []
    tags = [tag for tag, _ in page.tags]
    assert tags.count("html") == tags.count("h1") == 1
    names = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(names) == len(set(names))


def test_needs_nothing_from_outside(page):
    for tag, attributes in page.tags:
        assert tag not in ("link", "iframe", "object", "base")
        assert not {"srcset", "background"} & set(attributes)
        assert not [name for name in attributes if name.startswith("on")]
        assert attributes.get("src", "data:").startswith("data:image/png;base64,") or tag != "img"
        assert tag == "a" or "href" not in attributes
    style = next(text for text in page.text if ":root" in text)
    assert not [word for word in ("url(", "@import", "http") if word in style]


def test_the_browser_is_told_to_load_nothing_and_to_run_one_script(page):
    policy = page.attributes("meta")[1]["content"]
    script = re.search(r"<script>(.*)</script>", page.html, re.S).group(1)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert page.attributes("script") == [{}]
    assert policy.startswith("default-src 'none';") and policy.endswith(f"'sha256-{digest}'")


def test_links_lead_into_the_page_or_to_an_address_that_ends_where_it_ends(page):
    names = {attributes.get("id") for _, attributes in page.tags}
    links = [attributes["href"] for attributes in page.attributes("a")]
    outside = [link for link in links if not link.startswith("#")]
    assert outside == ["https://arxiv.org/abs/1505.07818"]
    assert {link[1:] for link in links if link.startswith("#")} <= names


def test_names_are_escaped(page):
    assert EVIL in " ".join(page.text)
    assert "<script>alert" not in page.html


def test_has_every_section(page):
    text = " ".join(page.text)
    for needle in (
        *("Quick & small", "10 steps.", "Results", "Selection rule:", "USES TARGET LABELS"),
        *("Source × target", "Task a->b", "Task moons->rotated", "Missing and diverged runs"),
        *("Cost", "seconds in all", "training time", "0.10.2", "domain", "42"),
        *("1 of 1 diverged", "All numbers", "p_holm", f"Ranks {EVIL}", "Friedman's test."),
    ):
        assert needle in text, needle


def test_has_every_picture(page):
    # heat map and the section's; curves and confusion per task; one plane
    images = page.attributes("img")
    assert len(images) == 2 + 2 * 3 + 1
    for image in images:
        assert image["alt"]
        data = base64.b64decode(image["src"].split(",")[1], validate=True)
        assert data.startswith(b"\x89PNG")
    for drawing in page.attributes("svg"):
        assert drawing["role"] == "img" and drawing["aria-label"]


def test_every_cell_of_the_table_leads_to_its_page(page):
    pages = {attributes["id"] for attributes in page.attributes("article")}
    linked = {attributes["href"][1:] for attributes in page.attributes("a")}
    assert len(pages) == 3 * 3 + 1
    assert pages <= linked


def test_sections_with_one_title_are_all_shown(tmp_path):
    runs = make_suite(["a->b"], ["source_only"], 2)
    sections = tuple(Section("Cost", notes=(note,)) for note in ("first", "second"))
    table = build_table(runs, TableSpec("t", rules=("last",)))
    extras = Extras(sections=sections)
    html = write_report(runs, table, tmp_path / "r.html", versions={}, extras=extras).read_text()
    assert html.count("<h2>Cost</h2>") == 3
    assert "first" in html and "second" in html


def test_what_is_missing_is_said_at_the_top_and_below(page):
    text = " ".join(page.text)
    assert "INCOMPLETE: 1 runs" in text
    assert f"damaged {EVIL}" in text and "0123456789abcdef" in text
    gaps = re.search(r"seeds without a run.*?</table>", page.html, re.S).group()
    assert re.findall(r'<th scope="row">(\w+)</th><td>([^<]*)</td><td>([^<]*)', gaps) == [
        ("mcd", "a-&gt;b", "1"),
        ("mcd", "b-&gt;a", "0, 1"),
        ("mcd", "moons-&gt;rotated", "0, 1"),
    ]


def test_numbers_carry_what_they_are_sorted_by(tmp_path):
    runs = [make_run("a->b", "source_only", s, accuracy=(0.5, 0.7, 0.625)) for s in range(2)]
    table = build_table(runs, TableSpec("t", rules=("last",)))
    html = write_report(runs, table, tmp_path / "r.html", versions={}).read_text()
    assert '<tr class="baseline"><th scope="row">source_only</th>' in html
    assert '<td class="number" data-value="62.5"><a href="#cell-1-1">62.5</a>' in html


def test_negative_transfer_is_said_in_words(tmp_path):
    runs = [make_run(method="source_only", seed=s, accuracy=(0.8 + s / 100,) * 3) for s in range(6)]
    runs += [make_run(method="dann", seed=s, accuracy=(0.7 + s / 100,) * 3) for s in range(6)]
    table = build_table(runs, TableSpec("t", rules=("last",)))
    html = write_report(runs, table, tmp_path / "r.html", versions={}).read_text()
    assert '<td class="number worse"' in html
    assert "▼" in html and "worse than source_only by 10.0 points" in html


def make_published(**fields):
    values = {field.name: "" for field in dataclasses.fields(Published)}
    values |= {"task": "a->b", "method": "dann", "std": None, "n_seeds": 1, "n_tasks": 1}
    values |= {"metric": "accuracy", "primary": True, "status": "seen"}
    return Published(**values | fields)


def test_published_numbers_stand_with_their_rule_and_tolerance(tmp_path):
    row = make_published(value=91.7, rule="last", protocol="tll", tolerance_points=1.0)
    runs = make_suite(["a->b"], ["source_only", "dann"], 2)
    table = build_table(runs, TableSpec("t", rules=("last", "oracle"), published=(row,)))
    html = write_report(runs, table, tmp_path / "r.html", versions={}).read_text()
    # both views, the task's table, and twice on the page of the cell
    assert html.count("91.7 <small>(last; tll)</small>") == 2 + 1 + 2
    # the rule's view, the task's table, the cell: not under the other rule
    assert html.count("≠<span") == html.count("published number, outside tolerance</span>") == 3


@pytest.fixture
def small():
    runs = make_suite(["a->b"], ["source_only"], 2)
    return runs, build_table(runs, TableSpec("t", rules=("last",)))


def test_twice_the_same_bytes(small, tmp_path):
    first = write_report(*small, tmp_path / "1.html", versions={}).read_bytes()
    assert write_report(*small, tmp_path / "2.html", versions={}).read_bytes() == first


def test_a_failure_leaves_the_old_report(small, tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("old")
    monkeypatch.setattr("pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "x")))
    with pytest.raises(InputError, match="the disk is full"):
        write_report(*small, path, versions={})
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_a_missing_folder_is_named(small, tmp_path):
    with pytest.raises(InputError, match=r"cannot write .*nowhere"):
        write_report(*small, tmp_path / "nowhere" / "report.html", versions={})
