"""A data set of the catalogue: what it is, where it comes from, and the forms it is read from.

Every data set ends in one plain form, `<data_dir>/<data set>/<domain>.npz` (see `load`).
A `Form` is another shape in which its files are found: as its authors publish them, or as others
repacked them; `xferlab data import` and `prepare` turn a form into the plain one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from xferlab.data.raw import RawDomain


class Tree(Protocol):
    """Image files that can be read one by one, such as an `ImageTree`."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the labels."""
        ...

    @property
    def places(self) -> Mapping[str, tuple[str, ...]]:
        """For each domain, the folders in which it may lie."""
        ...

    def split_names(self, domain: str) -> tuple[str, ...]:
        """Returns the published splits of a domain."""
        ...

    def examples(
        self, folder: Path, domain: str, *, split: str = "all"
    ) -> Iterator[tuple[Path, int]]:
        """Yields the files of a split with their labels."""
        ...


@dataclasses.dataclass(frozen=True)
class Form:
    """A shape in which the files of a data set are found.

    Attributes:
        title: what messages call it, such as "the authors' archive, unpacked".
        marker: a glob relative to the folder; a match says that this form is there.
        read: returns every domain of the folder by name; raises InputError for damaged files.
        folder: the folder in the data directory where this form is found, '' for the data set's
            own.
        tree: where the image files lie, for a form of image files: they can be read one by one.
    """

    title: str
    marker: str
    read: Callable[[Path], Mapping[str, RawDomain]]
    folder: str = ""
    tree: Tree | None = dataclasses.field(default=None, compare=False)


@dataclasses.dataclass(frozen=True)
class Download:
    """A file that `xferlab data prepare` fetches.

    Attributes:
        url: where it is published.
        file: its name in the data set's folder.
        bytes: its size, 0 where not known.
        sha256: its checksum, '' where not known (none is guessed).
        unpack: whether it is an archive whose content goes into the data set's folder.
    """

    url: str
    file: str
    bytes: int = 0
    sha256: str = ""
    unpack: bool = True


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataSet:
    """One entry of the catalogue.

    Attributes:
        name: its folder in the data directory.
        title: one line.
        modality: 'images', 'features', 'text', 'audio', 'time series' or 'table'.
        domains: names of its domains.
        class_names: its classes, in the order of the labels.
        licence: as stated by the publisher, or 'not stated'.
        citation: key in references.bib.
        homepage: where it is described.
        forms: from what it is read, the plain form aside; the first match is taken.
        downloads: what `prepare` fetches; () where nothing can be fetched by a program.
        by_hand: what to do without a working link: other places, and what to put where.
        tfds_name: its name in TensorFlow Datasets, which is then asked first.
        examples: of each domain, in all splits, as published; a copy with another number is said to
            have it. Domains of which it is not known are not there.
    """

    name: str
    title: str
    modality: str
    domains: tuple[str, ...]
    class_names: tuple[str, ...]
    licence: str
    citation: str
    homepage: str
    forms: tuple[Form, ...]
    downloads: tuple[Download, ...] = ()
    by_hand: str = ""
    tfds_name: str = ""
    examples: Mapping[str, int] = dataclasses.field(default_factory=dict, hash=False)
