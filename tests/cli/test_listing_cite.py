"""`xferlab list` and `xferlab cite`."""

import pytest

from xferlab.benchmark.suites.table import SUITES
from xferlab.cli.listing import sections
from xferlab.cli.main import main
from xferlab.data.catalogue.domains import DOMAINS
from xferlab.evaluation.validators.table import VALIDATORS
from xferlab.methods.table import ALL_METHODS
from xferlab.models.backbones import BACKBONES

pytestmark = pytest.mark.fast


def test_list_names_everything_with_a_line_each(capsys):
    assert main(["list"]) == 0
    out = capsys.readouterr().out
    for title, table in (("methods", ALL_METHODS), ("networks", BACKBONES), ("suites", SUITES)):
        assert title in out
        for name in [*table, *VALIDATORS]:
            assert f"  {name}" in out


def test_every_domain_has_a_line_or_shares_that_of_its_data_set():
    listed = {name for name, _ in dict(sections())["domains"]}
    for name in DOMAINS:
        assert name in listed or f"{name.split('/')[0]}/DOMAIN" in listed
    assert {"moons", "usps", "uci_har/DOMAIN", "office31/DOMAIN"} <= listed


def test_every_line_of_the_list_says_something():
    for _, rows in sections():
        assert rows
        for name, description in rows:
            assert name and len(description) > 5, name


def test_the_suites_and_their_tasks_are_listed():
    tables = dict(sections())
    assert [name for name, _ in tables["suites"]] == list(SUITES)
    assert ("moons->moons_35", "in suite quick") in tables["tasks"]


def test_cite_prints_the_paper(capsys):
    assert main(["cite", "dann"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("@article{ganin2016dann,") and "1505.07818" in out


def test_cite_says_that_there_is_no_paper(capsys):
    assert main(["cite", "source_only"]) == 0
    assert capsys.readouterr().out == "source_only has no paper of its own\n"
