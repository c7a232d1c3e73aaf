"""Checking: is a data set there, whole, and what it is known to be?

`sets/fingerprints.json` has `content_digest` of each domain of the data sets whose content is the
same in every form; images that are decoded, spectrograms and samples of a larger set are not such.
"""

from __future__ import annotations

import functools
import importlib.resources
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from xferlab.core.errors import InputError
from xferlab.data.catalogue.dataset import DataSet, Form
from xferlab.data.catalogue.load import check_raw, find_form, load_raw, plain_path, too_large
from xferlab.data.catalogue.plain_file import content_digest, is_plain
from xferlab.data.raw import RawDomain


class Finding(NamedTuple):
    """What was found of a domain, or of a data set as a whole (no domain)."""

    dataset: str
    domain: str
    state: str
    """'as known', 'whole' (no digest is known), 'listed' (images that are not decoded), 'missing',
    'differs' or 'damaged'."""
    counts: dict[str, list[int]]
    """Examples of each class, by split."""
    note: str = ""
    """What is wrong, or the digest."""


def check_dataset(dataset: DataSet, data_dir: Path) -> Iterator[Finding]:
    """Yields what is found of every domain of a data set: counts, digest, damage."""
    if is_missing(dataset, data_dir):
        yield Finding(dataset.name, "", "missing", {})
        return
    try:
        form = find_form(dataset, data_dir)
        listed = form if form is not None and too_large(*form) else None
    except InputError as error:
        yield Finding(dataset.name, "", "damaged", {}, str(error))
        return
    for domain in dataset.domains:
        try:
            if listed is None or is_plain(plain_path(data_dir, dataset, domain)):
                yield _check_domain(dataset, domain, data_dir)
            else:
                yield Finding(dataset.name, domain, "listed", _list_images(*listed, domain))
        except InputError as error:
            yield Finding(dataset.name, domain, "damaged", {}, str(error))


def is_missing(dataset: DataSet, data_dir: Path) -> bool:
    """Tells whether neither a plain file nor a form is there."""
    plain = any(is_plain(plain_path(data_dir, dataset, name)) for name in dataset.domains)
    return not plain and find_form(dataset, data_dir) is None


@functools.cache
def known_digests() -> dict[str, dict[str, str]]:
    """Returns the digests of known content by data set and domain."""
    file = importlib.resources.files("xferlab.data.catalogue.sets").joinpath("fingerprints.json")
    return json.loads(file.read_text("utf-8"))


def _check_domain(dataset: DataSet, domain: str, data_dir: Path) -> Finding:
    """Reads a domain and compares it with what is known."""
    raw = load_raw(dataset, data_dir, [domain])[domain]
    check_raw(dataset, domain, raw)
    found = content_digest(raw)
    known = known_digests().get(dataset.name, {}).get(domain, "")
    if known and found != known:
        note = f"the digest is {found}, of the published data {known}; get the data set anew"
        return Finding(dataset.name, domain, "differs", _count(raw), note)
    return Finding(dataset.name, domain, "as known" if known else "whole", _count(raw), found)


def _count(raw: RawDomain) -> dict[str, list[int]]:
    """Returns the number of examples of each class by split."""
    splits = {"all": raw.train} if raw.test is None else {"train": raw.train, "test": raw.test}
    k = len(raw.class_names)
    return {name: np.bincount(split.labels, minlength=k).tolist() for name, split in splits.items()}


def _list_images(form: Form, folder: Path, domain: str) -> dict[str, list[int]]:
    """Returns the number of image files of each class by split; none is opened."""
    tree = form.tree
    if tree is None:
        return {}
    counts = {}
    for split in tree.split_names(domain):
        labels = [label for _, label in tree.examples(folder, domain, split=split)]
        counts[split] = np.bincount(labels, minlength=len(tree.class_names)).tolist()
    return counts
