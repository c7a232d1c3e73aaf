"""A TFDS builder for any data set of the catalogue: array records on disk, read without TensorFlow.

Images are streamed from it through grain one by one, so that a data set need not fit in memory:

    builder = tfds_builder("domainnet", "sketch", "data")
    builder.download_and_prepare(file_format="array_record")
    source = builder.as_data_source(split="train")

`xferlab.data.readers.tfds.domain_from_tfds` takes the builder too. Nothing is downloaded: the files
are those of `xferlab data prepare`. Splits are the published ones; without any, "train" is all.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse

from xferlab.core.bibliography import load_entries
from xferlab.core.errors import InputError, unknown_name
from xferlab.core.optional import require
from xferlab.core.sparse import SparseRows
from xferlab.data.catalogue.dataset import DataSet, Tree
from xferlab.data.catalogue.load import find_form, load_raw
from xferlab.data.catalogue.sets.table import DATA_SETS
from xferlab.data.raw import RawDomain
from xferlab.data.readers.images import decode_image

tfds: Any = require("tensorflow_datasets", "tensorflow-datasets")
RECORDS = "array_records"
"""The folder within the data set's that gets the records."""


def tfds_builder(dataset: DataSet | str, domain: str, data_dir: str | Path) -> DomainBuilder:
    """Returns the builder of one domain; `download_and_prepare(file_format="array_record")` next.

    Its features are "image" (of any size, as encoded by the authors) or "input" (a tensor), and
    "label".

    Args:
        dataset: an entry of the catalogue or its name.
        domain: its name.
        data_dir: the folder that has the folder of the data set.

    Raises:
        InputError: an unknown name, data that are missing or damaged, or sparse inputs.
    """
    dataset = DATA_SETS[dataset] if isinstance(dataset, str) else dataset
    return DomainBuilder(dataset=dataset, domain=domain, data_dir=data_dir)


class DomainBuilder(  # pyright: ignore[reportGeneralTypeIssues]
    tfds.core.GeneratorBasedBuilder,
    skip_registration=True,  # pyright: ignore[reportCallIssue]
):
    """The examples of one domain; it can be pickled, as the workers of grain need it."""

    VERSION = tfds.core.Version("1.0.0")

    def __init__(self, *, dataset: DataSet, domain: str, data_dir: str | Path):
        """Looks which form is there; image files are opened when the records are written."""
        if domain not in dataset.domains:
            raise unknown_name(f"domain of {dataset.name}", domain, dataset.domains)
        self._arguments = {"dataset": dataset, "domain": domain, "data_dir": data_dir}
        self._content = _open(dataset, domain, Path(data_dir))
        self.name = f"{dataset.name}_{domain}"
        super().__init__(data_dir=Path(data_dir) / dataset.name / RECORDS)

    def __getstate__(self) -> dict[str, Any]:
        """The data set goes by its name, as its readers need not be picklable."""
        dataset: DataSet = self._arguments["dataset"]
        known = dataset.name in DATA_SETS and DATA_SETS[dataset.name] is dataset
        return self._arguments | {"dataset": dataset.name if known else dataset}

    def __setstate__(self, state: dict[str, Any]) -> None:
        dataset = state["dataset"]
        self.__init__(
            dataset=DATA_SETS[dataset] if isinstance(dataset, str) else dataset,
            domain=state["domain"],
            data_dir=state["data_dir"],
        )

    def _info(self) -> Any:
        """Returns features, licence and citation."""
        dataset: DataSet = self._arguments["dataset"]
        label = tfds.features.ClassLabel(names=list(dataset.class_names))
        features = {**self._content.features, "label": label}
        return tfds.core.DatasetInfo(
            builder=self,
            description=f"{dataset.title}. Domain {self._arguments['domain']}.",
            features=tfds.features.FeaturesDict(features),
            homepage=dataset.homepage,
            license=dataset.licence,
            citation=load_entries().get(dataset.citation),
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        """Returns the published splits."""
        del dl_manager  # Fetching is the part of `xferlab data prepare`.
        return {split: self._generate_examples(split) for split in self._content.splits}

    def _generate_examples(self, split: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yields the examples of a split by their position."""
        yield from enumerate(self._content.examples(split))


class _Images:
    """Image files, one by one."""

    def __init__(self, tree: Tree, folder: Path, domain: str):
        self.features = {"image": tfds.features.Image(shape=(None, None, 3))}
        self.splits = tree.split_names(domain)
        self._tree, self._folder, self._domain = tree, folder, domain

    def examples(self, split: str) -> Iterator[dict[str, Any]]:
        """Yields every image as its file has it."""
        for file, label in self._tree.examples(self._folder, self._domain, split=split):
            yield {"image": _encoded(file), "label": label}


class _Arrays:
    """Arrays in memory: 8-bit images of one size, or tensors."""

    def __init__(self, raw: RawDomain):
        published = {"train": raw.train} | ({"test": raw.test} if raw.test else {})
        self._parts = {name: (np.asarray(x), y) for name, (x, y) in published.items()}
        self.splits = tuple(self._parts)
        inputs, _ = self._parts["train"]
        if inputs.dtype == np.uint8:
            self._key, shape = "image", (*inputs.shape[1:], 1)[:3]
            self.features = {"image": tfds.features.Image(shape=shape)}
        else:
            self._key, shape = "input", inputs.shape[1:]
            self.features = {"input": tfds.features.Tensor(shape=shape, dtype=inputs.dtype)}

    def examples(self, split: str) -> Iterator[dict[str, Any]]:
        """Yields every example."""
        for value, label in zip(*self._parts[split], strict=True):
            yield {self._key: _png(value) if self._key == "image" else value, "label": int(label)}


def _open(dataset: DataSet, domain: str, data_dir: Path) -> _Images | _Arrays:
    """Returns the content of a domain: image files where there are any, else arrays."""
    found = find_form(dataset, data_dir)
    if found is not None and found[0].tree is not None:
        return _Images(found[0].tree, found[1], domain)
    raw = load_raw(dataset, data_dir, [domain])[domain]
    if isinstance(raw.train.inputs, SparseRows) or scipy.sparse.issparse(raw.train.inputs):
        raise InputError(
            f"{dataset.name}/{domain} is sparse, which records would make dense. Load it by"
            " xferlab.data.catalogue.load.load_raw; it fits in memory"
        )
    return _Arrays(raw)


def _encoded(file: Path) -> Path | io.BytesIO:
    """Returns an image file that TFDS reads as RGB as it is, any other as PNG."""
    pillow = require("PIL.Image", "pillow")
    try:
        with pillow.open(file) as image:
            if image.mode == "RGB" and image.format in ("JPEG", "PNG"):
                return file
    except OSError:
        pass  # decode_image says what is wrong with it.
    return _png(decode_image(file))


def _png(image: np.ndarray) -> io.BytesIO:
    """Returns uint8 [h, w], [h, w, 1] or [h, w, 3] as PNG, without loss."""
    pillow = require("PIL.Image", "pillow")
    plane = image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image
    file = io.BytesIO()
    pillow.fromarray(plane).save(file, "png")
    file.seek(0)
    return file
