"""The domains that have a name: what `xferlab list` prints and the command line can load."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from xferlab.core.names import NameTable
from xferlab.data.catalogue.dataset import DataSet
from xferlab.data.catalogue.digits import DIGIT_SETS, digits_domain
from xferlab.data.catalogue.load import load_raw, split_raw
from xferlab.data.catalogue.sets.table import DATA_SETS
from xferlab.data.domain import Domain
from xferlab.data.made.moons import moons
from xferlab.data.made.optdigits import optdigits

TEST_FRACTION = 0.2
"""What a named domain holds out where no split is published."""
MOST_NAMES = 6


class DomainEntry(NamedTuple):
    """A named domain: one line about it, and how to load it from a data directory (or None)."""

    description: str
    load: Callable[[Path | None], Domain]


def _generated(description: str, make: Callable[[], Domain]) -> DomainEntry:
    """Returns the entry of a domain that needs no data directory."""
    return DomainEntry(description, lambda data_dir: make())


def _digits(dataset: DataSet) -> DomainEntry:
    """Returns the entry of a digit data set as 28 x 28 RGB, so that any two make a task."""
    return DomainEntry(
        dataset.title, lambda data_dir: digits_domain(dataset.name, data_dir=data_dir)
    )


def _from_set(dataset: DataSet, domain: str) -> DomainEntry:
    """Returns the entry of a domain of a data set, with the published split if there is one."""

    def load(data_dir: Path | None) -> Domain:
        raw = load_raw(dataset, data_dir, [domain])[domain]
        return split_raw(domain, raw, split="published" if raw.test else TEST_FRACTION)

    return DomainEntry(dataset.title, load)


def describe_domains() -> list[tuple[str, str]]:
    """Returns a line for every name; the domains of a data set share one, "uci_har/DOMAIN"."""
    of_sets = {_name(dataset, domain) for dataset in _SETS for domain in dataset.domains}
    own = [(name, entry.description) for name, entry in DOMAINS.items() if name not in of_sets]
    return own + [_describe_set(dataset) for dataset in _SETS]


def _describe_set(dataset: DataSet) -> tuple[str, str]:
    """Returns the shared name and the title, with the domains, of many the first and the last."""
    domains = dataset.domains
    if len(domains) == 1:
        return dataset.name, dataset.title
    shown = domains if len(domains) <= MOST_NAMES else (*domains[:2], "...", domains[-1])
    return f"{dataset.name}/DOMAIN", f"{dataset.title}; {', '.join(shown)}"


def _name(dataset: DataSet, domain: str) -> str:
    """Returns the name of a domain of a data set: that of the set alone where it has one only."""
    return dataset.name if len(dataset.domains) == 1 else f"{dataset.name}/{domain}"


_SETS = [dataset for dataset in DATA_SETS.values() if dataset.name not in DIGIT_SETS]
"""The digit data sets have entries of their own, at one size."""
_LOOKS = {
    "optdigits": "scikit-learn's handwritten digits, 16 x 16",
    "optdigits_photo": "these digits blended with photographs, by the recipe of MNIST-M",
    "optdigits_scan": "these digits as a poor scanner sees them: blurred, dark, noisy",
}

DOMAINS: NameTable[DomainEntry] = NameTable(
    "domain",
    {
        **{
            name if half == "a" else f"{name}/b": _generated(
                f"{look} (half {half} of the originals)",
                functools.partial(optdigits, name, half=half),
            )
            for half in "ab"
            for name, look in _LOOKS.items()
        },
        "moons": _generated("two intertwining moons of 150 points each", moons),
        "moons_35": _generated(
            "another draw of the moons, turned by 35 degrees",
            functools.partial(moons, rotation_degrees=35.0),
        ),
        **{name: _digits(dataset) for name, dataset in DIGIT_SETS.items()},
        **{
            _name(dataset, domain): _from_set(dataset, domain)
            for dataset in _SETS
            for domain in dataset.domains
        },
    },
)
