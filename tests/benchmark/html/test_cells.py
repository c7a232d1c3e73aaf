"""The page of a cell: runs under every rule, curves of every term, confusion, features."""

import dataclasses
import re

import numpy as np
import pytest

from tests.benchmark.factory import make_pictures, make_run
from tests.benchmark.pages import Reader, cell_page
from xferlab.benchmark.html.pictures import MOST_CLASSES, feature_panels
from xferlab.benchmark.html.report import write_report
from xferlab.benchmark.html.sections import Extras
from xferlab.benchmark.store.records import Curve, Embedding
from xferlab.benchmark.tables.per_task import build_table
from xferlab.benchmark.tables.spec import TableSpec

SPEC = TableSpec("t", rules=("last", "snd", "oracle"))


def report(path, runs, **extras):
    table = build_table(runs, SPEC)
    out = path / "report.html"
    return write_report(runs, table, out, versions={}, extras=Extras(**extras)).read_text()


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    generator = np.random.default_rng(1)
    runs = [make_run(method="source_only", seed=seed, digest=f"base{seed}") for seed in range(3)]
    accuracy, score = (0.5, 0.9, 0.7), (0.9, 0.1, 0.2)
    runs += [
        make_run(seed=s, digest=f"dann{s}", accuracy=accuracy, score=score, hyper=hyper)
        for hyper in ("", '{"weight":0.5}')
        for s in range(2)
        if not (hyper and s)
    ]
    runs.append(make_run(seed=2, digest="lost", diverged=True))
    runs[3] = dataclasses.replace(runs[3], **make_pictures(generator, n=40))
    names = tuple(f"digit {label}" for label in range(10))
    return report(tmp_path_factory.mktemp("cells"), runs, class_names={"a->b": names})


@pytest.fixture(scope="module")
def page(html):
    return cell_page(html, "cell-1-2")


def test_every_run_has_its_scores_status_seconds_and_folder(page):
    text = " ".join(" ".join(page.text).split())
    assert "0 defaults done 70.0 step 300 50.0 step 100 90.0 step 200 2.0 dann0" in text
    assert "diverged at step 42 in domain" in text and "lost" in text
    assert '{"weight":0.5}' in text


def test_every_named_term_and_the_metric_has_a_curve(page):
    names = [drawing["aria-label"].split(":")[0] for drawing in page.attributes("svg")[:4]]
    terms = [f"loss term {name}, unweighted" for name in ("classification", "domain", "entropy")]
    assert names == ["accuracy in percent, on target test", *terms]


def test_confusion_has_the_names_of_the_classes(page):
    text = " ".join(page.text)
    assert "Confusion on target test at the last step, seed 0" in text
    matrix = text.split("predicted →")[1].split("Features before")[0]
    assert matrix.count("digit 3") == 2  # a row and a column


def test_features_before_and_after(page):
    names = [drawing["aria-label"] for drawing in page.attributes("svg")[4:]]
    assert names == [
        f"{when} training, by {what}"
        for when in ("before", "after")
        for what in ("domain", "class")
    ]
    legend = " ".join(page.text).split("digit 0")[-1]
    assert [f"digit {label}" in legend for label in range(1, 10)] == [True] * 9


@pytest.mark.parametrize("labels", [np.arange(150) % 2, np.arange(150) // 75])
def test_features_of_sorted_and_of_alternating_classes_are_of_both(labels):
    features = np.random.default_rng(0).normal(size=(300, 2))
    embedding = Embedding(features, features, np.repeat([0, 1], 150), np.tile(labels, 2))
    by_class = feature_panels(embedding, ("cat", "dog"))["drawings"][1]
    for name in ("cat", "dog"):
        groups = re.findall(rf'd="([^"]*)"><title>{name}<', by_class)
        assert [36 < group.count("M") < 39 for group in groups] == [True, True]


def test_a_cell_is_hidden_until_its_address_is_opened(html):
    style = re.search(r"<style>(.*?)</style>", html, re.S).group(1)
    assert ".cell { display: none; }" in style and ".cell:target { display: block;" in style


def test_a_run_without_pictures_has_a_page(html):
    page = cell_page(html, "cell-1-1")
    assert len(page.attributes("svg")) == 1  # the metric
    assert not page.attributes("img")


def test_a_cell_of_diverged_runs_alone_shows_their_curves(tmp_path):
    curve = Curve([10, 20, 30], {"domain": [1.0, float("nan"), 3.0]})
    runs = [make_run(method="source_only"), make_run(diverged=True, curve=curve)]
    page = cell_page(report(tmp_path, runs), "cell-1-2")
    assert [d["aria-label"].split(":")[0] for d in page.attributes("svg")] == [
        "loss term domain, unweighted"
    ]


def confusion(folder, counts, names=()):
    """The confusion matrix on the page of a cell."""
    html = report(
        folder, [make_run(method="source_only", confusion=counts)], class_names={"a->b": names}
    )
    page = re.search(r'<article class="cell" id="cell-1-1".*?</article>', html, re.S).group()
    return Reader("<article>" + page.split("seed 0</h4>")[1])


def test_confusion_counts_are_shaded_by_their_share(tmp_path):
    page = confusion(tmp_path, np.array([[3, 1], [0, 0]]))
    shades = [attributes.get("style") for attributes in page.attributes("td")]
    assert shades == [
        "background:rgba(var(--right),0.56)",
        "background:rgba(var(--wrong),0.14)",
        None,
        None,
    ]


def test_many_classes_are_an_image_and_the_worst_pairs(tmp_path):
    counts = 5 * np.eye(MOST_CLASSES + 1, dtype=int)
    counts[2, 7] = 15
    page = confusion(tmp_path, counts, [f"c{i}" for i in range(len(counts))])
    assert len(page.attributes("img")) == 1
    text = " ".join(" ".join(page.text).split())
    assert text.endswith("percent of the class c2 c7 15 75.0")
