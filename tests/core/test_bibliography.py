"""The bibliography as a whole and in one line."""

import re
from importlib import resources

import pytest

from xferlab.core.bibliography import bibtex, citation, load_entries
from xferlab.core.errors import InputError

pytestmark = pytest.mark.fast


def test_every_entry_is_found_once():
    text = resources.files("xferlab").joinpath("references.bib").read_text("utf-8")
    keys = re.findall(r"^@\w+\{\s*([^,\s]+)", text, flags=re.MULTILINE)
    assert len(set(keys)) == len(keys)
    assert list(load_entries()) == keys


@pytest.mark.parametrize("key", load_entries())
def test_an_entry_is_balanced_and_its_citation_complete(key):
    entry = bibtex(key)
    assert entry.startswith("@") and entry.endswith("}")
    assert entry.count("{") == entry.count("}")
    line = citation(key)
    assert "\n" not in line and not set("{}") & set(line)
    assert re.search(r"\b(19|20)\d\d\.", line), line
    assert len(line.split(". ")) >= 3, line


def test_one_citation():
    line = citation("ganin2016dann")
    for part in ("Ganin, Yaroslav", "Domain-Adversarial Training", "2016.", "arXiv:1505.07818"):
        assert part in line


def test_an_unknown_key_names_the_closest():
    with pytest.raises(InputError, match="Did you mean: ganin2016dann"):
        bibtex("ganin2016dan")
