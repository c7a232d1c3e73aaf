"""UCI HAR: the compact file, the original archive, and bad ones."""

import numpy as np
import pytest

from tests.shared import shared_data
from xferlab.core.errors import InputError
from xferlab.data.catalogue.sets.activity import ACTIVITIES, ACTIVITY, CHANNELS, SUBJECTS, UCI_HAR

RNG = np.random.default_rng(0)
SUBJECT = np.repeat(np.arange(1, 31), 8)
LABELS = np.tile([0, 1, 2, 3, 4, 5, 0, 1], 30)


def compact_arrays():
    return {
        "x_milli": RNG.integers(-900, 900, (240, 9, 128)).astype(np.int16),
        "y": LABELS,
        "subject": SUBJECT,
        "is_test": np.tile([False, False, True, False, False, False, True, False], 30),
        "channels": np.array(CHANNELS),
        "classes": np.array(ACTIVITIES),
    }


def save_archive(folder, windows, subjects=SUBJECT):
    """The original layout: subjects 1 to 20 in train, the others in test; windows [n, 9, 128]."""
    for part, rows in (("train", subjects <= 20), ("test", subjects > 20)):
        place = folder / part
        (place / "Inertial Signals").mkdir(parents=True, exist_ok=True)
        np.savetxt(place / f"y_{part}.txt", LABELS[: len(subjects)][rows] + 1, fmt="%d")
        np.savetxt(place / f"subject_{part}.txt", subjects[rows], fmt="%d")
        for index, channel in enumerate(CHANNELS):
            file = place / "Inertial Signals" / f"{channel}_{part}.txt"
            np.savetxt(file, windows[rows, index], fmt=" %.7e")


def read(folder):
    form = next(f for f in UCI_HAR.forms if next(folder.glob(f.marker), None))
    return form.read(folder)


@pytest.mark.fast
def test_the_catalogue():
    assert [each.name for each in ACTIVITY] == ["uci_har", "wisdm", "hhar"]
    assert UCI_HAR.domains == SUBJECTS and len(SUBJECTS) == 30
    assert CHANNELS[0] == "body_acc_x" and CHANNELS[5] == "body_gyro_z" and len(CHANNELS) == 9


@pytest.mark.fast
def test_the_compact_form(tmp_path):
    arrays = compact_arrays()
    np.savez(tmp_path / "uci_har.npz", **arrays)
    domains = read(tmp_path)
    assert tuple(domains) == SUBJECTS
    train, test, class_names, *_ = domains["3"]
    assert class_names == ACTIVITIES
    expected = arrays["x_milli"][16:24].transpose(0, 2, 1) / 1000
    np.testing.assert_allclose(test.inputs, expected[[2, 6]], atol=1e-6)
    np.testing.assert_allclose(train.inputs, expected[[0, 1, 3, 4, 5, 7]], atol=1e-6)
    assert train.inputs.dtype == np.float32
    assert train.labels.tolist() == [0, 1, 3, 4, 5, 1] and test.labels.tolist() == [2, 0]


@pytest.mark.parametrize("place", ["UCI HAR Dataset", ""])
def test_the_archive_has_no_split(tmp_path, place):
    windows = RNG.normal(size=(240, 9, 128))
    save_archive(tmp_path / place, windows)
    domains = read(tmp_path)
    assert tuple(domains) == SUBJECTS
    for name in ("2", "25"):
        train, test, *_ = domains[name]
        assert test is None
        rows = np.isin(SUBJECT, int(name))
        np.testing.assert_allclose(train.inputs, windows[rows].transpose(0, 2, 1), rtol=1e-6)
        assert (train.labels == LABELS[rows]).all()


def test_archives_that_are_partial(tmp_path):
    save_archive(tmp_path, RNG.normal(size=(232, 9, 128)), SUBJECT[:232])
    with pytest.raises(InputError, match=r"28, 29. Needed: each of 1 to 30; .*partial"):
        read(tmp_path)
    save_archive(tmp_path, RNG.normal(size=(240, 9, 128)))
    file = tmp_path / "test" / "Inertial Signals" / "body_gyro_y_test.txt"
    lines = file.read_text().splitlines()
    for text, message in [
        ("\n".join(lines[:-1]), r"shape \(79, 128\), beside 80 labels"),
        ("\n".join(lines)[:-300], "cannot read .*body_gyro_y_test.txt"),
        ("\n".join(lines).replace("e", "x"), "cannot read .*body_gyro_y_test.txt"),
        ("", "body_gyro_y_test.txt"),
    ]:
        file.write_text(text)
        with pytest.raises(InputError, match=message):
            read(tmp_path)
    file.unlink()
    with pytest.raises(InputError, match=r"cannot read .*body_gyro_y_test.txt"):
        read(tmp_path)


@pytest.mark.fast
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y": LABELS + 1}, "label 6 at index 5"),
        ({"subject": SUBJECT.clip(2, 30)}, "each of 1 to 30"),
        ({"channels": np.array(CHANNELS[::-1])}, "Needed: .*body_acc_x"),
        ({"x_milli": np.zeros((240, 128, 9), np.int16)}, r"holds \(240, 128, 9\)"),
        ({"classes": np.array([{}], object)}, "pickled objects are refused"),
    ],
)
def test_compact_files_that_are_bad(tmp_path, changes, message):
    np.savez(tmp_path / "uci_har.npz", **{**compact_arrays(), **changes})
    with pytest.raises(InputError, match=message):
        read(tmp_path)


def test_the_compact_copy():
    domains = read(shared_data("uci_har") / "uci_har")
    sizes = {name: len(d.train.labels) + len(d.test.labels) for name, d in domains.items()}
    assert (sizes["2"], sizes["11"]) == (302, 316)
    assert sum(sizes.values()) == 10299
    # Gravity: the total acceleration of a subject who stands is one g long.
    train = domains["2"].train
    standing = train.inputs[train.labels == ACTIVITIES.index("STANDING")]
    assert np.linalg.norm(standing[..., 6:], axis=-1).mean() == pytest.approx(1, abs=0.06)
