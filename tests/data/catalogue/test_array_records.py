"""TFDS builders of the catalogue's data sets, prepared and read within the test."""

import pickle
import sys

import numpy as np
import pytest
from PIL import Image

from tests.data.made_sets import BAGS, CLASSES, IMAGES, PAIR, made_split, use_catalogue
from xferlab.core.errors import InputError
from xferlab.data.catalogue.array_records import tfds_builder
from xferlab.data.catalogue.plain_file import write_plain
from xferlab.data.raw import RawDomain
from xferlab.data.readers.tfds import domain_from_tfds
from xferlab.data.split import Split


@pytest.fixture(autouse=True)
def catalogue(monkeypatch):
    use_catalogue(
        monkeypatch, "xferlab.data.catalogue.load", "xferlab.data.catalogue.array_records"
    )


def write_images(folder, modes=("RGB", "L")):
    for level, label in enumerate(CLASSES):
        for place in ("photo", "drawing"):
            (folder / place / label).mkdir(parents=True)
            for number, mode in enumerate(modes):
                image = Image.new("RGB", (6 + number, 5), (40 * level, 40 * level, 40 * level))
                image.convert(mode).save(folder / place / label / f"{number}.png")


def write_domain(folder, name="left", tested=True):
    raw = RawDomain(made_split(), made_split(5, seed=1) if tested else None, CLASSES)
    for domain in PAIR.domains:
        write_plain(folder / "pair", domain, raw)
    return raw


def prepared(*arguments):
    builder = tfds_builder(*arguments)
    builder.download_and_prepare(file_format="array_record")
    return builder


def test_images_are_kept_as_their_files(tmp_path):
    write_images(tmp_path / "tree")
    builder = prepared(IMAGES, "photo", tmp_path)
    assert list(builder.info.splits) == ["train"]
    assert builder.info.features["label"].names == list(CLASSES)
    examples = list(builder.as_data_source(split="train"))
    shapes = sorted(example["image"].shape for example in examples)
    assert shapes == [(5, 6, 3), (5, 6, 3), (5, 7, 3), (5, 7, 3)]
    assert all((example["image"] == 40 * example["label"]).all() for example in examples)
    assert "tensorflow" not in sys.modules


def test_licence_and_citation_are_in_the_info(tmp_path):
    write_domain(tmp_path)
    info = tfds_builder("pair", "left", tmp_path).info
    assert info.redistribution_info.license == "CC0"
    assert "1505.07818" in info.citation and info.homepage == PAIR.homepage


def test_tensors_and_published_splits(tmp_path):
    raw = write_domain(tmp_path)
    domain = domain_from_tfds(prepared("pair", "left", tmp_path), input_feature="input")
    for split, expected in (("train", raw.train), ("test", raw.test)):
        read = domain.splits[split]
        order = np.lexsort(read.inputs.T), np.lexsort(expected.inputs.T)
        assert (read.inputs[order[0]] == expected.inputs[order[1]]).all()
        assert (read.labels[order[0]] == expected.labels[order[1]]).all()
    assert domain.class_names == CLASSES


@pytest.mark.parametrize("shape", [(7, 6), (7, 6, 1), (7, 6, 3)])
def test_images_in_memory_are_kept_without_loss(tmp_path, shape):
    images = np.random.default_rng(0).integers(0, 256, (8, *shape), np.uint8)
    raw = RawDomain(Split(images, np.arange(8) % 2), None, CLASSES)
    for name in PAIR.domains:
        write_plain(tmp_path / "pair", name, raw)
    source = prepared("pair", "left", tmp_path).as_data_source(split="train")
    read = sorted(example["image"].tobytes() for example in source)
    assert read == sorted(image.tobytes() for image in images)


def test_records_are_read_again_by_another_process(tmp_path):
    write_images(tmp_path / "tree")
    builder = prepared("tree", "drawing", tmp_path)
    files = set(tmp_path.rglob("*.array_record*"))
    assert files and all("tree/array_records" in str(path) for path in files)
    again = pickle.loads(pickle.dumps(builder))
    assert again.is_prepared() and len(again.as_data_source(split="train")) == 4
    source = pickle.loads(pickle.dumps(builder.as_data_source(split="train")))
    assert source[0]["image"].shape[-1] == 3


def test_grain_streams_it(tmp_path):
    import grain

    write_images(tmp_path / "tree")
    source = prepared(IMAGES, "photo", tmp_path).as_data_source(split="train")
    labels = [e["label"] for e in grain.MapDataset.source(source).shuffle(seed=0)]
    assert sorted(labels) == [0, 0, 1, 1]


def test_sparse_sets_are_refused(tmp_path):
    (tmp_path / "sacks").mkdir()
    (tmp_path / "sacks/bags.bin").touch()
    with pytest.raises(InputError, match=r"bags/words is sparse.*load_raw"):
        tfds_builder(BAGS, "words", tmp_path)


def test_a_damaged_image_is_named(tmp_path):
    write_images(tmp_path / "tree")
    (tmp_path / "tree/photo/yes/0.png").write_bytes(b"\x89PNG cut off")
    with pytest.raises(InputError, match=r"cannot read the image .*photo/yes/0.png"):
        prepared(IMAGES, "photo", tmp_path)


def test_unknown_and_missing(tmp_path):
    with pytest.raises(InputError, match=r"unknown domain of tree 'foto'\. Did you mean: photo"):
        tfds_builder("tree", "foto", tmp_path)
    with pytest.raises(InputError, match="unknown data set 'treee'"):
        tfds_builder("treee", "photo", tmp_path)
    with pytest.raises(InputError, match="pair is not there"):
        tfds_builder("pair", "left", tmp_path)
