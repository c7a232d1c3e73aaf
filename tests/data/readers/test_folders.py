"""Domains from image folders: both layouts, order, sizes, and files that are no images."""

import numpy as np
import pytest
from PIL import Image

from xferlab.core.errors import InputError
from xferlab.data.readers.folders import domain_from_folder

pytestmark = pytest.mark.fast


def write_images(folder, levels, *, suffix=".png", mode="L"):
    folder.mkdir(parents=True, exist_ok=True)
    for number, level in enumerate(levels):
        Image.new(mode, (6, 4), level).save(folder / f"{number}{suffix}")


def test_train_and_test_folders(tmp_path):
    for part, level in (("train", 10), ("test", 100)):
        write_images(tmp_path / part / "dog", [level, level + 1])
        write_images(tmp_path / part / "cat", [level + 2])
    domain = domain_from_folder(tmp_path, image_size=5, channels=1, name="pets")
    assert domain.name == "pets" and domain.class_names == ("cat", "dog")
    assert domain.input_shape == (5, 5, 1)
    train, test = domain.splits["train"], domain.splits["test"]
    assert train.inputs[:, 0, 0, 0].tolist() == [12, 10, 11] and train.labels.tolist() == [0, 1, 1]
    assert test.inputs[:, 0, 0, 0].tolist() == [102, 100, 101]


def test_one_folder_per_class_is_split(tmp_path):
    write_images(tmp_path / "a", range(10), mode="RGB", suffix=".jpg")
    write_images(tmp_path / "b", range(10), suffix=".PNG")
    (tmp_path / "b" / "notes.txt").write_text("passed over")
    (tmp_path / ".hidden").mkdir()
    domain = domain_from_folder(tmp_path, image_size=4, test_fraction=0.3)
    assert domain.name == tmp_path.name and domain.input_shape == (4, 4, 3)
    assert np.bincount(domain.splits["test"].labels).tolist() == [3, 3]
    assert domain_from_folder(tmp_path, image_size=4, test_fraction=0.3).fingerprint == (
        domain.fingerprint
    )


@pytest.mark.parametrize(
    "damage", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: b"text"]
)
def test_names_the_image_that_is_damaged(tmp_path, damage):
    write_images(tmp_path / "a", [1, 2])
    write_images(tmp_path / "b", [3, 4])
    broken = tmp_path / "b" / "1.png"
    broken.write_bytes(damage(broken.read_bytes()))
    with pytest.raises(InputError, match=f"cannot read the image {broken}: .* replace or convert"):
        domain_from_folder(tmp_path, image_size=4)


def test_refuses_images_of_more_than_eight_bits(tmp_path):
    write_images(tmp_path / "a", [1], mode="I;16")
    write_images(tmp_path / "b", [1])
    with pytest.raises(InputError, match="more than 8 bits"):
        domain_from_folder(tmp_path, image_size=4)


def test_layouts_that_make_no_domain(tmp_path):
    with pytest.raises(InputError, match=f"there is no folder {tmp_path / 'none'}"):
        domain_from_folder(tmp_path / "none", image_size=4)
    write_images(tmp_path / "train" / "a", [1])
    with pytest.raises(InputError, match="has a folder 'train' but no 'test'"):
        domain_from_folder(tmp_path, image_size=4)
    write_images(tmp_path / "train" / "b", [1])
    write_images(tmp_path / "test" / "a", [1])
    (tmp_path / "test" / "b").mkdir()
    with pytest.raises(InputError, match=r"the class folder .*test/b has no image.*\.png"):
        domain_from_folder(tmp_path, image_size=4)
    with pytest.raises(InputError, match="channels=2 is not possible"):
        domain_from_folder(tmp_path / "train", image_size=4, channels=2)
    with pytest.raises(InputError, match=r"image_size is 0\. Allowed: a whole number"):
        domain_from_folder(tmp_path / "train", image_size=0)


def test_a_folder_of_no_class_and_of_one(tmp_path):
    with pytest.raises(InputError, match="has no class folder"):
        domain_from_folder(tmp_path, image_size=4)
    write_images(tmp_path / "only", [1, 2, 3, 4, 5])
    assert domain_from_folder(tmp_path, image_size=4).class_names == ("only",)


SYSTEM = ["._0.png", ".DS_Store", "Thumbs.db", "desktop.ini", ".hidden.jpg"]


@pytest.mark.parametrize("layout", ["classes", "train and test"])
def test_what_systems_and_archives_leave_behind_is_passed_over(tmp_path, layout, caplog):
    parts = [""] if layout == "classes" else ["train", "test"]
    for part in parts:
        for name in ("a", "b"):
            write_images(tmp_path / part / name, range(6))
            for file in SYSTEM:
                (tmp_path / part / name / file).write_bytes(b"no image")
        for folder in ("__MACOSX", "@eaDir", ".git"):
            (tmp_path / part / folder).mkdir()
    domain = domain_from_folder(tmp_path, image_size=4)
    assert domain.class_names == ("a", "b")
    counts = [len(split.labels) for split in domain.splits.values()]
    assert sum(counts) == 12 * len(parts)
    assert not caplog.records


def test_images_are_known_by_their_content(tmp_path, caplog):
    for name in ("a", "b"):
        write_images(tmp_path / name, range(3))
        for number, suffix in enumerate((".jfif", ".jpe", ".JPEG", "", ".photo", ".png_")):
            Image.new("RGB", (6, 4)).save(tmp_path / name / f"x{number}{suffix}", format="JPEG")
    domain = domain_from_folder(tmp_path, image_size=4)
    assert sum(len(split.labels) for split in domain.splits.values()) == 18
    assert not caplog.records


def test_files_that_are_no_images_are_counted_and_named(tmp_path, caplog):
    for name in ("a", "b"):
        write_images(tmp_path / name, range(5))
    for number in range(5):
        (tmp_path / "b" / f"note{number}.txt").write_text("text")
    domain_from_folder(tmp_path, image_size=4)
    assert "passed over 5 file(s) that are no images: note0.txt, note1.txt, note2.txt, ..." in (
        caplog.text
    )


def test_a_third_part_beside_train_and_test_is_refused(tmp_path):
    for part in ("train", "test", "val"):
        for name in ("a", "b"):
            write_images(tmp_path / part / name, range(3))
    with pytest.raises(InputError, match="beside train and test, val, which would be left out"):
        domain_from_folder(tmp_path, image_size=4)


def test_a_folder_of_runs_is_no_class(tmp_path):
    for name in ("a", "b", "runs"):
        write_images(tmp_path / name, range(5))
    assert domain_from_folder(tmp_path, image_size=4).class_names == ("a", "b", "runs")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "own.suite").write_text("{}")
    assert domain_from_folder(tmp_path, image_size=4).class_names == ("a", "b", "runs")


def test_a_folder_given_as_a_dot_has_its_name(tmp_path, monkeypatch):
    for name in ("a", "b"):
        write_images(tmp_path / "pets" / name, range(5))
    monkeypatch.chdir(tmp_path / "pets")
    assert domain_from_folder(".", image_size=4).name == "pets"
