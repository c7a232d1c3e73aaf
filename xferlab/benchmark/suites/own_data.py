"""One's own data on the command line: a name, an `.npz` or a CSV file, or a folder of images."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from xferlab.core.checks import check_type
from xferlab.core.errors import InputError
from xferlab.data.catalogue.domains import DOMAINS
from xferlab.data.domain import Domain
from xferlab.data.readers.arrays import domain_from_npz
from xferlab.data.readers.folders import domain_from_folder
from xferlab.data.readers.tables import domain_from_table


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reading:
    """How files of one's own are read.

    Attributes:
        data_dir: folder of the data sets of the catalogue.
        image_size: height and width to which images of folders are resized.
        label: the column of a CSV file that holds the labels.
        sep: what stands between the cells of a CSV file.
    """

    data_dir: Path | None = None
    image_size: int = 32
    label: str = "label"
    sep: str = ","


def load_domain(text: str, reading: Reading) -> Domain:
    """Returns the domain of a file, a folder, or a name of the catalogue.

    Args:
        text: path of an `.npz` file, of a CSV file with a column for each feature, or of a folder
            of images; or a name of the catalogue.
        reading: how files are read.

    Raises:
        InputError: for what is none of them, and for data that is no valid domain.
    """
    check_type("a domain", text, str, "a name, the path of a file, or of a folder of images")
    path = Path(text).expanduser()
    if path.suffix == ".npz":
        return domain_from_npz(path)
    if path.suffix in (".csv", ".tsv"):
        return domain_from_table(path, label=reading.label, sep=reading.sep)
    if path.is_dir():
        return domain_from_folder(path, image_size=reading.image_size)
    try:
        entry = DOMAINS[text]
    except InputError as error:
        message = f"{error}, the path of an .npz or .csv file, or of a folder of images"
        raise InputError(message) from error
    return entry.load(reading.data_dir)
