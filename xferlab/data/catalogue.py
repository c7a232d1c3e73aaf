"""The domains that have a name: what `xferlab list` prints and the command line can load."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from xferlab.core.names import NameTable
from xferlab.data.digits import digits_domain
from xferlab.data.domain import Domain
from xferlab.data.moons import moons
from xferlab.data.optdigits import optdigits


class DomainEntry(NamedTuple):
    """A named domain: one line about it, and how to load it from a data directory (or None)."""

    description: str
    load: Callable[[Path | None], Domain]


def _generated(description: str, make: Callable[[], Domain]) -> DomainEntry:
    """Returns the entry of a domain that needs no data directory."""
    return DomainEntry(description, lambda data_dir: make())


def _digits(name: str, description: str) -> DomainEntry:
    """Returns the entry of a digit data set as 28 x 28 RGB, so that any two make a task."""
    return DomainEntry(description, lambda data_dir: digits_domain(name, data_dir=data_dir))


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
        "mnist": _digits("mnist", "handwritten digits, from data_dir or TFDS"),
        "usps": _digits("usps", "digits of postal codes, from data_dir"),
        "mnistm": _digits("mnistm", "MNIST blended with photographs, from data_dir"),
        "svhn": _digits("svhn", "house numbers in street views, from data_dir or TFDS"),
    },
)
