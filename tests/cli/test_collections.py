"""`--suite=COLLECTION`: several suites, one overview, and methods that fit some of them."""

import dataclasses
import re

import pytest

from tests.benchmark.tiny import build_tiny, two_heads_suite
from xferlab.benchmark.suites.table import COLLECTIONS, SUITES, Collection
from xferlab.cli.main import main
from xferlab.core.names import NameTable
from xferlab.core.settings import Setting

BOTH = {"both": Collection("both: two settings", ("tiny", "unseen"))}


def unseen(request):
    """The tiny suite with nothing of the target, and two heads."""
    suite = two_heads_suite(request.steps or 6, methods=("source_only", "group_dro"))
    (each,) = suite.tasks
    task = each.task.with_setting(Setting.DOMAIN_GENERALISATION)
    header = dataclasses.replace(
        suite.header, name="unseen", title="unseen: two moons", validator="source_accuracy"
    )
    return dataclasses.replace(suite, header=header, tasks=(dataclasses.replace(each, task=task),))


@pytest.fixture(autouse=True)
def both(monkeypatch):
    suites = NameTable("suite", {"tiny": build_tiny, "unseen": unseen})
    for command in ("bench", "train"):
        monkeypatch.setattr(f"xferlab.cli.{command}.SUITES", suites)
    for command in ("bench", "train", "report"):
        monkeypatch.setattr(
            f"xferlab.cli.{command}.COLLECTIONS", NameTable("collection of suites", BOTH)
        )


def gains(folder):
    """The rows of the overview's first table."""
    text = (folder / "both.md").read_text().split("\n## ")[0]
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith(("| tiny ", "| unseen "))
    ]


def test_one_overview_of_every_suite_and_metric(tmp_path, capsys):
    assert main(["bench", "--suite=both", f"--out={tmp_path}"]) == 0
    assert "overview: " in capsys.readouterr().out
    rows = gains(tmp_path)
    assert [(suite, method) for suite, _, _, method, *_ in rows] == [
        ("tiny", "source_only"),
        *[("unseen", method) for method in ("source_only", "group_dro")] * 2,
    ]
    assert [row[-1] == "the baseline" for row in rows] == [True, True, False, True, False]
    text = (tmp_path / "both.md").read_text()
    for suite in ("tiny", "unseen"):
        own = (tmp_path / f"{suite}.md").read_text()
        assert own.split("\n### Over all")[0].strip() in text
    page = (tmp_path / "both.html").read_text()
    links = re.findall(r'<a href="([^"#:]+)">', page)
    assert links == ["tiny.html", "unseen.html"]
    assert all((tmp_path / link).is_file() for link in links)
    before = (tmp_path / "both.md").read_bytes()
    (tmp_path / "both.md").unlink()
    assert main(["report", f"--out={tmp_path}"]) == 0
    assert (tmp_path / "both.md").read_bytes() == before


def test_a_method_runs_where_its_needs_allow_and_the_rest_is_said(tmp_path, capsys):
    assert main(["bench", "--suite=both", "--method=dann", f"--out={tmp_path}"]) == 0
    assert "dann is left out of unseen: " in capsys.readouterr().err
    shown = {(suite, method) for suite, _, _, method, *_ in gains(tmp_path)}
    assert ("tiny", "dann") in shown and ("unseen", "dann") not in shown


def test_a_method_that_no_suite_can_run_is_an_error(tmp_path, capsys):
    flags = ["--suite=both", "--methods=osbp", "--metric=nothing", f"--out={tmp_path}"]
    assert main(["bench", *flags]) == 2
    assert "no suite of 'both' can run what is asked for: osbp" in capsys.readouterr().err


def test_what_the_last_suite_refuses_is_said_before_the_first_trains(tmp_path, capsys):
    """The target of the second suite is hidden from validators."""
    flags = ["--suite=both", "--validator=information_maximisation", f"--out={tmp_path / 'runs'}"]
    assert main(["bench", *flags]) == 2
    assert "validator 'information_maximisation' looks at the target" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_train_takes_one_suite(tmp_path, capsys):
    assert main(["train", "--suite=both", f"--out={tmp_path}"]) == 2
    assert "Choose a suite of it: tiny, unseen" in capsys.readouterr().err


@pytest.mark.fast
def test_collections_name_suites_and_share_no_name_with_them():
    for name, collection in COLLECTIONS.items():
        assert name not in SUITES and set(collection.suites) <= set(SUITES)
        assert len(set(collection.suites)) == len(collection.suites)
