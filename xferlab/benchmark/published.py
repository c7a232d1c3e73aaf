"""Published numbers that stand beside ours, each with the protocol and the rule it was selected by.

The rows are in `published/*.csv`, copied from the page or file that `seen_in` names. A number that
is only remembered from a paper is not among them. Reruns by third parties are left out.
"""

from __future__ import annotations

import csv
import importlib.resources
from collections.abc import Iterable
from dataclasses import dataclass

from xferlab.core.errors import InputError
from xferlab.core.names import NameTable

NOT_STATED = "not stated"

PROTOCOLS = NameTable(
    "published protocol",
    {
        "tll": "Transfer-Learning-Library: full training sets, LeNet with dropout, batch 128 + 128,"
        " 20 x 2500 iterations, one run, best epoch on target test labels (oracle).",
        "ganin": "Ganin et al., JMLR 2016, Table 2: MNIST-M from BSDS500 patches, batch 64 + 64,"
        " one run, last checkpoint.",
        "shot": "Liang et al., ICML 2020: source-free, full training sets, batch 64, 30 epochs,"
        " mean of 3 runs, last checkpoint; source model by source test split.",
        "wdgrl": "Shen et al., AAAI 2018, repository: full USPS, one run, selection not stated.",
        "ada": "ADA library: 20 + 100 epochs, SGD with lr 0.001, batch 150, mean of 5 runs, last"
        " checkpoint; its source-only numbers differ much from other protocols'.",
        "collected": "Collected table of papers on subsets of 2000 MNIST and 1800 USPS images;"
        " splits, networks and selection differ between rows.",
    },
)


@dataclass(frozen=True)
class Published:
    """One published number.

    Attributes:
        task: Name of the task here.
        method: Name of the method here.
        value: Accuracy on the target test split, percent.
        std: Spread over runs as printed, None if not printed.
        n_seeds: Number of runs, None if not stated.
        selection: How the checkpoint was chosen, in the words of the source.
        rule: The selection rule of ours it compares with, or `not stated`.
        protocol: Key of `PROTOCOLS`.
        primary: Whether tables show this row; one per (task, method).
        citation: Who published it.
        seen_in: The page or file in which it was read.
        status: `seen`; nothing else is accepted.
        note: What a reader must know about this row, often empty.
    """

    task: str
    method: str
    value: float
    std: float | None
    n_seeds: int | None
    selection: str
    rule: str
    protocol: str
    primary: bool
    citation: str
    seen_in: str
    status: str
    note: str


def load_published(name: str = "digits") -> tuple[Published, ...]:
    """Returns the rows of a packaged file of published numbers.

    >>> rows = load_published("digits")
    >>> [row.value for row in primary_rows(rows) if row.method == "dann"]
    [91.7, 95.2, 76.66]
    """
    folder = importlib.resources.files("xferlab.benchmark") / "published"
    allowed = [entry.name[:-4] for entry in folder.iterdir() if entry.name.endswith(".csv")]
    file = NameTable("published table", {name: folder / f"{name}.csv" for name in allowed})[name]
    return tuple(map(_parse, csv.DictReader(file.read_text("utf-8").splitlines())))


def primary_rows(rows: Iterable[Published]) -> tuple[Published, ...]:
    """Returns the one row per (task, method) that stands in a table."""
    return tuple(row for row in rows if row.primary)


def _parse(row: dict[str, str]) -> Published:
    """Returns one typed row. Raises InputError for a number nobody has read where it is printed."""
    if row["status"] != "seen":
        raise InputError(
            f"published number of {row['method']!r} on {row['task']!r} has the status "
            f"{row['status']!r}; only 'seen' may be shown. Read it at its source or remove the row."
        )
    fields: dict = dict(row)
    fields["value"] = float(row["value"])
    fields["std"] = float(row["std"]) if row["std"] else None
    fields["n_seeds"] = int(row["n_seeds"]) if row["n_seeds"] else None
    fields["primary"] = row["primary"] == "yes"
    return Published(**fields)
