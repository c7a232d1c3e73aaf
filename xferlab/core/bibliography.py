"""The papers behind the methods: entries of the packaged references.bib."""

from __future__ import annotations

import functools
import importlib.resources
import re

from xferlab.core.errors import unknown_name


@functools.cache
def load_entries() -> dict[str, str]:
    """Returns the BibTeX entries by key, as they stand in the file."""
    text = importlib.resources.files("xferlab").joinpath("references.bib").read_text("utf-8")
    entries = re.findall(r"(^@\w+\{([^,\s]+),.*?^\})", text, flags=re.MULTILINE | re.DOTALL)
    return {key: entry for entry, key in entries}


def bibtex(key: str) -> str:
    """Returns the BibTeX entry of a key. Raises InputError for an unknown one."""
    if key not in load_entries():
        raise unknown_name("reference", key, load_entries())
    return load_entries()[key]


def citation(key: str) -> str:
    """Returns an entry in one line: authors, title, venue, year."""
    entry = bibtex(key)
    fields = dict(re.findall(r"(\w+)\s*=\s*\{(.*?)\},?\s*$", entry, flags=re.MULTILINE))
    kinds = ("booktitle", "journal", "howpublished", "publisher")
    venue = next((fields[kind] for kind in kinds if kind in fields), "")
    parts = [fields.get("author", "").replace(" and ", ", "), fields.get("title", ""), venue]
    text = ". ".join(part for part in parts if part) + f", {fields.get('year', '')}."
    eprint = f" arXiv:{fields['eprint']}." if "eprint" in fields else ""
    return re.sub(r"[{}]", "", text + eprint)
