"""Domains from arrays and from .npz files, whole, damaged and hostile."""

import pickle

import numpy as np
import pytest

from xferlab.core.errors import InputError
from xferlab.data.readers.arrays import domain_from_arrays, domain_from_npz

pytestmark = pytest.mark.fast
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(20, 4)), np.arange(20) % 2


def save(path, **arrays):
    np.savez(path, **arrays)
    return path


def save_whole(path):
    return save(path, x_train=X, y_train=Y, x_test=X[:6], y_test=Y[:6])


def test_arrays_with_a_test_split():
    domain = domain_from_arrays("mine", X, Y, test=(X[:6], Y[:6]))
    assert domain.class_names == ("0", "1")
    assert (domain.splits["train"].inputs == X.astype(np.float32)).all()
    assert (domain.splits["test"].inputs == X[:6].astype(np.float32)).all()


def test_arrays_without_one_are_split():
    domain = domain_from_arrays("mine", X, Y, test=0.3, class_names=["no", "yes"])
    assert len(domain.splits["train"].labels) == 14 and len(domain.splits["test"].labels) == 6
    assert domain.class_names == ("no", "yes")
    moved = domain_from_arrays("mine", X, Y, test=0.3, class_names=["no", "yes"], seed=1)
    assert moved.fingerprint != domain.fingerprint


def test_grey_images_get_their_channel_axis():
    domain = domain_from_arrays("mine", np.zeros((20, 5, 6), np.uint8), Y)
    assert domain.input_shape == (5, 6, 1)


def test_bad_arrays_are_named_before_they_are_split():
    with pytest.raises(InputError, match="domain 'mine': 20 inputs but 19 labels"):
        domain_from_arrays("mine", X, Y[:19])
    with pytest.raises(InputError, match="domain 'mine', split 'test': no examples"):
        domain_from_arrays("mine", X, Y, test=(X[:0], Y[:0]))
    with pytest.raises(InputError, match="domain 'mine': label -1 at index 0"):
        domain_from_arrays("mine", X, Y - 1)
    with pytest.raises(InputError, match="domain 'mine': label 2 at index 17"):
        domain_from_arrays("mine", X, Y + (np.arange(20) == 17), class_names=("no", "yes"))


def test_npz_in_both_forms(tmp_path):
    domain = domain_from_npz(save_whole(tmp_path / "whole.npz"))
    assert domain.name == "whole" and len(domain.splits["test"].labels) == 6
    names = np.array(["no", "yes"])
    split = domain_from_npz(
        save(tmp_path / "x.npz", x=X, y=Y, class_names=names), name="mine", test_fraction=0.5
    )
    assert split.name == "mine" and split.class_names == ("no", "yes")
    assert len(split.splits["test"].labels) == 10


def test_npz_without_the_arrays(tmp_path):
    with pytest.raises(InputError, match=r"arrays \['x_train', 'y'\]. Allowed: x_train, y_train"):
        domain_from_npz(save(tmp_path / "bad.npz", x_train=X, y=Y))


def test_npz_that_is_absent_or_a_folder(tmp_path):
    for path in (tmp_path / "none.npz", tmp_path):
        with pytest.raises(InputError, match=f"there is no file {path}"):
            domain_from_npz(path)


def test_npz_with_pickled_objects_is_refused_unread(tmp_path):
    path = save(tmp_path / "pickled.npz", x=np.array([{}, {}]), y=Y[:2])
    with pytest.raises(InputError, match=r"pickled\.npz.*pickled objects are refused.*np\.savez"):
        domain_from_npz(path)
    bare = tmp_path / "bare.npz"
    bare.write_bytes(pickle.dumps({"x": X}))
    with pytest.raises(InputError, match=r"cannot read .*pickled objects are refused"):
        domain_from_npz(bare)


def test_bare_npy_is_refused(tmp_path):
    with (tmp_path / "bare.npz").open("wb") as file:
        np.save(file, X)
    with pytest.raises(InputError, match="it is a single array"):
        domain_from_npz(tmp_path / "bare.npz")


@pytest.mark.parametrize("compressed", [False, True])
def test_npz_cut_off_anywhere_is_refused(tmp_path, compressed):
    path = tmp_path / "cut.npz"
    (np.savez_compressed if compressed else np.savez)(path, x=X, y=Y)
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"cannot read .*cut\.npz"):
            domain_from_npz(path)


@pytest.mark.parametrize("compressed", [False, True])
def test_npz_with_one_wrong_byte_is_refused_or_whole(tmp_path, compressed):
    path = tmp_path / "flip.npz"
    (np.savez_compressed if compressed else np.savez)(path, x=X, y=Y)
    whole, right = path.read_bytes(), domain_from_npz(path).fingerprint
    refused = 0
    for position in range(0, len(whole), 3):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 255]) + whole[position + 1 :])
        try:
            assert domain_from_npz(path).fingerprint == right
        except InputError as error:
            refused += "flip.npz" in str(error)
    assert refused > len(whole) // 6
