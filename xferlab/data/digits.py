"""The digit data sets of the papers: MNIST, USPS, MNIST-M and SVHN, at one size.

Each is read from its plain form, and MNIST and SVHN, where that is absent, from TFDS:

- `<data_dir>/mnist/mnist.npz`: x_train, y_train, x_test, y_test; images uint8 [n, 28, 28].
- `<data_dir>/usps/usps.npz`: the same; images [n, 16, 16], int16 in thousandths of [-1, 1] (the
  original's three decimals, without loss) or uint8.
- `<data_dir>/mnistm/`: `train_*.webp` and `test_*.webp`, mosaics of 28 x 28 RGB digits from left to
  right and from top to bottom, and `train_labels.npz` and `test_labels.npz` with the labels y.
- `<data_dir>/svhn/svhn.npz`: as MNIST; images uint8 [n, 32, 32, 3], the digit zero labelled 0.
- `<data_dir>/<name>/<name>.npz` of any of them as `xferlab data import` writes it
  (`xferlab.data.plain_file`).

USPS values v in [-1, 1] become round((v + 1) * 127.5) before the image is resized, so that the
training step's x / 127.5 - 1 gives v back within 1/255.

References:
    LeCun, Bottou, Bengio, Haffner. "Gradient-Based Learning Applied to Document Recognition".
    Proc. IEEE 86, 1998. doi:10.1109/5.726791. (MNIST.)
    Hull. "A Database for Handwritten Text Recognition Research". IEEE TPAMI 16, 1994.
    doi:10.1109/34.291440. (USPS.)
    Ganin, Lempitsky. "Unsupervised Domain Adaptation by Backpropagation". ICML 2015.
    arXiv:1409.7495. (MNIST-M.)
    Netzer, Wang, Coates, Bissacco, Wu, Ng. "Reading Digits in Natural Images with Unsupervised
    Feature Learning". NIPS workshop on deep learning, 2011. (SVHN.)
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from xferlab.core.errors import InputError
from xferlab.core.names import NameTable
from xferlab.data.domain import SPLITS, Domain
from xferlab.data.images import decode_image, resize_images, with_channels
from xferlab.data.plain_file import is_plain, read_plain
from xferlab.data.readers import SPLIT_KEYS, read_npz
from xferlab.data.split import Split
from xferlab.data.tfds_reader import domain_from_tfds

CLASS_NAMES = tuple("0123456789")
MNISTM_SIZE = 28


def digits_domain(
    name: str, *, data_dir: str | Path | None = None, channels: int = 3, image_size: int = 28
) -> Domain:
    """Returns one of the digit data sets as uint8 images [n, image_size, image_size, channels].

    Args:
        name: "mnist", "usps", "mnistm" or "svhn".
        data_dir: holds the folders above; also where TFDS keeps what it downloads.
        channels: 1 (colours become luminance) or 3 (grey is replicated).
        image_size: height and width; other sizes are resampled bilinearly.

    Raises:
        InputError: an unknown name; files that are missing (the message says where to get them),
            damaged, or not in the form above; a failed download.
    """
    digit_set = DIGIT_SETS[name]
    folder = Path(data_dir or "") / name
    if is_plain(folder / f"{name}.npz"):
        raw = read_plain(folder / f"{name}.npz")
        splits = {"train": raw.train, "test": raw.test or raw.train}
    elif digits_present(name, data_dir=data_dir):
        splits = digit_set.read(folder)
    elif digit_set.tfds_name:
        splits = domain_from_tfds(digit_set.tfds_name, data_dir=data_dir).splits
    else:
        raise InputError(
            f"there is no {digit_set.marker} in {Path(data_dir or '<data_dir>') / name}, and TFDS "
            f"does not have {name}. {digit_set.origin} Put the files there in the form that "
            "xferlab.data.digits documents, and give the directory as data_dir."
        )
    converted = {
        part: Split(with_channels(resize_images(inputs, image_size), channels), labels)
        for part, (inputs, labels) in splits.items()
    }
    return Domain(name, converted, CLASS_NAMES)


def digits_present(name: str, *, data_dir: str | Path | None) -> bool:
    """Tells whether the data set's plain form is in the data directory (TFDS is not asked)."""
    if data_dir is None:
        return False
    folder = Path(data_dir) / name
    return is_plain(folder / f"{name}.npz") or (folder / DIGIT_SETS[name].marker).is_file()


def _read_mnist(folder: Path) -> dict[str, Split]:
    """Returns the splits of `mnist.npz`."""
    return _read_images(folder / "mnist.npz", (28, 28))


def _read_svhn(folder: Path) -> dict[str, Split]:
    """Returns the splits of `svhn.npz`."""
    return _read_images(folder / "svhn.npz", (32, 32, 3))


def _read_usps(folder: Path) -> dict[str, Split]:
    """Returns the splits of `usps.npz`, thousandths turned into 8-bit images."""
    return _read_images(folder / "usps.npz", (16, 16), thousandths=True)


def _read_images(
    path: Path, shape: tuple[int, ...], *, thousandths: bool = False
) -> dict[str, Split]:
    """Returns the splits of a file in the plain form, images uint8 [n, h, w, c]."""
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
    return {part: Split(arrays[f"x_{part}"], arrays[f"y_{part}"]) for part in SPLITS}


def _read_mnistm(folder: Path) -> dict[str, Split]:
    """Returns the splits of the MNIST-M mosaics."""
    return {part: _read_mosaics(folder, part) for part in SPLITS}


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


class DigitSet(NamedTuple):
    """How one of the data sets is found and read."""

    marker: str
    """The file whose presence says that the plain form is there."""
    read: Callable[[Path], dict[str, Split]]
    tfds_name: str | None = None
    origin: str = ""
    """Where to get it, if TFDS does not have it."""


DIGIT_SETS: NameTable[DigitSet] = NameTable(
    "digit data set",
    {
        "mnist": DigitSet("mnist.npz", _read_mnist, tfds_name="mnist"),
        "usps": DigitSet(
            "usps.npz",
            _read_usps,
            origin="It comes with the book 'The Elements of Statistical Learning' (zip.train and "
            "zip.test on its site; also in the R package ElemStatLearn).",
        ),
        "mnistm": DigitSet(
            "train_labels.npz",
            _read_mnistm,
            origin="Its authors publish it with the DANN paper (Ganin et al.).",
        ),
        "svhn": DigitSet("svhn.npz", _read_svhn, tfds_name="svhn_cropped"),
    },
)
