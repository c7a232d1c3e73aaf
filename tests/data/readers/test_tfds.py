"""Domains from TFDS, with a real builder that is prepared within the test, without TensorFlow."""

import io
import sys

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from xferlab.core.errors import InputError
from xferlab.data.readers.tfds import domain_from_tfds


class TinyDigits(tfds.core.GeneratorBasedBuilder):
    """Twelve and six PNG images, the i-th with every pixel i; three classes."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        features = {
            "image": tfds.features.Image(shape=(None, None, 1)),
            "label": tfds.features.ClassLabel(names=["x", "y", "z"]),
            "size": tfds.features.Tensor(shape=(2,), dtype=np.float32),
        }
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        return {
            "train": self._generate_examples(12),
            "test": self._generate_examples(6),
            "uneven": self._generate_examples(6, growth=1),
        }

    def _generate_examples(self, count, growth=0):
        for number in range(count):
            size = 8 + growth * number
            file = io.BytesIO()
            Image.new("L", (size, size), number).save(file, "png")
            file.seek(0)
            yield number, {"image": file, "label": number % 3, "size": [size, number]}


@pytest.fixture
def builder(tmp_path):
    return TinyDigits(data_dir=tmp_path)


def test_reads_images_labels_and_class_names(builder):
    domain = domain_from_tfds(builder)
    assert domain.name == "tiny_digits" and domain.class_names == ("x", "y", "z")
    assert domain.input_shape == (8, 8, 1) and domain.input_dtype == np.uint8
    for split, count in (("train", 12), ("test", 6)):
        inputs, labels = domain.splits[split]
        levels = inputs[:, 0, 0, 0]
        assert sorted(levels.tolist()) == list(range(count)) and (levels % 3 == labels).all()
    assert "tensorflow" not in sys.modules


def test_a_second_reading_prepares_nothing_and_is_equal(builder, tmp_path):
    first = domain_from_tfds(builder).fingerprint
    written = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*") if file.is_file()}
    assert domain_from_tfds(TinyDigits(data_dir=tmp_path)).fingerprint == first
    assert all(file.stat().st_mtime_ns == stamp for file, stamp in written.items())


def test_names_of_features_and_splits_are_arguments(builder):
    domain = domain_from_tfds(builder, splits=("train[:6]", "train[6:]"), input_feature="size")
    assert domain.input_shape == (2,) and domain.input_dtype == np.float32
    assert len(domain.splits["train"].labels) == 6


def test_images_of_several_sizes_need_one(builder):
    splits = ("train", "uneven")
    with pytest.raises(InputError, match=r"\(8, 8, 1\) and \(13, 13, 1\).*give image_size"):
        domain_from_tfds(builder, splits=splits)
    assert domain_from_tfds(builder, splits=splits, image_size=9).input_shape == (9, 9, 1)


def test_unknown_names(builder, tmp_path):
    with pytest.raises(
        InputError, match=r"unknown TFDS data set 'mnits'\. Close names: mnist.*Allowed"
    ):
        domain_from_tfds("mnits", data_dir=tmp_path)
    with pytest.raises(InputError, match=r"unknown feature of tiny_digits 'imaeg'.*mean: image"):
        domain_from_tfds(builder, input_feature="imaeg")
    with pytest.raises(InputError, match=r"split 'valid'.*Its splits are train, test, uneven"):
        domain_from_tfds(builder, splits=("train", "valid"))


@pytest.mark.parametrize("kept", [0.0, 0.5])
def test_a_record_file_that_is_cut_off(builder, tmp_path, kept):
    domain_from_tfds(builder)
    (record,) = tmp_path.rglob("*-train.array_record-*")
    data = record.read_bytes()
    record.write_bytes(data[: int(kept * len(data))])
    with pytest.raises(InputError, match=r"cannot read split 'train'.*prepared anew"):
        domain_from_tfds(TinyDigits(data_dir=tmp_path))


def test_a_record_file_that_is_gone(builder, tmp_path):
    domain_from_tfds(builder)
    next(tmp_path.rglob("*-test.array_record-*")).unlink()
    with pytest.raises(InputError, match=r"cannot read split 'test'.*prepared anew"):
        domain_from_tfds(TinyDigits(data_dir=tmp_path))


@pytest.mark.parametrize("error", [OSError("no route to host"), tfds.download.DownloadError("404")])
def test_a_failed_download(builder, monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(builder, "download_and_prepare", fail)
    with pytest.raises(InputError, match=f"cannot download or prepare.*{error}.*Check the network"):
        domain_from_tfds(builder)


def test_a_data_set_that_needs_another_package(builder, monkeypatch):
    def fail(*_, **__):
        raise ModuleNotFoundError("no such module", name="pydub")

    monkeypatch.setattr(builder, "download_and_prepare", fail)
    with pytest.raises(InputError, match="'tiny_digits' needs the Python module 'pydub'"):
        domain_from_tfds(builder)


@pytest.mark.parametrize("module", ["tensorflow_datasets", "array_record", "importlib_resources"])
def test_a_missing_package_is_named(builder, monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=f"pip install {module.replace('_', '-')}"):
        domain_from_tfds(builder)
