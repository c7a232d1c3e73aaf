"""Checking data sets: counts, digests, damage."""

import numpy as np
import pytest
from PIL import Image

from tests.data.made_sets import CLASSES, IMAGES, PAIR, made_split, use_catalogue, write_pair
from tests.shared import shared_data
from xferlab.data.catalogue.check import Finding, check_dataset, known_digests
from xferlab.data.catalogue.plain_file import content_digest, write_plain
from xferlab.data.catalogue.sets.table import DATA_SETS
from xferlab.data.raw import RawDomain

LEFT = RawDomain(made_split(), None, CLASSES)


@pytest.fixture
def pair(tmp_path, monkeypatch):
    use_catalogue(monkeypatch, "xferlab.data.catalogue.load")
    write_pair(tmp_path / "pair")
    return tmp_path


def know(monkeypatch, **digests):
    monkeypatch.setattr("xferlab.data.catalogue.check.known_digests", lambda: {"pair": digests})


@pytest.mark.fast
def test_counts_by_split_and_class(pair):
    left, right = check_dataset(PAIR, pair)
    assert left == Finding("pair", "left", "whole", {"all": [6, 6]}, content_digest(LEFT))
    assert right.counts == {"train": [6, 6], "test": [6, 6]}


@pytest.mark.fast
def test_a_known_digest_is_compared(pair, monkeypatch):
    know(monkeypatch, left=content_digest(LEFT), right="0" * 16)
    left, right = check_dataset(PAIR, pair)
    assert left.state == "as known"
    assert right.state == "differs" and "0" * 16 in right.note


@pytest.mark.fast
def test_missing_and_damaged(pair, tmp_path):
    (pair / "pair/left.txt").write_text("1 2 x 0\n")
    assert [each.state for each in check_dataset(PAIR, pair)] == ["damaged", "damaged"]
    (missing,) = check_dataset(PAIR, tmp_path / "elsewhere")
    assert missing == Finding("pair", "", "missing", {})


@pytest.mark.fast
def test_one_damaged_plain_file_is_named(pair):
    for name in PAIR.domains:
        write_plain(pair / "pair", name, LEFT)
    file = pair / "pair/right.npz"
    data = bytearray(file.read_bytes())
    data[len(data) // 3] ^= 255
    file.write_bytes(bytes(data))
    left, right = check_dataset(PAIR, pair)
    assert left.state == "whole" and right.state == "damaged" and str(file) in right.note


@pytest.mark.fast
def test_images_that_do_not_fit_are_counted(tmp_path, monkeypatch):
    use_catalogue(monkeypatch, "xferlab.data.catalogue.load")
    monkeypatch.setattr("xferlab.data.catalogue.image_tree.MAX_BYTES", 1000)
    for number, place in enumerate(("photo/no", "photo/yes", "drawing/no", "drawing/yes")):
        (tmp_path / "tree" / place).mkdir(parents=True)
        for image in range(number + 1):
            Image.new("RGB", (4, 4)).save(tmp_path / "tree" / place / f"{image}.png")
    photo, drawing = check_dataset(IMAGES, tmp_path)
    assert photo == Finding("tree", "photo", "listed", {"train": [1, 2]})
    assert drawing.counts == {"train": [3, 4]}
    (tmp_path / "tree/drawing/no").rename(tmp_path / "tree/drawing/maybe")
    assert [each.state for each in check_dataset(IMAGES, tmp_path)] == ["damaged"]


@pytest.mark.fast
def test_known_digests_are_of_domains_that_exist():
    for name, digests in known_digests().items():
        assert list(digests) == list(DATA_SETS[name].domains)
        assert all(len(digest) == 16 and int(digest, 16) for digest in digests.values())


@pytest.mark.parametrize("name", list(known_digests()))
def test_the_real_copies_are_as_known(name):
    folder = DATA_SETS[name].forms[0].folder or name
    findings = list(check_dataset(DATA_SETS[name], shared_data(folder)))
    assert {each.state for each in findings} == {"as known"}
    assert all(np.min(counts) > 0 for each in findings for counts in each.counts.values())
