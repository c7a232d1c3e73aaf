"""The papers behind the methods: entries of the packaged references.bib.

pybtex reads them. It is imported where it is needed: most commands cite nothing.
"""

from __future__ import annotations

import functools
import importlib.resources

from xferlab.core.errors import unknown_name

VENUES = ("booktitle", "journal", "howpublished", "publisher")
"""Fields that say where a paper stands; the first that an entry has counts."""


@functools.cache
def load_entries() -> dict[str, str]:
    """Returns the BibTeX entries by key, as they stand in the file."""
    from pybtex.database.input.bibtex import LowLevelParser

    text = importlib.resources.files("xferlab").joinpath("references.bib").read_text("utf-8")
    parser = LowLevelParser(text)
    return {str(key): text[parser.command_start : parser.pos] for _, (key, _) in parser}


def bibtex(key: str) -> str:
    """Returns the BibTeX entry of a key. Raises InputError for an unknown one."""
    if key not in load_entries():
        raise unknown_name("reference", key, load_entries())
    return load_entries()[key]


def citation(key: str) -> str:
    """Returns an entry in one line of Unicode: authors, title, venue, year.

    Raises:
        InputError: no such entry.
    """
    from pybtex.database import parse_string

    entry = parse_string(bibtex(key), "bibtex").entries[key]
    fields = {name: _plain(value) for name, value in entry.fields.items()}
    authors = ", ".join(_plain(str(person)) for person in entry.persons.get("author", ()))
    venue = next((fields[kind] for kind in VENUES if kind in fields), "")
    parts = [authors, fields.get("title", ""), venue]
    text = ". ".join(part for part in parts if part) + f", {fields.get('year', '')}."
    return text + (f" arXiv:{fields['eprint']}." if "eprint" in fields else "")


def _plain(latex: str) -> str:
    """Returns text without braces and commands of LaTeX; accents are letters of Unicode."""
    from pybtex.richtext import Text

    return str(Text.from_latex(latex))
