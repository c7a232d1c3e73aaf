"""Reading data sets of the catalogue: from their plain files, else from the form that is there.

The plain form itself is in `plain_file`, the data sets are in `sets`.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xferlab.core.errors import InputError, unknown_name
from xferlab.data.catalogue import image_tree
from xferlab.data.catalogue.dataset import DataSet, Form
from xferlab.data.catalogue.plain_file import is_plain, read_plain
from xferlab.data.catalogue.sets.table import DATA_SETS
from xferlab.data.domain import Domain
from xferlab.data.raw import RawDomain
from xferlab.data.readers.archives import UNPACKING
from xferlab.data.readers.arrays import domain_from_arrays

MOST_NAMES = 6
IMAGE_BYTES = 224 * 224 * 3
"""What an image takes as `read_image_tree` decodes it."""


def plain_path(data_dir: Path, dataset: DataSet, domain: str) -> Path:
    """Returns where the plain form of a domain is, or would be."""
    return data_dir / dataset.name / f"{domain}.npz"


def load_raw(
    dataset: DataSet | str, data_dir: str | Path | None, domains: Sequence[str] | None = None
) -> dict[str, RawDomain]:
    """Returns domains of a data set: from plain files, else from the first form that is there.

    A form of several domains is read as a whole and kept (`forget_forms` drops it), so that asking
    for them one by one reads its files once.

    Args:
        dataset: an entry of the catalogue or its name.
        data_dir: the folder that has the folder of the data set.
        domains: their names; by default all.

    Raises:
        InputError: an unknown name, data that are missing (the message says what to do), or
            damaged.
    """
    dataset = DATA_SETS[dataset] if isinstance(dataset, str) else dataset
    names = dataset.domains if domains is None else tuple(domains)
    for name in names:
        if name not in dataset.domains:
            raise unknown_name(f"domain of {dataset.name}", name, dataset.domains)
    if data_dir is None:
        raise InputError(
            f"{dataset.name} is read from disk; give the folder by --data_dir=DIR."
            f" `xferlab data prepare {dataset.name} --data_dir=DIR` gets it, or `xferlab data"
            " import FOLDER --data_dir=DIR` takes it from files that you have"
        )
    folder = Path(data_dir)
    paths = {name: plain_path(folder, dataset, name) for name in names}
    if all(is_plain(path) for path in paths.values()):
        return {name: _with_size(dataset, name, read_plain(path)) for name, path in paths.items()}
    found = find_form(dataset, folder)
    if found is None:
        raise missing_error(
            dataset, folder, [name for name, path in paths.items() if not is_plain(path)]
        )
    form, place = found
    read = read_form(form, place) if len(dataset.domains) > 1 else form.read(place)
    absent = [name for name in names if name not in read]
    if absent:
        raise InputError(
            f"{dataset.name}: {form.title} in {place} has no domain {', '.join(absent)}."
            f" It has {', '.join(read) or 'none'}; copy the missing files there too"
        )
    return {name: _with_size(dataset, name, read[name]) for name in names}


def size_note(dataset: DataSet, domain: str, raw: RawDomain) -> str:
    """Returns that a domain has not as many examples as the published one; '' if it has."""
    found, published = count_examples(raw), dataset.examples.get(domain, 0)
    if not published or found == published:
        return ""
    return f"it has {found} examples, of the {published} of {dataset.title.partition(':')[0]}"


def count_examples(raw: RawDomain) -> int:
    """Returns the number of examples in all splits."""
    return sum(len(split.labels) for split in (raw.train, raw.test) if split is not None)


def _with_size(dataset: DataSet, domain: str, raw: RawDomain) -> RawDomain:
    note = size_note(dataset, domain, raw)
    return raw._replace(notes=(note,)) if note else raw


def find_form(
    dataset: DataSet, data_dir: Path, *, folder: Path | None = None
) -> tuple[Form, Path] | None:
    """Returns the first form whose marker is there, and its folder; None without one.

    Where unpacking an archive was interrupted there is none.

    Args:
        dataset: whose forms are looked for.
        data_dir: has the folders of the data sets.
        folder: looked into instead of the folder in `data_dir`.
    """
    for form in dataset.forms:
        place = folder or data_dir / (form.folder or dataset.name)
        if not place.is_dir() or (place / UNPACKING).exists():
            continue
        if next(place.glob(form.marker), None) is not None:
            return form, place
    return None


@functools.lru_cache(maxsize=2)
def read_form(form: Form, folder: Path) -> Mapping[str, RawDomain]:
    """Returns every domain of a form; the last two are kept, so that each is read once."""
    return form.read(folder)


def too_large(form: Form, folder: Path) -> bool:
    """Tells whether the images of a form are too many to be decoded into memory."""
    if form.tree is None:
        return False
    images = sum(1 for domain in form.tree.places for _ in form.tree.examples(folder, domain))
    return images * IMAGE_BYTES > image_tree.MAX_BYTES


def forget_forms() -> None:
    """Drops the forms that are kept in memory; needed only where their files change meanwhile."""
    read_form.cache_clear()


def missing_error(dataset: DataSet, data_dir: Path, domains: Sequence[str]) -> InputError:
    """Returns the error for domains that are nowhere: where they were looked for, what to do."""
    shown = ", ".join(domains if len(domains) <= MOST_NAMES else (*domains[:MOST_NAMES], "..."))
    places = [f"{plain_path(data_dir, dataset, domains[0])} (the plain form)"]
    places += [
        f"{data_dir / (form.folder or dataset.name)}/{form.marker} ({form.title})"
        for form in dataset.forms
    ]
    return InputError(
        f"{dataset.name} is not there, or not whole: no domain {shown}."
        f" Looked for: {'; '.join(places)}."
        f" `xferlab data prepare {dataset.name} --data_dir={data_dir}` gets or converts it."
        f" {dataset.by_hand}".rstrip()
    )


def domain_of(
    dataset: DataSet | str,
    domain: str,
    data_dir: str | Path | None,
    *,
    split: str | float = "published",
    seed: int = 0,
) -> Domain:
    """Returns a domain of a data set with the training and test split that a protocol asks for.

    Args:
        dataset: an entry of the catalogue or its name.
        domain: its name.
        data_dir: the folder that has the folder of the data set.
        split: see `split_raw`.
        seed: of a random split.

    Raises:
        InputError: see `load_raw`, `split_raw` and `Domain`.
    """
    raw = load_raw(dataset, data_dir, [domain])[domain]
    return split_raw(domain, raw, split=split, seed=seed)


def split_raw(
    name: str, raw: RawDomain, *, split: str | float = "published", seed: int = 0
) -> Domain:
    """Returns the checked domain with the split that a protocol asks for.

    Args:
        name: of the domain.
        raw: its examples.
        split: "published"; "transductive": the training examples are the test examples too; or
            the fraction of the training examples that is drawn for testing, class by class. The
            last two leave a published test split out; where there is none, `raw.train` is all.
        seed: of the draw.

    Raises:
        InputError: no split is published, an unknown split, or no valid domain.
    """
    inputs, labels = raw.train
    if split == "published":
        if raw.test is None:
            raise InputError(
                f"domain {name!r} has no published test split. Allowed: split='transductive', or"
                " the fraction to hold out, such as 0.2"
            )
        test: Any = tuple(raw.test)
    elif split == "transductive":
        test = (inputs, labels)
    elif isinstance(split, float):
        test = split
    else:
        raise unknown_name("split", str(split), ("published", "transductive", "a fraction as 0.2"))
    names = raw.class_names
    domain = domain_from_arrays(name, inputs, labels, class_names=names, test=test, seed=seed)
    return dataclasses.replace(domain, notes=(*domain.notes, *raw.notes)) if raw.notes else domain


def check_raw(dataset: DataSet, name: str, raw: RawDomain) -> None:
    """Raises InputError unless the domain is valid and its classes are the data set's."""
    if raw.class_names != dataset.class_names:
        raise InputError(
            f"{dataset.name}/{name} has the classes {list(raw.class_names)}. Expected:"
            f" {list(dataset.class_names)}; get the data set anew"
        )
    split_raw(f"{dataset.name} {name}", raw, split="published" if raw.test else "transductive")
