"""The handwritten digits with a second label, how far each one leans, and labels left out."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
from jaxtyping import Float, Int

from xferlab.core.heads import Head, Labels
from xferlab.core.optional import require
from xferlab.core.seeds import stable_seed
from xferlab.data.domain import Domain
from xferlab.data.entrance import fraction
from xferlab.data.labels import MISSING
from xferlab.data.made.optdigits import optdigits, originals
from xferlab.data.split import Split

SLANT = Head("slant", "numbers", 1)


def slanted_digits(
    variant: str, *, half: str, class_known: float = 1.0, slant_known: float = 1.0
) -> Domain:
    """Returns one half of the digits with two heads: the class, and the slant of the original.

    The slant is that of the scan before it is photographed or blurred, in standard deviations of
    all digits: what a network must look through the change of domain to tell.

    Args:
        variant: see `xferlab.data.made.optdigits.optdigits`.
        half: "a" or "b".
        class_known: the share of training examples whose class is kept, above 0, up to 1.
        slant_known: the same of the slant. Both are drawn apart from each other, once.

    Raises:
        InputError: an unknown variant or half, or a share that is none.
    """
    plain = optdigits(variant, half=half)
    shares = {"class": class_known, "slant": slant_known}
    splits = {
        part: _with_slants(plain.splits[part], rows, shares if part == "train" else {}, half)
        for part, rows in originals(half).items()
    }
    return Domain(plain.name, splits, plain.class_names, plain.notes, others=(SLANT,))


def _with_slants(
    split: Split, rows: Int[np.ndarray, " n"], shares: dict[str, float], half: str
) -> Split:
    """Returns a split with the slants of its originals, labels left out by shares."""
    known = {head: _kept(share, len(rows), head, half) for head, share in shares.items()}
    classes, slants = known.get("class"), known.get("slant")
    labels = split.labels if classes is None else np.where(classes, split.labels, MISSING)
    others = (Labels(standard_slants()[rows][:, None], slants),)
    return dataclasses.replace(split, labels=labels, known=classes, others=others)


def _kept(share: float, count: int, head: str, half: str) -> np.ndarray | None:
    """Returns which labels are kept; None for all."""
    if share == 1:
        return None
    rng = np.random.default_rng(stable_seed("slanted_digits", head, half))
    return rng.permutation(count) < round(fraction(share, f"{head}_known") * count)


@functools.cache
def standard_slants() -> Float[np.ndarray, " n"]:
    """Returns the slant of every original, [1797], of mean 0 and deviation 1.

    The slant is the shear that would make a digit upright, the covariance of a pixel's column and
    row over the variance of its row, both weighted by ink: positive where the top leans left.
    """
    ink = require("sklearn.datasets", "scikit-learn").load_digits().images.astype(np.float64)
    ink /= ink.sum(axis=(1, 2), keepdims=True)
    rows, columns = np.mgrid[: ink.shape[1], : ink.shape[2]]
    down, across = ((ink * axis).sum((1, 2))[:, None, None] for axis in (rows, columns))
    covariance = (ink * (rows - down) * (columns - across)).sum(axis=(1, 2))
    slants = covariance / (ink * (rows - down) ** 2).sum(axis=(1, 2))
    return ((slants - slants.mean()) / slants.std()).astype(np.float32)
