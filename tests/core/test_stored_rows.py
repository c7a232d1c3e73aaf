"""Rows on disk: chosen unread, read as asked, joined with others, domains like any other."""

import numpy as np
import pytest

from tests.data.readers.test_folders import write_images
from xferlab.core.errors import InputError
from xferlab.core.inputs import Modalities, concatenate_inputs, in_memory
from xferlab.core.settings import Setting
from xferlab.data import ArrayFile, StoredRows, domain_from_arrays, domain_from_folder
from xferlab.data.feeds.pieces import Pieces
from xferlab.data.task import TransferTask

pytestmark = pytest.mark.fast
IMAGES = np.random.default_rng(0).integers(0, 256, (40, 6, 6, 3), np.uint8)
LABELS = np.arange(40) % 2


@pytest.fixture
def stored(tmp_path):
    np.save(tmp_path / "images.npy", IMAGES)
    return StoredRows(ArrayFile(tmp_path / "images.npy"))


class Watched:
    """A store that remembers what was read."""

    row_shape, dtype = IMAGES.shape[1:], IMAGES.dtype

    def __init__(self):
        self.asked = []

    def __len__(self):
        return len(IMAGES)

    def read(self, rows):
        self.asked.append(list(rows))
        return IMAGES[rows]


def test_choosing_rows_reads_nothing():
    store = Watched()
    rows = StoredRows(store)[np.arange(40) % 2 == 1][3:6]
    assert rows.shape == (3, 6, 6, 3) and rows.nbytes == 3 * 108 and len(rows) == 3
    assert not store.asked
    np.testing.assert_array_equal(rows, IMAGES[[7, 9, 11]])
    assert store.asked == [[7, 9, 11]]


def test_they_are_gone_through_in_chunks(monkeypatch):
    monkeypatch.setattr("xferlab.core.inputs.READ_AT_ONCE", 16)
    store = Watched()
    np.testing.assert_array_equal(list(StoredRows(store)), IMAGES)
    assert [len(asked) for asked in store.asked] == [16, 16, 8]


def test_they_are_joined_with_others(stored):
    joined = concatenate_inputs([stored[5:9], IMAGES[:3], stored[[0, 39]]])
    whole = np.concatenate([IMAGES[5:9], IMAGES[:3], IMAGES[[0, 39]]])
    assert isinstance(joined, StoredRows)
    np.testing.assert_array_equal(joined, whole)
    rows = [8, 0, 4, 4, 6]
    np.testing.assert_array_equal(joined[rows], whole[rows])
    both = concatenate_inputs([Modalities(stored[:2], np.zeros((2, 1)))] * 2)
    np.testing.assert_array_equal(in_memory(both).parts[0], IMAGES[[0, 1, 0, 1]])


def test_a_domain_of_them_is_the_domain_of_their_array(stored):
    there, here = (domain_from_arrays("d", rows, LABELS, test=0.25) for rows in (stored, IMAGES))
    assert there.fingerprint == here.fingerprint
    for name, split in there.splits.items():
        assert isinstance(split.inputs, StoredRows)
        np.testing.assert_array_equal(split.inputs, here.splits[name].inputs)
    assert not there.transductive
    same = domain_from_arrays("d", stored, LABELS, test=(stored, LABELS))
    assert same.transductive
    task = TransferTask("t", (there, there), here, Setting.UNSUPERVISED_DA)
    assert isinstance(task.source.splits["train"].inputs, StoredRows)


def test_pieces_are_read_when_they_are_predicted(monkeypatch):
    monkeypatch.setattr("xferlab.data.feeds.pieces.KEPT_BYTES", 0)
    store = Watched()
    pieces = Pieces(StoredRows(store))
    assert sum(len(asked) for asked in store.asked) == 0
    for _ in range(2):
        (piece,) = pieces
        blocks = np.asarray(piece.blocks).reshape(-1, 6, 6, 3)
        np.testing.assert_array_equal(blocks[:40], IMAGES)
    assert [len(asked) for asked in store.asked] == [40, 40]


@pytest.mark.parametrize(
    "rows", [np.zeros((40, 6, 6), np.uint8), np.zeros((40, 3)), np.zeros((40, 3), np.int32)]
)
def test_other_forms_are_refused(rows, tmp_path):
    np.save(tmp_path / "rows.npy", rows)
    with pytest.raises(InputError, match=r"Allowed: (images|uint8 images) \[n, h, w, c\]"):
        domain_from_arrays("d", StoredRows(ArrayFile(tmp_path / "rows.npy")), LABELS)


def test_a_folder_of_images_may_stay_on_disk(tmp_path):
    write_images(tmp_path / "a", range(10, 20), mode="RGB", suffix=".jpg")
    write_images(tmp_path / "b", range(10))
    here, there = (domain_from_folder(tmp_path, image_size=4, on_disk=way) for way in (False, True))
    assert isinstance(there.splits["train"].inputs, StoredRows)
    assert there.fingerprint == here.fingerprint and there.notes == here.notes
    (tmp_path / "b" / "0.png").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"cannot read the image .*0\.png"):
        domain_from_folder(tmp_path, image_size=4, on_disk=True)
    with pytest.raises(InputError, match=r"cannot read the image .*0\.png"):
        [np.asarray(split.inputs) for split in there.splits.values()]
