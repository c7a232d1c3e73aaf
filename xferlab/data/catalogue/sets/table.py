"""The catalogue: every data set by its name. To add one, write its `DataSet` and list it here."""

from __future__ import annotations

from xferlab.core.names import NameTable
from xferlab.data.catalogue.dataset import DataSet
from xferlab.data.catalogue.sets.activity import ACTIVITY
from xferlab.data.catalogue.sets.amazon import AMAZON
from xferlab.data.catalogue.sets.digits_sets import DIGITS
from xferlab.data.catalogue.sets.image_trees import IMAGE_TREES
from xferlab.data.catalogue.sets.large_images import LARGE_IMAGES
from xferlab.data.catalogue.sets.office import OFFICE_FEATURES
from xferlab.data.catalogue.sets.spam import SPAM
from xferlab.data.catalogue.sets.speech import SPEECH

_ALL = (
    *DIGITS,
    *IMAGE_TREES,
    *LARGE_IMAGES,
    *OFFICE_FEATURES,
    *AMAZON,
    *SPAM,
    *SPEECH,
    *ACTIVITY,
)

DATA_SETS: NameTable[DataSet] = NameTable("data set", {each.name: each for each in _ALL})


def how_obtained(dataset: DataSet) -> str:
    """Returns how a data set is obtained: the size of the download, "TFDS", or "by hand"."""
    size = sum(download.bytes for download in dataset.downloads)
    if size:
        return f"{size / 1e6:.0f} MB"
    return "download" if dataset.downloads else "TFDS" if dataset.tfds_name else "by hand"


def markdown_table() -> str:
    """Returns the catalogue as the table of docs/data.md."""
    lines = ["| data set | what it is | domains | classes | obtained | licence |"]
    lines.append("|---|---|---|---|---|---|")
    for each in DATA_SETS.values():
        counts = f"{len(each.domains)} | {len(each.class_names)}"
        obtained = how_obtained(each)
        lines.append(
            f"| [{each.name}]({each.homepage}) | {each.title} | {counts} | {obtained} |"
            f" {each.licence} |"
        )
    return "\n".join(lines)
