"""The digit data sets of the catalogue: one domain each, so that any two make a task."""

from __future__ import annotations

import functools
import math
import zlib
from pathlib import Path

import numpy as np

from xferlab.core.errors import InputError
from xferlab.data.catalogue.dataset import DataSet, Download, Form
from xferlab.data.catalogue.sets.digit_copies import CLASS_NAMES, read_mosaics, read_npz_copy
from xferlab.data.labels import check_labels_in_range
from xferlab.data.raw import RawDomain
from xferlab.data.readers.archives import read_gzip
from xferlab.data.readers.matlab import read_mat
from xferlab.data.split import Split

_MNIST_FILES = "https://storage.googleapis.com/cvdf-datasets/mnist"
_MNIST_KNOWN = {
    "train-images-idx3-ubyte.gz": (
        9912422,
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    ),
    "train-labels-idx1-ubyte.gz": (
        28881,
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    ),
    "t10k-images-idx3-ubyte.gz": (
        1648877,
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    ),
    "t10k-labels-idx1-ubyte.gz": (
        4542,
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    ),
}
"""Size in bytes and SHA-256 of the authors' files."""
_USPS_FILES = "https://hastie.su.domains/ElemStatLearn/datasets"
_SVHN_FILES = "http://ufldl.stanford.edu/housenumbers"


def _copy_form(name: str, *shape: int, thousandths: bool = False) -> Form:
    """Returns the form of a compact copy in one file, with images of a shape."""
    read = functools.partial(read_npz_copy, name=name, shape=shape, thousandths=thousandths)
    return Form("the compact copy", f"{name}.npz", read)


def _read_mnist_idx(folder: Path) -> dict[str, RawDomain]:
    """Returns the splits of the authors' four files."""
    splits = []
    for prefix in ("train", "t10k"):
        images = _read_idx(folder / f"{prefix}-images-idx3-ubyte.gz", axes=3)
        path = folder / f"{prefix}-labels-idx1-ubyte.gz"
        labels = _read_idx(path, axes=1).astype(np.int64)
        check_labels_in_range(labels, len(CLASS_NAMES), str(path))
        splits.append(Split(images[..., None], labels))
    return {"mnist": RawDomain(splits[0], splits[1], CLASS_NAMES)}


def _read_idx(path: Path, *, axes: int) -> np.ndarray:
    """Returns the bytes of an IDX file: 0, 0, 8 (bytes), axes; each length, big-endian; values."""
    try:
        content = read_gzip(path)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"cannot read {path}: {error} Copy the four files again.") from error
    head = 4 + 4 * axes
    shape = [int.from_bytes(content[at : at + 4], "big") for at in range(4, head, 4)]
    is_idx = content[:4] == bytes((0, 0, 8, axes)) and len(content) == head + math.prod(shape)
    if not is_idx or shape[1:] not in ([], [28, 28]):
        raise InputError(
            f"{path} holds {len(content)} bytes that begin with {content[:head].hex(' ')}. Needed:"
            f" an IDX file of bytes with {axes} axes, images of 28 x 28; copy the four files again."
        )
    return np.frombuffer(content, np.uint8, offset=head).reshape(shape)


def _read_mat_pair(folder: Path, *, name: str, prefix: str) -> dict[str, RawDomain]:
    """Returns the splits of two MATLAB files: X uint8 [32, 32, 3, n], y with 10 for zero."""
    splits = []
    for part in ("train", "test"):
        path = folder / f"{prefix}{part}_32x32.mat"
        images, labels = read_mat(path, "X", "y")
        if images.dtype != np.uint8 or images.shape[:-1] != (32, 32, 3):
            raise InputError(
                f"{path}: X is {images.dtype} of shape {images.shape}. Needed: uint8 [32, 32, 3, n]"
                "; is it a file of this data set?"
            )
        labels = labels.astype(np.int64).ravel()
        labels[labels == 10] = 0
        check_labels_in_range(labels, len(CLASS_NAMES), str(path))
        splits.append(Split(np.ascontiguousarray(images.transpose(3, 0, 1, 2)), labels))
    return {name: RawDomain(splits[0], splits[1], CLASS_NAMES)}


def _read_usps_text(folder: Path) -> dict[str, RawDomain]:
    """Returns the splits of `zip.train.gz` and `zip.test.gz`: a label and 256 values a line."""
    splits = []
    for part in ("train", "test"):
        path = folder / f"zip.{part}.gz"
        try:
            table = np.loadtxt(path, ndmin=2)
        except (OSError, ValueError, EOFError) as error:
            raise InputError(
                f"cannot read {path}: {error} Copy zip.train.gz and zip.test.gz again."
            ) from error
        if table.shape[1] != 257 or np.abs(table[:, 1:]).max() > 1:
            raise InputError(
                f"{path} holds a table of shape {table.shape}. Needed: a label and 256 values in "
                "[-1, 1] in each line; is it a file of this data set?"
            )
        labels = table[:, 0].astype(np.int64)
        check_labels_in_range(labels, len(CLASS_NAMES), str(path))
        images = np.round((table[:, 1:] + 1) * 127.5).astype(np.uint8).reshape(-1, 16, 16, 1)
        splits.append(Split(images, labels))
    return {"usps": RawDomain(splits[0], splits[1], CLASS_NAMES)}


def _mat_form(title: str, name: str, prefix: str) -> Form:
    """Returns the form of two MATLAB files."""
    read = functools.partial(_read_mat_pair, name=name, prefix=prefix)
    return Form(title, f"{prefix}train_32x32.mat", read)


DIGITS = (
    DataSet(
        name="mnist",
        title="MNIST: 60000 + 10000 handwritten digits, 28 x 28 grey",
        modality="images",
        domains=("mnist",),
        examples={"mnist": 70000},
        class_names=CLASS_NAMES,
        licence="not stated",
        citation="lecun1998mnist",
        homepage="http://yann.lecun.com/exdb/mnist/",
        forms=(
            _copy_form("mnist", 28, 28),
            Form("the authors' four files", "train-images-idx3-ubyte.gz", _read_mnist_idx),
        ),
        downloads=tuple(
            Download(f"{_MNIST_FILES}/{file}", file, bytes=size, sha256=sha256, unpack=False)
            for file, (size, sha256) in _MNIST_KNOWN.items()
        ),
        by_hand="The four files *-ubyte.gz are also at https://ossci-datasets.s3.amazonaws.com/mnist"
        "/ and in many packages; put them into the data set's folder.",
        tfds_name="mnist",
    ),
    DataSet(
        name="usps",
        title="USPS: 7291 + 2007 handwritten digits of the US mail, 16 x 16 grey",
        modality="images",
        domains=("usps",),
        examples={"usps": 9298},
        class_names=CLASS_NAMES,
        licence="not stated",
        citation="hull1994usps",
        homepage="https://hastie.su.domains/ElemStatLearn/data.html",
        forms=(
            _copy_form("usps", 16, 16, thousandths=True),
            Form("the tables of ElemStatLearn", "zip.train.gz", _read_usps_text),
        ),
        downloads=tuple(
            Download(f"{_USPS_FILES}/zip.{part}.gz", f"zip.{part}.gz", unpack=False)
            for part in ("train", "test")
        ),
        by_hand="zip.train and zip.test are also in the R package ElemStatLearn.",
    ),
    DataSet(
        name="mnistm",
        title="MNIST-M: MNIST blended with photographs, 28 x 28 RGB",
        modality="images",
        domains=("mnistm",),
        examples={"mnistm": 68002},
        class_names=CLASS_NAMES,
        licence="not stated",
        citation="ganin2015mnistm",
        homepage="http://yaroslav.ganin.net/",
        forms=(
            Form("the compact mosaics", "train_labels.npz", read_mosaics),
            _copy_form("mnistm", 28, 28, 3),
        ),
        by_hand="Its page links a cloud drive that no program can fetch. Cut the 59001 + 9001 "
        "images of 32 x 32 to their central 28 x 28 and save x_train, y_train, x_test and y_test "
        "in mnistm.npz.",
    ),
    DataSet(
        name="svhn",
        title="SVHN: 73257 + 26032 house numbers in street views, 32 x 32 RGB",
        modality="images",
        domains=("svhn",),
        examples={"svhn": 99289},
        class_names=CLASS_NAMES,
        licence="non-commercial use",
        citation="netzer2011svhn",
        homepage="http://ufldl.stanford.edu/housenumbers/",
        forms=(_copy_form("svhn", 32, 32, 3), _mat_form("the authors' cropped digits", "svhn", "")),
        downloads=(
            Download(
                f"{_SVHN_FILES}/train_32x32.mat",
                "train_32x32.mat",
                bytes=182040794,
                sha256="435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8",
                unpack=False,
            ),
            Download(
                f"{_SVHN_FILES}/test_32x32.mat",
                "test_32x32.mat",
                bytes=64275384,
                sha256="cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b",
                unpack=False,
            ),
        ),
        by_hand="Put train_32x32.mat and test_32x32.mat of format 2 into the data set's folder.",
        tfds_name="svhn_cropped",
    ),
    DataSet(
        name="synthetic_digits",
        title="Synthetic digits: 479400 + 9553 numbers drawn with fonts, 32 x 32 RGB",
        modality="images",
        domains=("synthetic_digits",),
        examples={"synthetic_digits": 488953},
        class_names=CLASS_NAMES,
        licence="not stated",
        citation="ganin2015mnistm",
        homepage="http://yaroslav.ganin.net/",
        forms=(_mat_form("the authors' archive", "synthetic_digits", "synth_"),),
        by_hand="Its page links an archive SynthDigits.zip on a cloud drive that no program can "
        "fetch. Put synth_train_32x32.mat and synth_test_32x32.mat into the data set's folder.",
    ),
)
