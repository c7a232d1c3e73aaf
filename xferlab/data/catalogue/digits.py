"""The digit data sets of the papers at one size: MNIST, USPS, MNIST-M, SVHN, synthetic digits.

Each is read as `sets.digits_sets` finds it; MNIST and SVHN, where no file is there, from TFDS.

References:
    LeCun, Bottou, Bengio, Haffner. "Gradient-Based Learning Applied to Document Recognition".
    Proc. IEEE 86, 1998. doi:10.1109/5.726791. (MNIST.)
    Hull. "A Database for Handwritten Text Recognition Research". IEEE TPAMI 16, 1994.
    doi:10.1109/34.291440. (USPS.)
    Ganin, Lempitsky. "Unsupervised Domain Adaptation by Backpropagation". ICML 2015.
    arXiv:1409.7495. (MNIST-M, synthetic digits.)
    Netzer, Wang, Coates, Bissacco, Wu, Ng. "Reading Digits in Natural Images with Unsupervised
    Feature Learning". NIPS workshop on deep learning, 2011. (SVHN.)
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from xferlab.core.names import NameTable
from xferlab.data.catalogue.dataset import DataSet
from xferlab.data.catalogue.load import domain_of, find_form, plain_path
from xferlab.data.catalogue.plain_file import is_plain
from xferlab.data.catalogue.sets.digits_sets import DIGITS
from xferlab.data.domain import Domain
from xferlab.data.readers.images import resize_images, with_channels
from xferlab.data.readers.tfds import domain_from_tfds

DIGIT_SETS: NameTable[DataSet] = NameTable("digit data set", {each.name: each for each in DIGITS})


def digits_domain(
    name: str, *, data_dir: str | Path | None = None, channels: int = 3, image_size: int = 28
) -> Domain:
    """Returns one of the digit data sets as uint8 images [n, image_size, image_size, channels].

    Args:
        name: "mnist", "usps", "mnistm", "svhn" or "synthetic_digits".
        data_dir: has the folder of the data set; also where TFDS keeps what it downloads.
        channels: 1 (colours become luminance) or 3 (grey is replicated).
        image_size: height and width; other sizes are resampled bilinearly.

    Raises:
        InputError: an unknown name; files that are missing (the message says where to get them) or
            damaged; a failed download.
    """

    def convert(images: np.ndarray) -> np.ndarray:
        return with_channels(resize_images(images, image_size), channels)

    dataset = DIGIT_SETS[name]
    if digits_present(name, data_dir=data_dir) or not dataset.tfds_name:
        domain = domain_of(dataset, name, data_dir)
    else:
        domain = domain_from_tfds(dataset.tfds_name, data_dir=data_dir)
    converted = domain.map_inputs(convert)
    return dataclasses.replace(converted, name=name, class_names=dataset.class_names)


def digits_present(name: str, *, data_dir: str | Path | None) -> bool:
    """Tells whether files of the data set are in the data directory (TFDS is not asked)."""
    dataset = DIGIT_SETS[name]
    if data_dir is None:
        return False
    folder = Path(data_dir)
    return is_plain(plain_path(folder, dataset, name)) or find_form(dataset, folder) is not None
