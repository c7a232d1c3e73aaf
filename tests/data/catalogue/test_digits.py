"""The digit data sets: made files in their plain forms, damaged ones, and the real ones if here."""

import numpy as np
import pytest
import scipy.io
from PIL import Image

from tests.shared import shared_data
from xferlab.core.errors import InputError
from xferlab.data.catalogue import digits
from xferlab.data.catalogue.digits import digits_domain, digits_present
from xferlab.data.catalogue.plain_file import write_plain
from xferlab.data.raw import RawDomain
from xferlab.data.readers.arrays import domain_from_arrays
from xferlab.data.split import Split

LABELS = np.arange(20, dtype=np.uint8) % 10
RNG = np.random.default_rng(0)
SHAPES = {"mnist": (28, 28), "usps": (16, 16), "svhn": (32, 32, 3)}


def save_npz(folder, name, images, labels=LABELS):
    (folder / name).mkdir(exist_ok=True)
    np.savez(
        folder / name / f"{name}.npz", x_train=images, y_train=labels, x_test=images, y_test=labels
    )


def save_mosaics(folder, images, mosaics=2):
    """Images [20, 28, 28, 3] as mosaics of two rows; their labels in one file."""
    (folder / "mnistm").mkdir()
    for part in ("train", "test"):
        for number, tiles in enumerate(np.split(images, mosaics)):
            mosaic = np.concatenate([np.concatenate(row, axis=1) for row in np.split(tiles, 2)])
            Image.fromarray(mosaic).save(
                folder / "mnistm" / f"{part}_{number:02d}.webp", lossless=True
            )
        np.savez(folder / "mnistm" / f"{part}_labels.npz", y=LABELS)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize(("channels", "image_size"), [(1, 28), (3, 28), (3, 32), (1, 16)])
def test_all_come_in_the_form_asked_for(tmp_path, name, channels, image_size):
    save_npz(tmp_path, name, RNG.integers(0, 256, (20, *SHAPES[name]), np.uint8))
    domain = digits_domain(name, data_dir=tmp_path, channels=channels, image_size=image_size)
    assert domain.name == name and domain.class_names == tuple("0123456789")
    assert domain.input_shape == (image_size, image_size, channels)
    assert domain.input_dtype == np.uint8
    assert (domain.splits["test"].labels == LABELS).all()


def test_mnist_grey_is_replicated(tmp_path):
    images = RNG.integers(0, 256, (20, 28, 28), np.uint8)
    save_npz(tmp_path, "mnist", images)
    inputs = digits_domain("mnist", data_dir=tmp_path).splits["train"].inputs
    assert (inputs == images[..., None]).all()


def test_usps_thousandths_become_bytes(tmp_path):
    levels = np.linspace(-1000, 1000, 256).astype(np.int16)
    save_npz(tmp_path, "usps", np.broadcast_to(levels.reshape(16, 16), (20, 16, 16)))
    domain = digits_domain("usps", data_dir=tmp_path, channels=1, image_size=16)
    scaled = domain.splits["train"].inputs[0].ravel() / 127.5 - 1
    assert np.abs(scaled - levels / 1000).max() <= 1 / 255


def test_mnistm_mosaics_are_cut_in_reading_order(tmp_path):
    images = RNG.integers(0, 256, (20, 28, 28, 3), np.uint8)
    save_mosaics(tmp_path, images)
    split = digits_domain("mnistm", data_dir=tmp_path).splits["train"]
    assert (split.inputs == images).all() and (split.labels == LABELS).all()


def test_mnistm_that_is_incomplete(tmp_path):
    save_mosaics(tmp_path, RNG.integers(0, 256, (20, 28, 28, 3), np.uint8))
    folder = tmp_path / "mnistm"
    Image.new("RGB", (56, 30)).save(folder / "train_02.webp")
    with pytest.raises(InputError, match=r"train_02.webp is 30 x 56 .*multiples of 28"):
        digits_domain("mnistm", data_dir=tmp_path)
    (folder / "train_02.webp").unlink()
    (folder / "train_01.webp").unlink()
    with pytest.raises(InputError, match="10 inputs but 20 labels"):
        digits_domain("mnistm", data_dir=tmp_path)
    (folder / "train_00.webp").unlink()
    with pytest.raises(InputError, match=r"has 0 mosaics train_\*.webp"):
        digits_domain("mnistm", data_dir=tmp_path)


@pytest.mark.parametrize(("name", "origin"), [("usps", "ElemStatLearn"), ("mnistm", "cloud drive")])
def test_what_tfds_lacks_says_where_it_is(tmp_path, name, origin):
    with pytest.raises(InputError, match=rf"{name} is not there.*Looked for.*{origin}"):
        digits_domain(name, data_dir=tmp_path)
    with pytest.raises(InputError, match=rf"{name} is read from disk; give the folder"):
        digits_domain(name)


@pytest.mark.parametrize(("name", "tfds_name"), [("mnist", "mnist"), ("svhn", "svhn_cropped")])
def test_tfds_serves_what_the_folder_lacks(tmp_path, monkeypatch, name, tfds_name):
    asked = []

    def stand_in(builder, *, data_dir):
        asked.append((builder, data_dir))
        return domain_from_arrays(builder, np.zeros((20, 32, 32, 3), np.uint8), LABELS, test=0.5)

    monkeypatch.setattr(digits, "domain_from_tfds", stand_in)
    domain = digits_domain(name, data_dir=tmp_path, channels=1)
    assert asked == [(tfds_name, tmp_path)]
    assert domain.name == name and domain.input_shape == (28, 28, 1)


def test_the_authors_files_are_read_too(tmp_path):
    images = RNG.integers(0, 256, (20, 32, 32, 3), np.uint8)
    (tmp_path / "svhn").mkdir()
    for part in ("train", "test"):
        scipy.io.savemat(
            tmp_path / "svhn" / f"{part}_32x32.mat",
            {"X": images.transpose(1, 2, 3, 0), "y": np.where(LABELS == 0, 10, LABELS)[:, None]},
        )
    assert digits_present("svhn", data_dir=tmp_path)
    split = digits_domain("svhn", data_dir=tmp_path, image_size=32).splits["test"]
    np.testing.assert_array_equal(split.inputs, images)
    np.testing.assert_array_equal(split.labels, LABELS)


def test_a_plain_file_without_a_test_split(tmp_path):
    split = Split(np.zeros((20, 28, 28, 1), np.uint8), LABELS)
    write_plain(tmp_path / "mnist", "mnist", RawDomain(split, None, tuple("0123456789")))
    with pytest.raises(InputError, match="'mnist' has no published test split"):
        digits_domain("mnist", data_dir=tmp_path)


def test_present_means_that_files_are_there(tmp_path):
    assert not digits_present("mnist", data_dir=None)
    assert not digits_present("mnist", data_dir=tmp_path)
    save_npz(tmp_path, "mnist", np.zeros((20, 28, 28), np.uint8))
    assert digits_present("mnist", data_dir=tmp_path)
    with pytest.raises(InputError, match=r"unknown digit data set 'emnist'. Did you mean: mnist"):
        digits_present("emnist", data_dir=tmp_path)


def test_files_of_another_form(tmp_path):
    save_npz(tmp_path, "mnist", np.zeros((20, 28, 28), np.float32))
    with pytest.raises(InputError, match=r"x_train is float32 .*uint8 of shape \(n, 28, 28\)"):
        digits_domain("mnist", data_dir=tmp_path)
    save_npz(tmp_path, "usps", np.zeros((20, 256), np.int16))
    with pytest.raises(InputError, match=r"\(20, 256\).*int16 thousandths of shape \(n, 16, 16\)"):
        digits_domain("usps", data_dir=tmp_path)
    save_npz(tmp_path, "svhn", np.zeros((20, 32, 32, 3), np.uint8), LABELS + 1)
    with pytest.raises(InputError, match=r"label 10 at index 9 is out of range.*0 to 9"):
        digits_domain("svhn", data_dir=tmp_path)
    np.savez(tmp_path / "mnist" / "mnist.npz", x_train=np.zeros(3))
    with pytest.raises(InputError, match="has no y_train, x_test, y_test"):
        digits_domain("mnist", data_dir=tmp_path)
    (tmp_path / "mnist" / "mnist.npz").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(InputError, match=r"cannot read .*mnist\.npz"):
        digits_domain("mnist", data_dir=tmp_path)


def test_real_mnist():
    domain = digits_domain("mnist", data_dir=shared_data("mnist"), channels=1)
    (inputs, labels), test = domain.splits["train"], domain.splits["test"]
    assert inputs.shape == (60000, 28, 28, 1) and test.inputs.shape == (10000, 28, 28, 1)
    # Class counts of the published training set; mean and deviation that everyone normalises by.
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(labels).tolist() == counts
    assert inputs.mean() / 255 == pytest.approx(0.1307, abs=1e-4)
    assert inputs.astype(np.float32).std() / 255 == pytest.approx(0.3081, abs=1e-4)


def test_real_usps():
    data_dir = shared_data("usps")
    domain = digits_domain("usps", data_dir=data_dir, channels=1)
    (inputs, labels), test = domain.splits["train"], domain.splits["test"]
    # Class counts of zip.train in "The Elements of Statistical Learning".
    counts = [1194, 1005, 731, 658, 652, 556, 664, 645, 542, 644]
    assert np.bincount(labels).tolist() == counts and len(test.labels) == 2007
    with np.load(data_dir / "usps" / "usps.npz") as original:
        mean = original["x_train"].mean() / 1000
    assert (inputs / 127.5 - 1).mean() == pytest.approx(mean, abs=0.005)


def test_real_mnistm_is_mnist_in_colour():
    domain = digits_domain("mnistm", data_dir=shared_data("mnistm"))
    assert domain.splits["train"].inputs.shape == (15000, 28, 28, 3)
    assert domain.splits["test"].inputs.shape == (5000, 28, 28, 3)
    shares = np.bincount(domain.splits["train"].labels) / 15000
    assert np.abs(shares - 0.1).max() < 0.015  # MNIST's own classes have 9.0 to 11.2 %.
    first = domain.splits["train"].inputs[:1000].astype(int)
    assert np.abs(first[..., 0] - first[..., 2]).mean() > 5
