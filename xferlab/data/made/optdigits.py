"""Three looks of scikit-learn's handwritten digits: real data that needs no download.

`optdigits`: the 1797 scans of UCI Optdigits, 8 x 8 pixels, enlarged to 16 x 16.
`optdigits_photo`: the same blended with photographs by the recipe of MNIST-M, |patch - digit| per
colour channel, with random crops of scikit-learn's two sample photographs.
`optdigits_scan`: a poor scanner's view of them: blurred, low in contrast, dark and noisy.

All are uint8 [n, 16, 16, 3], so that any pair makes a task. The originals fall into two halves, a
and b, with equal class shares; a source takes one and a target the other, so no digit is in both.

References:
    Alpaydin, Kaynak. "Optical Recognition of Handwritten Digits". UCI Machine Learning Repository,
    1998. doi:10.24432/C50P49.
    Ganin, Lempitsky. "Unsupervised Domain Adaptation by Backpropagation". ICML 2015.
    arXiv:1409.7495. (The recipe of MNIST-M.)
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from xferlab.core.names import NameTable
from xferlab.core.optional import require
from xferlab.core.seeds import stable_seed
from xferlab.data.domain import Domain
from xferlab.data.readers.images import resize_images, with_channels
from xferlab.data.split import Split, split_train_test

SIZE = 16
TEST_FRACTION = 0.25
SCAN_BLUR_PIXELS = 0.8
SCAN_CONTRAST = 0.5
SCAN_BACKGROUND = 40.0
SCAN_NOISE = 15.0


def optdigits(variant: str = "optdigits", *, half: str = "a") -> Domain:
    """Returns one half of the digits in one of the three looks.

    Args:
        variant: "optdigits", "optdigits_photo" or "optdigits_scan".
        half: "a" or "b"; each is split at random, 3 to 1, into training and test examples.

    Raises:
        InputError: an unknown variant or half.
    """
    render = VARIANTS[variant]
    scans, labels = load_originals()
    images = render(scans)
    splits = {
        name: Split(images[chosen], labels[chosen]) for name, chosen in originals(half).items()
    }
    return Domain(variant, splits, tuple("0123456789"))


def load_originals() -> tuple[np.ndarray, np.ndarray]:
    """Returns the digits as uint8 [1797, 16, 16, 3], white on black, and their labels [1797]."""
    digits = require("sklearn.datasets", "scikit-learn").load_digits()
    small = np.round(digits.images * (255 / 16)).astype(np.uint8)[..., None]
    return with_channels(resize_images(small, SIZE), 3), digits.target.astype(np.int32)


def originals(half: str) -> dict[str, np.ndarray]:
    """Returns the positions of a half's originals in scikit-learn's data set, split by split."""
    labels = require("sklearn.datasets", "scikit-learn").load_digits().target
    halves = split_train_test(np.arange(len(labels)), labels, test_fraction=0.5, seed=0)
    chosen = NameTable("half", {"a": halves["train"], "b": halves["test"]})[half]
    splits = split_train_test(*chosen, test_fraction=TEST_FRACTION, seed=0)
    return {name: np.sort(split.inputs) for name, split in splits.items()}


def _clean(scans: np.ndarray) -> np.ndarray:
    """Returns the digits as they are."""
    return scans


def _photo(scans: np.ndarray) -> np.ndarray:
    """Returns |patch - digit| per channel, with a random crop of a random photograph for each."""
    rng = np.random.default_rng(stable_seed("optdigits_photo"))
    photos = require("sklearn.datasets", "scikit-learn").load_sample_images().images
    blended = np.empty_like(scans)
    for scan, place in zip(scans, blended, strict=True):
        photo = photos[rng.integers(len(photos))]
        top, left = (rng.integers(extent - SIZE + 1) for extent in photo.shape[:2])
        patch = photo[top : top + SIZE, left : left + SIZE]
        place[...] = np.abs(patch.astype(np.int16) - scan)
    return blended


def _scan(scans: np.ndarray) -> np.ndarray:
    """Returns the digits blurred, with less contrast on a grey background, with grey noise."""
    rng = np.random.default_rng(stable_seed("optdigits_scan"))
    ndimage = require("scipy.ndimage", "scipy")
    grey = scans[..., :1].astype(np.float64)
    blurred = ndimage.gaussian_filter(grey, (0, SCAN_BLUR_PIXELS, SCAN_BLUR_PIXELS, 0))
    noise = rng.normal(scale=SCAN_NOISE, size=grey.shape)
    scanned = SCAN_BACKGROUND + SCAN_CONTRAST * blurred + noise
    return with_channels(np.round(scanned).clip(0, 255).astype(np.uint8), 3)


VARIANTS: NameTable[Callable[[np.ndarray], np.ndarray]] = NameTable(
    "variant of optdigits",
    {"optdigits": _clean, "optdigits_photo": _photo, "optdigits_scan": _scan},
)
