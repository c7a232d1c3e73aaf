"""Domains from TensorFlow Datasets, read without TensorFlow.

Data sets are prepared as array records and read through TFDS's random-access data source; the
examples are then held in memory. Preparing one that is not on disk downloads it.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xferlab.core.checks import whole_number
from xferlab.core.errors import InputError, unknown_name
from xferlab.core.optional import require
from xferlab.data.domain import Domain
from xferlab.data.readers.arrays import domain_from_arrays
from xferlab.data.readers.images import resize_images
from xferlab.data.readers.links import check_answers


def domain_from_tfds(
    builder: Any,
    *,
    data_dir: str | Path | None = None,
    splits: tuple[str, str] = ("train", "test"),
    image_size: int | None = None,
    input_feature: str = "image",
    label_feature: str = "label",
) -> Domain:
    """Returns the domain of a TFDS data set.

    Args:
        builder: a data set's name ("mnist", "mnist:3.0.1") or a `tfds.core.DatasetBuilder`.
        data_dir: where TFDS keeps prepared data; by default its own choice.
        splits: the TFDS splits that are taken for training and testing, such as
            ("train[:80%]", "train[80%:]").
        image_size: height and width to which images are resized; None leaves them as they are,
            and all must then have one size.
        input_feature: the feature that holds the input.
        label_feature: the feature that holds the integer label.

    Raises:
        InputError: TFDS or the data set is missing, it cannot be downloaded or prepared, a split
            or feature does not exist, a record is damaged, or what it holds is no valid domain.
    """
    if isinstance(splits, str) or [type(each) for each in splits] != [str, str]:
        raise InputError(f"splits is {splits!r}. Allowed: two texts, such as ('train', 'test')")
    if image_size is not None:
        whole_number("image_size", image_size, least=1, most=4096)
    tfds = require("tensorflow_datasets", "tensorflow-datasets")
    require("array_record", "array-record")
    require("importlib_resources", "importlib-resources")  # TFDS 4.9 needs but does not install it.
    builder = _make_builder(tfds, builder, data_dir)
    _prepare(tfds, builder)
    for feature in (input_feature, label_feature):
        if feature not in builder.info.features:
            raise unknown_name(f"feature of {builder.name}", feature, builder.info.features)
    train, test = (
        _read_split(builder, split, (input_feature, label_feature), image_size) for split in splits
    )
    class_names = getattr(builder.info.features[label_feature], "names", None)
    domain = domain_from_arrays(builder.name, *train, class_names=class_names, test=test)
    others = [name for name in builder.info.splits if not any(name in split for split in splits)]
    note = (f"other splits were left out: {', '.join(others)}",) if others else ()
    return dataclasses.replace(domain, notes=(*domain.notes, *note))


def _make_builder(tfds: Any, builder: Any, data_dir: str | Path | None) -> Any:
    """Returns the builder of a data set's name; a builder is returned as it is."""
    if not isinstance(builder, str):
        return builder
    try:
        return tfds.builder(builder, data_dir=data_dir)
    except tfds.core.DatasetNotFoundError as error:
        known = tfds.list_builders(with_community_datasets=False)
        close = ", ".join(difflib.get_close_matches(builder, known)) or "none"
        raise InputError(
            f"unknown TFDS data set {builder!r}. Close names: {close}. Allowed: the {len(known)} "
            "that tfds.list_builders() lists; give one of them, or a builder of your own."
        ) from error
    except (ValueError, OSError) as error:
        raise InputError(
            f"cannot open the TFDS data set {builder!r}: {error} Check its name, configuration "
            "and version, and the data directory."
        ) from error


def _prepare(tfds: Any, builder: Any) -> None:
    """Downloads and prepares the data set unless that has been done."""
    if not builder.is_prepared():
        for url in sorted(builder.url_infos or ())[:1]:
            check_answers(url)
    try:
        builder.download_and_prepare(file_format="array_record")
    except ModuleNotFoundError as error:
        raise InputError(
            f"preparing the TFDS data set {builder.name!r} needs the Python module "
            f"{error.name!r}; install the package that provides it with pip."
        ) from error
    except (OSError, ValueError, RuntimeError, tfds.download.DownloadError) as error:
        raise InputError(
            f"cannot download or prepare the TFDS data set {builder.name!r} in "
            f"{builder.data_dir}: {error} Check the network and the free space, or prepare it "
            "elsewhere with file_format='array_record' and copy it to that place."
        ) from error


def _read_split(
    builder: Any, split: str, features: Sequence[str], image_size: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Returns inputs and labels of one split."""
    inputs, labels = [], []
    try:
        for example in builder.as_data_source(split=split):
            inputs.append(_resized(np.asarray(example[features[0]]), image_size))
            labels.append(example[features[1]])
    except (OSError, ValueError, RuntimeError, IndexError, NotImplementedError) as error:
        raise InputError(
            f"cannot read split {split!r} of the TFDS data set {builder.name!r} in "
            f"{builder.data_dir}: {error} Its splits are {', '.join(builder.info.splits)}; if "
            "that is not the reason, remove the directory so that it is prepared anew as array "
            "records."
        ) from error
    shapes = sorted({array.shape for array in inputs})
    if len(shapes) > 1:
        raise InputError(
            f"the inputs of the TFDS data set {builder.name!r} have several shapes, for instance "
            f"{shapes[0]} and {shapes[-1]}. One is needed; give image_size, which resizes images."
        )
    return np.stack(inputs) if inputs else np.empty((0, 1), np.float32), np.asarray(labels)


def _resized(image: np.ndarray, image_size: int | None) -> np.ndarray:
    """Returns one image [h, w, c] at the size asked for."""
    return image if image_size is None else resize_images(image[None], image_size)[0]
