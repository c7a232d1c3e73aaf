"""scikit-learn's digits turned by quarters: each turn of a digit is a class of its own.

Of the 40 classes those of the digits 0 to 4 are one domain, those of 5 to 9 the other, so that the
two have no class and no original in common: base classes to learn from, and new ones to tell apart
in episodes. Santoro et al. make new classes of Omniglot's characters in this way.

References:
    Santoro, Bartunov, Botvinick, Wierstra, Lillicrap. "Meta-Learning with Memory-Augmented Neural
    Networks". ICML 2016. arXiv:1605.06065.

Differences from Santoro et al.: a zero turned is hardly another zero, so that some classes of the
base can barely be told apart. The digits 5 to 9 have no such pair, but 6 turned by half is much
like 9, and 8 turned by half like itself.
"""

from __future__ import annotations

import numpy as np

from xferlab.core.names import NameTable
from xferlab.data.domain import Domain
from xferlab.data.made.optdigits import load_originals, originals
from xferlab.data.split import Split

DEGREES = (0, 90, 180, 270)
HALVES: NameTable[tuple[int, ...]] = NameTable(
    "half of the digits", {"base": (0, 1, 2, 3, 4), "novel": (5, 6, 7, 8, 9)}
)


def turned_digits(half: str) -> Domain:
    """Returns 20 classes, five digits in four turns, counterclockwise: '5 by 90', for instance.

    Every original is there once in each turn, uint8 [n, 16, 16, 3]. A quarter of the originals is
    held out as the test split.

    Args:
        half: 'base', the digits 0 to 4, or 'novel', 5 to 9.

    Raises:
        InputError: another half.
    """
    digits = HALVES[half]
    scans, labels = load_originals()
    chosen = {
        name: np.concatenate([originals(part)[name] for part in ("a", "b")])
        for name in ("train", "test")
    }
    splits = {
        name: _turned(scans[rows], labels[rows] - digits[0])
        for name, rows in ((n, r[np.isin(labels[r], digits)]) for n, r in chosen.items())
    }
    names = [f"{digit} by {degrees}" for degrees in DEGREES for digit in digits]
    return Domain(f"turned_digits_{half}", splits, tuple(names))


def _turned(scans: np.ndarray, digits: np.ndarray) -> Split:
    """Returns the scans in every turn, and the classes: that of digit d in turn t is 5 t + d."""
    turns = range(len(DEGREES))
    images = np.concatenate([np.rot90(scans, turn, axes=(1, 2)) for turn in turns])
    classes = np.concatenate([5 * turn + digits for turn in turns])
    return Split(images, classes.astype(np.int32))
