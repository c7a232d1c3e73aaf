"""Getting a data set: converting what is there, else asking TFDS, else downloading it.

Downloads go through TFDS's download manager (progress, Google Drive's questions). Added here: a
look whether the address answers, files put there by hand, and checksums for these too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from xferlab.core.errors import InputError
from xferlab.core.files import aside, remove_left
from xferlab.core.optional import require
from xferlab.data.catalogue.dataset import DataSet, Download
from xferlab.data.catalogue.load import (
    check_raw,
    find_form,
    forget_forms,
    load_raw,
    missing_error,
    plain_path,
    size_note,
    too_large,
)
from xferlab.data.catalogue.plain_file import is_plain, write_plain
from xferlab.data.raw import RawDomain
from xferlab.data.readers.archives import unpack
from xferlab.data.readers.links import check_answers
from xferlab.data.readers.tfds import domain_from_tfds

Say = Callable[[str], None]


def prepare(dataset: DataSet, data_dir: Path, *, report: Say) -> None:
    """Brings a data set into the plain form, unless it is there.

    Args:
        dataset: an entry of the catalogue.
        data_dir: gets the folder of the data set.
        report: is told, in a line each, what is done.

    Raises:
        InputError: a link is dead, there is no network, a file is damaged or not the one expected,
            an archive is refused; the message says where to put which file by hand.
    """
    if all(is_plain(plain_path(data_dir, dataset, name)) for name in dataset.domains):
        report(f"{dataset.name}: is there")
        return
    if find_form(dataset, data_dir) is None:
        raws = _from_tfds(dataset, data_dir, report)
        if raws:
            _write(dataset, raws, data_dir, report)
            return
        _get_files(dataset, data_dir / dataset.name, report)
        forget_forms()
    form = find_form(dataset, data_dir)
    if form is not None and too_large(*form):
        report(
            f"{dataset.name}: the files are there. They are too many for the plain form; read them"
            " one by one through xferlab.data.catalogue.array_records.tfds_builder"
        )
        return
    _write(dataset, load_raw(dataset, data_dir), data_dir, report)


def _write(dataset: DataSet, raws: Mapping[str, RawDomain], data_dir: Path, report: Say) -> None:
    """Checks and writes every domain in the plain form."""
    for name, raw in raws.items():
        check_raw(dataset, name, raw)
        report(f"{dataset.name}: wrote {write_plain(data_dir / dataset.name, name, raw)}")
        if note := size_note(dataset, name, raw):
            report(f"{dataset.name}: {name}: {note}")


def _from_tfds(dataset: DataSet, data_dir: Path, report: Say) -> dict[str, RawDomain]:
    """Returns the one domain of a data set that TFDS has; {} where another way is left to try.

    TFDS prepares some of its data sets only where TensorFlow is installed.
    """
    if not dataset.tfds_name:
        return {}
    report(f"{dataset.name}: asking TensorFlow Datasets")
    try:
        splits = domain_from_tfds(dataset.tfds_name, data_dir=data_dir).splits
    except InputError as error:
        if not dataset.downloads:
            reason = str(error).rstrip(".")
            raise InputError(f"{dataset.name}: {reason}. {dataset.by_hand}") from error
        report(f"{dataset.name}: {error}")
        return {}
    raw = RawDomain(splits["train"], splits["test"], dataset.class_names)
    return {dataset.domains[0]: raw}


def _get_files(dataset: DataSet, folder: Path, report: Say) -> None:
    """Downloads what is not there, checks everything and unpacks it."""
    if not dataset.downloads:
        raise missing_error(dataset, folder.parent, dataset.domains)
    for download in dataset.downloads:
        path = folder / download.file
        if path.is_file():
            report(f"{dataset.name}: found {path}")
            check_file(path, download)
        else:
            report(f"{dataset.name}: downloading {download.url}")
            _retrieve(dataset, download, folder)
        if download.unpack:
            unpack(path, folder)


def _retrieve(dataset: DataSet, download: Download, folder: Path) -> None:
    """Downloads a file aside; it gets its name when it is whole and the one expected."""
    tfds = require("tensorflow_datasets", "tensorflow-datasets")
    path = folder / download.file
    try:
        check_answers(download.url)
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_left(path)
        with aside(path) as new:
            manager = tfds.download.DownloadManager(download_dir=new.parent)
            got = Path(manager.download(download.url))
            check_file(got, download)
            got.replace(new)
    except (InputError, OSError, ValueError, tfds.download.DownloadError) as error:
        reason = str(error).rstrip(".")
        raise InputError(
            f"{dataset.name}: {reason}. Download {download.url} in another way, put it there as"
            f" {path}, and run `xferlab data prepare {dataset.name}` again. {dataset.by_hand}"
        ) from error


def check_file(path: Path, download: Download) -> None:
    """Raises InputError unless a file has the size and the checksum that are known of it."""
    size = path.stat().st_size
    if download.bytes and size != download.bytes:
        raise InputError(
            f"{path} has {size} bytes, expected {download.bytes}: it is cut off, or another"
            " version; remove it and get it anew"
        )
    if not download.sha256:
        return
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != download.sha256:
        raise InputError(
            f"{path} has the SHA-256 {found}, expected {download.sha256}: it is damaged or another"
            " version; remove it and get it anew"
        )
