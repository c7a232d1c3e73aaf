"""The digit data sets in the files of their authors, and the compact copies."""

import gzip

import numpy as np
import pytest
import scipy.io

from tests.shared import shared_data
from xferlab.core.errors import InputError
from xferlab.data.catalogue.digits import DIGIT_SETS
from xferlab.data.catalogue.sets.digits_sets import DIGITS

RNG = np.random.default_rng(0)
SETS = {each.name: each for each in DIGITS}


def read(name, folder):
    """What the first form that is there gives for the only domain."""
    form = next(f for f in SETS[name].forms if next(folder.glob(f.marker), None))
    return form.read(folder)[name]


def save_mat(folder, prefix, *, labels, shape=(32, 32, 3)):
    images = RNG.integers(0, 256, (len(labels), *shape), np.uint8)
    for part in ("train", "test"):
        scipy.io.savemat(
            folder / f"{prefix}{part}_32x32.mat",
            {"X": images.transpose(1, 2, 3, 0), "y": np.array(labels)[:, None]},
        )
    return images


@pytest.mark.fast
def test_every_digit_set_is_in_the_catalogue():
    assert set(DIGIT_SETS) == set(SETS)
    assert all(each.domains == (each.name,) for each in DIGITS)


@pytest.mark.fast
@pytest.mark.parametrize(("name", "prefix"), [("svhn", ""), ("synthetic_digits", "synth_")])
def test_matlab_files(tmp_path, name, prefix):
    images = save_mat(tmp_path, prefix, labels=[10, 1, 9])
    domain = read(name, tmp_path)
    np.testing.assert_array_equal(domain.train.inputs, images)
    assert domain.train.labels.tolist() == [0, 1, 9]  # SVHN writes ten for the digit zero.
    assert domain.test.labels.tolist() == [0, 1, 9]


@pytest.mark.fast
def test_matlab_files_that_are_bad(tmp_path):
    save_mat(tmp_path, "synth_", labels=[1, 11])
    with pytest.raises(InputError, match=r"synth_train_32x32.mat: label 11 at index 1"):
        read("synthetic_digits", tmp_path)
    save_mat(tmp_path, "synth_", labels=[1, 2], shape=(28, 28, 3))
    with pytest.raises(InputError, match=r"uint8 of shape \(28, 28, 3, 2\)"):
        read("synthetic_digits", tmp_path)
    file = tmp_path / "synth_train_32x32.mat"
    scipy.io.savemat(file, {"X": np.zeros(3), "z": np.zeros(3)})
    with pytest.raises(InputError, match=r"no numeric array 'y'; it holds X, z"):
        read("synthetic_digits", tmp_path)
    save_mat(tmp_path, "synth_", labels=[1, 2])
    (tmp_path / "synth_test_32x32.mat").unlink()
    with pytest.raises(InputError, match=r"no file .*synth_test_32x32.mat"):
        read("synthetic_digits", tmp_path)
    for damaged in (file.read_bytes()[:200], b"", b"<html>not found</html>" * 20):
        file.write_bytes(damaged)
        with pytest.raises(InputError, match=r"cannot read .*synth_train_32x32.mat"):
            read("synthetic_digits", tmp_path)


def save_idx(folder, images, labels):
    """The four files, as http://yann.lecun.com/exdb/mnist described them."""
    for prefix in ("train", "t10k"):
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
            content = bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()
            (folder / f"{prefix}-{kind}-ubyte.gz").write_bytes(gzip.compress(content))


@pytest.mark.fast
def test_the_four_files_of_mnist(tmp_path):
    images, labels = RNG.integers(0, 256, (7, 28, 28)), np.arange(7)
    save_idx(tmp_path, images, labels)
    domain = read("mnist", tmp_path)
    np.testing.assert_array_equal(domain.test.inputs[..., 0], images)
    np.testing.assert_array_equal(domain.train.labels, labels)
    save_idx(tmp_path, images, labels + 5)
    with pytest.raises(InputError, match=r"train-labels-idx1-ubyte.gz: label 10 at index 5"):
        read("mnist", tmp_path)
    file = tmp_path / "train-images-idx3-ubyte.gz"
    head, large = b"\0\0\x08\x03", (2**31).to_bytes(4, "big")
    wrong = (b"\0\0\x08\x01" + bytes(4), head + bytes(2), head + large + large + b"\0\0\0\4")
    other_size = head + b"".join(n.to_bytes(4, "big") for n in (1, 14, 20)) + bytes(280)
    whole = gzip.decompress(file.read_bytes())
    for content in (whole[:-1], b"", *wrong, other_size):
        file.write_bytes(gzip.compress(content))
        with pytest.raises(InputError, match=r"Needed: an IDX file of bytes with 3 axes"):
            read("mnist", tmp_path)
    for damaged in (b"", b"<html>", gzip.compress(bytes(99))[:-9]):
        file.write_bytes(damaged)
        with pytest.raises(InputError, match=r"cannot read|IDX"):
            read("mnist", tmp_path)


@pytest.mark.fast
def test_usps_tables(tmp_path):
    values = np.round(RNG.uniform(-1, 1, (3, 256)), 3)
    for part in ("train", "test"):
        with gzip.open(tmp_path / f"zip.{part}.gz", "wt") as file:
            np.savetxt(file, np.column_stack([[6, 0, 9], values]), fmt="%.3f")
    domain = read("usps", tmp_path)
    assert domain.train.labels.tolist() == [6, 0, 9]
    scaled = domain.test.inputs.reshape(3, 256) / 127.5 - 1
    assert np.abs(scaled - values).max() <= 1 / 255 + 1e-9
    (tmp_path / "zip.test.gz").write_bytes((tmp_path / "zip.test.gz").read_bytes()[:-40])
    with pytest.raises(InputError, match=r"cannot read .*zip.test.gz"):
        read("usps", tmp_path)
    with gzip.open(tmp_path / "zip.train.gz", "wt") as file:
        file.write("1 2 3\n")
    with pytest.raises(InputError, match=r"table of shape \(1, 3\)"):
        read("usps", tmp_path)


@pytest.mark.parametrize(
    ("name", "train", "test"),
    [("mnist", 60000, 10000), ("usps", 7291, 2007), ("mnistm", 15000, 5000)],
)
def test_the_compact_copies(name, train, test):
    domain = read(name, shared_data(name) / name)
    assert (len(domain.train.labels), len(domain.test.labels)) == (train, test)
