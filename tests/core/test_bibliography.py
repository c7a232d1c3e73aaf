"""The bibliography as a whole and in one line."""

import re
import subprocess
import sys
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
    for entry in load_entries().values():  # As it stands in the file, from line to line.
        assert f"\n{entry}\n" in text


@pytest.mark.parametrize("key", load_entries())
def test_an_entry_is_balanced_and_its_citation_complete(key):
    entry = bibtex(key)
    assert entry.startswith("@") and entry.endswith("}")
    assert entry.count("{") == entry.count("}")
    line = citation(key)
    assert "\n" not in line and not set("{}\\\\$~") & set(line)
    assert re.search(r"\b(19|20)\d\d\.", line), line
    assert len(line.split(". ")) >= 3, line


def test_one_citation():
    line = citation("ganin2016dann")
    for part in ("Ganin, Yaroslav", "Domain-Adversarial Training", "2016.", "arXiv:1505.07818"):
        assert part in line


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("ganin2016dann", ["Laviolette, François"]),
        ("gretton2012mmd", ["Schölkopf, Bernhard"]),
        ("lecun1998mnist", ["Bottou, Léon"]),
        ("almeida2011sms", ["Gómez Hidalgo, José María"]),
        ("stisen2015hhar", ["Kjærgaard, Mikkel Baun", "Jensen, Mads Møller"]),
    ],
)
def test_accents_are_letters_in_a_citation_and_latex_in_the_entry(key, names):
    for name in names:
        assert name in citation(key)
    assert "{\\" in bibtex(key)


def test_what_is_read_for_a_citation_is_not_loaded_before():
    code = (
        "import sys; from xferlab.cli.main import main; main([]); main(['list'])\n"
        "print('pybtex' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("False\n")


def test_an_unknown_key_names_the_closest():
    with pytest.raises(InputError, match="Did you mean: ganin2016dann"):
        bibtex("ganin2016dan")
