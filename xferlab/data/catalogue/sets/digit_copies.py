"""Compact copies of the digit data sets, beside the files of their authors.

- `mnist/mnist.npz`: x_train, y_train, x_test, y_test; images uint8 [n, 28, 28].
- `usps/usps.npz`: the same; images [n, 16, 16], int16 in thousandths of [-1, 1] (the original's
  three decimals, without loss) or uint8.
- `mnistm/`: `train_*.webp` and `test_*.webp`, mosaics of 28 x 28 RGB digits from left to right and
  from top to bottom, and `train_labels.npz` and `test_labels.npz` with the labels y.
- `svhn/svhn.npz`: as MNIST; images uint8 [n, 32, 32, 3], the digit zero labelled 0.

USPS values v in [-1, 1] become round((v + 1) * 127.5), so that the training step's x / 127.5 - 1
gives v back within 1/255.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xferlab.core.errors import InputError
from xferlab.data.domain import SPLITS
from xferlab.data.raw import RawDomain
from xferlab.data.readers.arrays import SPLIT_KEYS, read_npz
from xferlab.data.readers.images import decode_image
from xferlab.data.split import Split

CLASS_NAMES = tuple("0123456789")
MNISTM_SIZE = 28


def read_npz_copy(
    folder: Path, *, name: str, shape: tuple[int, ...], thousandths: bool = False
) -> dict[str, RawDomain]:
    """Returns the splits of `<name>.npz` as uint8 images [n, h, w, c].

    Args:
        folder: of the data set.
        name: of the data set.
        shape: of one image in the file.
        thousandths: whether int16 thousandths of [-1, 1] are allowed too.

    Raises:
        InputError: a damaged file, a missing array, images of another shape or dtype.
    """
    path = folder / f"{name}.npz"
    arrays = read_npz(path)
    missing = [key for key in SPLIT_KEYS if key not in arrays]
    if missing:
        raise InputError(
            f"{path} has no {', '.join(missing)}. Needed: {', '.join(SPLIT_KEYS)}; save it anew."
        )
    allowed = "uint8 or int16 thousandths" if thousandths else "uint8"
    for key in ("x_train", "x_test"):
        images = arrays[key]
        if thousandths and images.dtype == np.int16:
            images = np.round((images.clip(-1000, 1000) / 1000 + 1) * 127.5).astype(np.uint8)
        if images.shape[1:] != shape or images.dtype != np.uint8:
            raise InputError(
                f"{path}: {key} is {images.dtype} of shape {images.shape}. Allowed: {allowed} of "
                f"shape (n, {', '.join(map(str, shape))}); save it anew."
            )
        arrays[key] = images if images.ndim == 4 else images[..., None]
    train, test = (Split(arrays[f"x_{part}"], arrays[f"y_{part}"]) for part in SPLITS)
    return {name: RawDomain(train, test, CLASS_NAMES)}


def read_mosaics(folder: Path) -> dict[str, RawDomain]:
    """Returns the splits of the MNIST-M mosaics as uint8 images [n, 28, 28, 3].

    Raises:
        InputError: a split without mosaics or labels, or a mosaic that is no whole number of
            digits.
    """
    train, test = (_read_mosaics(folder, part) for part in SPLITS)
    return {"mnistm": RawDomain(train, test, CLASS_NAMES)}


def _read_mosaics(folder: Path, part: str) -> Split:
    """Returns the digits of all mosaics of one split, in the order of their names."""
    files = sorted(folder.glob(f"{part}_*.webp"))
    arrays = read_npz(folder / f"{part}_labels.npz")
    if not files or "y" not in arrays:
        raise InputError(
            f"{folder} has {len(files)} mosaics {part}_*.webp and, in {part}_labels.npz, the "
            f"arrays {sorted(arrays)}. Needed: at least one mosaic, and the labels y; copy the "
            "folder again."
        )
    return Split(np.concatenate([_cut_mosaic(file) for file in files]), arrays["y"])


def _cut_mosaic(file: Path) -> np.ndarray:
    """Returns the digits of a mosaic as uint8 [n, 28, 28, 3]."""
    mosaic = decode_image(file)
    rows, columns = mosaic.shape[0] // MNISTM_SIZE, mosaic.shape[1] // MNISTM_SIZE
    if mosaic.shape[:2] != (rows * MNISTM_SIZE, columns * MNISTM_SIZE):
        raise InputError(
            f"{file} is {mosaic.shape[0]} x {mosaic.shape[1]} pixels. Allowed: multiples of "
            f"{MNISTM_SIZE} (a mosaic of whole digits); copy the file again."
        )
    tiles = mosaic.reshape(rows, MNISTM_SIZE, columns, MNISTM_SIZE, 3).swapaxes(1, 2)
    return tiles.reshape(-1, MNISTM_SIZE, MNISTM_SIZE, 3)
