"""Importing: every data set that is found in a folder, in any known form, is written plainly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from xferlab.core.errors import InputError
from xferlab.data.catalogue.dataset import DataSet
from xferlab.data.catalogue.load import (
    check_raw,
    count_examples,
    find_form,
    forget_forms,
    read_form,
    size_note,
)
from xferlab.data.catalogue.plain_file import content_digest, is_plain, read_plain, write_plain
from xferlab.data.catalogue.sets.table import DATA_SETS
from xferlab.data.raw import RawDomain


class Imported(NamedTuple):
    """What became of a domain, or of a data set that failed as a whole (no domain)."""

    dataset: str
    domain: str
    outcome: str
    """'written', 'there already', 'kept' (what is there differs), or 'failed'."""
    examples: int = 0
    note: str = ""
    """Why it was kept or failed; or that it has another size than the published data."""


def import_folder(
    source: Path, data_dir: Path, *, names: Sequence[str] = (), overwrite: bool = False
) -> Iterator[Imported]:
    """Writes all that is found in a folder in the plain form; yields each domain when it is done.

    A data set is looked for in the folder of its name (or of its form's) in `source`, and in
    `source` itself if that has this name or `names` is this data set alone.

    Args:
        source: a folder with data sets, or of one.
        data_dir: gets the plain form.
        names: of the data sets that are looked for; by default all of the catalogue.
        overwrite: replaces plain files with other content.

    Raises:
        InputError: no such folder, an unknown name, or nothing known in it.
    """
    if not source.is_dir():
        raise InputError(f"there is no folder {source}; give the one that has the data sets")
    chosen = [DATA_SETS[name] for name in names or DATA_SETS]
    found = 0
    for dataset in chosen:
        for imported in _import_one(dataset, source, data_dir, len(chosen) == 1, overwrite):
            found += 1
            yield imported
        forget_forms()
    if not found:
        looked_for = ", ".join(dataset.name for dataset in chosen)
        raise InputError(
            f"{source} has no known data set. Looked for: {looked_for}, each in a folder of its"
            " name; --datasets=NAME looks into the folder itself too, and `xferlab data list` tells"
            " what there is"
        )


def _import_one(
    dataset: DataSet, source: Path, data_dir: Path, alone: bool, overwrite: bool
) -> Iterator[Imported]:
    """Writes the domains of one data set; nothing is yielded where it is not found."""
    try:
        for name, raw in _find(dataset, source, alone):
            check_raw(dataset, name, raw)
            yield _write(dataset, name, raw, data_dir / dataset.name, overwrite)
    except InputError as error:
        yield Imported(dataset.name, "", "failed", note=str(error))


def _find(dataset: DataSet, source: Path, alone: bool) -> Iterator[tuple[str, RawDomain]]:
    """Yields the domains of a data set that are found in the source."""
    folders = [source / dataset.name]
    if alone or source.name == dataset.name:
        folders.append(source)
    for folder in folders:
        plain = {name: folder / f"{name}.npz" for name in dataset.domains}
        if all(is_plain(path) for path in plain.values()):
            yield from ((name, read_plain(path)) for name, path in plain.items())
            return
    form = find_form(dataset, source)
    for each in dataset.forms:
        if form is None and (alone or source.name == (each.folder or dataset.name)):
            form = find_form(dataset, source, folder=source)
    if form is not None:
        yield from read_form(*form).items()


def _write(dataset: DataSet, name: str, raw: RawDomain, folder: Path, overwrite: bool) -> Imported:
    """Writes one domain unless something is there."""
    path = folder / f"{name}.npz"
    examples = count_examples(raw)
    note = size_note(dataset, name, raw)
    said = f"{name}: {note}" if note else ""
    if path.is_file() and not overwrite:
        if _holds(path, raw):
            return Imported(dataset.name, name, "there already", examples, said)
        note = f"{path} holds something else; --overwrite replaces it"
        return Imported(dataset.name, name, "kept", examples, note)
    write_plain(folder, name, raw)
    return Imported(dataset.name, name, "written", examples, said)


def _holds(path: Path, raw: RawDomain) -> bool:
    """Tells whether a plain file holds these examples; a damaged one holds something else."""
    try:
        return content_digest(read_plain(path)) == content_digest(raw)
    except InputError:
        return False
