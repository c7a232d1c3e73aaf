"""Text of users stays text, wherever a report shows it."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import xferlab.benchmark.html
from tests.benchmark.factory import make_pictures, make_run
from tests.benchmark.html.test_report import make_published
from tests.benchmark.pages import Reader
from xferlab.benchmark.figures.panels import confusion_figure
from xferlab.benchmark.html.report import make_report
from xferlab.benchmark.html.sections import Extras, Section
from xferlab.benchmark.store.records import MissingRun
from xferlab.benchmark.tables.per_task import build_table
from xferlab.benchmark.tables.spec import TableSpec
from xferlab.benchmark.text.per_task import Block, Cell

ROOT = Path(xferlab.benchmark.html.__file__).parent


def evil(place):
    """A text that breaks out of an element, or of an attribute in either quotes, if it can."""
    return f'{place}</td><evil a="1">&amp;{{{{ 1 }}}}\'" onload=\'x'


BASE, METHOD, TASK = evil("baseline"), evil("method"), f"{evil('source')}->{evil('target')}"
GAP = "<evil>'&amp;"
OTHER = f"{evil('other')}->b"
PLACES = (
    *("baseline", "method", "source", "other", "class 0", "class 13", "hyper", "digest", "term"),
    *("curve", "title", "protocol", "version name", "version", "cited", "citation", "heading"),
    *("note", "frame", "column", "value", "block", "head", "cell", "caption", "lost", "state"),
    *("rule", "publication", "absent", "sweep"),
)
"""Everything of a report that someone else wrote, by the word that `evil` begins with."""


def make_extras():
    frame = pd.DataFrame({evil("column"): [evil("value")]})
    block = Block("all", (evil("head"), "n"), ((Cell(evil("cell")), Cell("1")),))
    section = Section(
        evil("heading"),
        notes=(evil("note"),),
        tables={evil("frame"): frame, evil("block"): block},
        figures={evil("caption"): confusion_figure({"dann": np.eye(2)})},
    )
    problems = (MissingRun(evil("lost"), evil("state")),)
    # Few classes have a table and a legend, many an image and a list.
    names = {TASK: [evil(f"class {i}") for i in range(10)]}
    names[OTHER] = [evil(f"class {i}") for i in range(14)]
    return Extras(sections=(section,), problems=problems, class_names=names)


@pytest.fixture(scope="module")
def page():
    pictures = make_pictures(np.random.default_rng(0), n=40)
    curve = pictures["curve"]
    pictures["curve"] = dataclasses.replace(curve, terms={evil("curve"): curve.terms["domain"]})
    many = np.zeros((14, 14), int)
    many[2, 13] = 5
    runs = [
        make_run(task, method, seed, accuracy=(level + seed / 100,) * 3)
        for task in (TASK, OTHER)
        for method, level in ((BASE, 0.8), (METHOD, 0.6))
        for seed in range(6)
    ]
    runs[0] = dataclasses.replace(runs[0], **pictures)
    swept = {"hyper": evil("sweep"), "curve": curve}
    runs[12:18] = [dataclasses.replace(run, **swept) for run in runs[12:18]]
    runs[12] = dataclasses.replace(runs[12], confusion=many)
    runs.append(make_run(TASK, METHOD, 0, hyper=evil("hyper"), digest=evil("digest")))
    lost = make_run(TASK, METHOD, 7, diverged=True)
    runs.append(dataclasses.replace(lost, diverged_term=evil("term")))
    row = make_published(task=TASK, method=METHOD, value=90.0, tolerance_points=1.0)
    row = dataclasses.replace(row, rule=evil("rule"), protocol=evil("publication"))
    spec = TableSpec(
        evil("title"),
        baseline=BASE,
        rules=("last", "snd"),
        protocol=(evil("protocol"),),
        published=(row,),
        missing=(MissingRun("0", GAP, task=OTHER, method=evil("absent"), seed=0),),
    )
    versions = {evil("version name"): evil("version")}
    cited = {evil("cited"): evil("citation")}
    return Reader(make_report(runs, build_table(runs, spec), versions, cited, make_extras()))


def test_no_text_becomes_a_tag_or_an_attribute(page):
    assert page.open == []
    assert "<evil" not in page.html
    for tag, attributes in page.tags:
        assert tag != "evil"
        assert not {"a", "onload"} & set(attributes)


@pytest.mark.parametrize("place", PLACES)
def test_every_text_is_shown_as_it_is(page, place):
    assert evil(place) in "".join(page.text)


def test_texts_within_sentences_are_shown_as_they_are(page):
    text = "".join(page.text)
    assert f"1 of 1 missing: {GAP}" in text
    assert f"Hyper-parameters {evil('sweep')}; a line a seed" in text


@pytest.mark.parametrize(
    ("tag", "attribute", "texts"),
    [
        ("img", "alt", [evil("caption"), METHOD]),
        ("svg", "aria-label", [evil("curve")]),
        ("div", "aria-label", [evil("frame"), evil("block"), TASK]),
        ("span", "title", [f"worse than {BASE} by"]),
    ],
)
def test_a_text_in_an_attribute_ends_with_the_attribute(page, tag, attribute, texts):
    values = [attributes.get(attribute, "") for attributes in page.attributes(tag)]
    for text in texts:
        assert [value for value in values if text in value], text


def test_a_name_in_an_svg_is_text(page):
    assert f"<title>{evil('class 1')}" not in page.html
    assert re.search(r"<title>class \d&lt;/td&gt;&lt;evil a=&#34;1", page.html)


@pytest.mark.parametrize("ending", [">", '"', "'", "&quot;", "</li>", ")", ", "])
def test_an_address_becomes_a_link_that_ends_where_it_ends(ending):
    runs = [make_run(method="source_only")]
    table = build_table(runs, TableSpec("t", rules=("last",)))
    address = "https://a.org/x?b=1&c=2"
    references = {"m": f"<{address}{ending}"}
    page = Reader(make_report(runs, table, {}, references, Extras()))
    hrefs = [a["href"] for a in page.attributes("a") if not a["href"].startswith("#")]
    assert hrefs == [address + {"&quot;": "&quot"}.get(ending, "")]
    assert f"m: <{address}{ending}" in "".join(page.text)


def test_markup_is_in_templates_and_what_is_not_escaped_is_counted():
    """A new `safe` is a decision: it is listed here with the reason in `rendering.py`."""
    for path in ROOT.glob("*.py"):
        code = path.read_text("utf-8")
        assert not re.search(r"html\.escape|from html import|Markup|</?[a-z]+[ >]", code), path.name
    templates = {path.name: path.read_text("utf-8") for path in (ROOT / "templates").glob("*")}
    unescaped = [
        (name, found)
        for name, text in sorted(templates.items())
        for found in re.findall(r"(\S+) \| safe\b", text)
    ]
    assert unescaped == [
        ("report.html", "style"),
        ("report.html", "script"),
    ]
    for text in templates.values():
        assert len(re.findall(r"\bsafe\b", text)) == len(re.findall(r" \| safe }}", text))
        assert "autoescape" not in text
