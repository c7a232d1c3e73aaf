"""The report: well formed, self-contained, escaped, written whole or not at all."""

import base64
import dataclasses
from html.parser import HTMLParser

import numpy as np
import pytest

from tests.benchmark.factory import make_pictures, make_plane, make_run, make_suite
from xferlab.benchmark.report import write_report
from xferlab.benchmark.tables import TableSpec, build_table
from xferlab.core.errors import InputError

EVIL = '<script>alert("x")</script>'
VOID = {"meta", "img", "link", "br", "hr", "input"}


class Reader(HTMLParser):
    """Checks nesting and collects tags with their attributes, and the text."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    generator = np.random.default_rng(0)
    runs = make_suite(["a->b", "b->a", "moons->rotated"], ["source_only", "dann", EVIL], 2)
    pictures = make_pictures(generator, n=40)
    runs = [dataclasses.replace(r, **pictures) if r.seed == 0 else r for r in runs]
    runs[-2] = dataclasses.replace(runs[-2], plane=make_plane(generator))
    runs.append(make_run("a->b", "mcd", 0, diverged=True))
    spec = TableSpec("Quick & small", rules=("last", "snd", "oracle"), protocol=("10 steps.",))
    path = tmp_path_factory.mktemp("report") / "report.html"
    references = {"dann": "Ganin et al., https://arxiv.org/abs/1505.07818."}
    written = write_report(
        runs, build_table(runs, spec), path, versions={"jax": "0.10.2"}, references=references
    )
    assert written == path
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    reader.close()
    return reader


def test_is_well_formed(page):
    assert page.open == []
    tags = [tag for tag, _ in page.tags]
    assert tags.count("html") == tags.count("h1") == 1


def test_needs_nothing_from_outside(page):
    for tag, attributes in page.tags:
        assert tag not in ("script", "link", "iframe")
        assert not {"srcset", "background", "onload", "onclick"} & set(attributes)
        assert attributes.get("src", "data:").startswith("data:image/png;base64,") or tag != "img"
    style = next(text for text in page.text if ":root" in text)
    assert "url(" not in style
    assert "@import" not in style


def test_links_are_plain_and_end_where_the_address_ends(page):
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    assert links == ["https://arxiv.org/abs/1505.07818"]


def test_names_are_escaped(page):
    assert EVIL in " ".join(page.text)
    assert not any(tag == "script" for tag, _ in page.tags)


def test_has_every_section(page):
    text = " ".join(page.text)
    for needle in (
        *("Quick & small", "Protocol", "10 steps.", "Results", "Selection rules"),
        *("Source × target", "Task a->b", "Task moons->rotated", "Divergences", "Cost"),
        *("seconds in all", "Versions and devices", "0.10.2", "USES TARGET LABELS"),
        *("domain", "42", "1 of 1 diverged", "All numbers", "p_holm"),
    ):
        assert needle in text, needle


def test_has_every_picture(page):
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    # heat map; curves and confusion per task; one plane; features per task and method
    assert len(images) == 1 + 2 * 3 + 1 + 3 * 3
    for image in images:
        assert image["alt"]
        data = base64.b64decode(image["src"].split(",")[1], validate=True)
        assert data.startswith(b"\x89PNG")


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
