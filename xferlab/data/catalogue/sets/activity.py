"""UCI HAR: what a phone at the waist measures while thirty subjects walk, climb, sit, stand, lie.

Windows of 128 steps at 50 Hz, overlapping by half, of nine channels: body acceleration, angular
velocity and total acceleration (x, y, z each; g and rad/s). They are float32 [n, 128, 9] here, and
not standardised. Subjects are the domains.

The test split is AdaTime's: 30 % of each subject's windows, drawn at random, so that neighbours of
a test window are trained on. Its draw is in its files and in the compact copy alone; the original
archive splits by subject, and has no split here.

References:
    Anguita, Ghio, Oneto, Parra, Reyes-Ortiz. "A Public Domain Dataset for Human Activity
    Recognition Using Smartphones". ESANN 2013.
    Ragab, Eldele, Tan, Foo, Chen, Wu, Kwoh, Li. "AdaTime: A Benchmarking Suite for Domain
    Adaptation on Time Series Data". ACM TKDD 17, 2023. arXiv:2203.08321.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xferlab.core.errors import InputError
from xferlab.data.catalogue.dataset import DataSet, Download, Form
from xferlab.data.catalogue.sets.accelerometer import HHAR, WISDM
from xferlab.data.catalogue.sets.adatime import LENGTH, adatime_form
from xferlab.data.labels import check_labels_in_range
from xferlab.data.raw import RawDomain
from xferlab.data.readers.arrays import read_npz
from xferlab.data.split import Split

SUBJECTS = tuple(str(number) for number in range(1, 31))
ACTIVITIES = (
    "WALKING",
    "WALKING_UPSTAIRS",
    "WALKING_DOWNSTAIRS",
    "SITTING",
    "STANDING",
    "LAYING",
)
CHANNELS = tuple(
    f"{sensor}_{axis}" for sensor in ("body_acc", "body_gyro", "total_acc") for axis in "xyz"
)

_ARCHIVE = "UCI HAR Dataset"
_KEYS = ("x_milli", "y", "subject", "is_test", "channels", "classes")


def _read_npz(folder: Path) -> dict[str, RawDomain]:
    """Returns the subjects of `uci_har.npz`: thousandths int16 [n, 9, 128]."""
    path = folder / "uci_har.npz"
    arrays = read_npz(path)
    missing = [key for key in _KEYS if key not in arrays]
    if missing:
        raise InputError(
            f"{path} has no {', '.join(missing)}. Needed: {', '.join(_KEYS)}; copy it again."
        )
    names = (tuple(arrays["channels"].tolist()), tuple(arrays["classes"].tolist()))
    if names != (CHANNELS, ACTIVITIES) or arrays["x_milli"].shape[1:] != (len(CHANNELS), LENGTH):
        raise InputError(
            f"{path} holds {arrays['x_milli'].shape} of channels {names[0]} and classes {names[1]}."
            f" Needed: [n, 9, {LENGTH}] of {CHANNELS} and {ACTIVITIES}; copy it again."
        )
    windows = (arrays["x_milli"] / np.float32(1000)).swapaxes(1, 2)
    return _subjects(windows, arrays["y"], arrays["subject"], path, is_test=arrays["is_test"])


def _read_archive(folder: Path) -> dict[str, RawDomain]:
    """Returns the subjects of the original folder "UCI HAR Dataset", without a split."""
    root = folder / _ARCHIVE if (folder / _ARCHIVE).is_dir() else folder
    parts = [_read_part(root / part, part) for part in ("train", "test")]
    windows, labels, subjects = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return _subjects(windows, labels - 1, subjects, root)


def _read_part(folder: Path, part: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns windows float32 [n, 128, 9], labels from one and subjects of half the archive."""
    labels, subjects = (
        _read_table(folder / f"{name}_{part}.txt", np.int64).ravel() for name in ("y", "subject")
    )
    windows = np.empty((len(labels), LENGTH, len(CHANNELS)), np.float32)
    for index, channel in enumerate(CHANNELS):
        file = folder / "Inertial Signals" / f"{channel}_{part}.txt"
        table = _read_table(file, np.float32)
        if table.shape != (len(labels), LENGTH) or len(subjects) != len(labels):
            raise InputError(
                f"{file} holds a table of shape {table.shape}, beside {len(labels)} labels and "
                f"{len(subjects)} subjects. Needed: as many rows of {LENGTH}; unpack it again."
            )
        windows[:, :, index] = table
    return windows, labels, subjects


def _read_table(file: Path, dtype: type) -> np.ndarray:
    """Returns a text file of numbers as [rows, columns]."""
    try:
        return np.loadtxt(file, dtype=dtype, ndmin=2)
    except (OSError, ValueError, UserWarning) as error:
        raise InputError(f"cannot read {file}: {error} Unpack the archive again.") from error


def _subjects(
    windows: np.ndarray,
    labels: np.ndarray,
    subjects: np.ndarray,
    path: Path,
    *,
    is_test: np.ndarray | None = None,
) -> dict[str, RawDomain]:
    """Returns the windows of each subject, split where a split is given."""
    check_labels_in_range(labels, len(ACTIVITIES), str(path))
    present = {str(subject) for subject in np.unique(subjects)}
    if present != set(SUBJECTS):
        raise InputError(
            f"{path} has windows of the subjects {', '.join(sorted(present, key=int))}. Needed: "
            "each of 1 to 30; the download is partial, unpack or copy it again."
        )
    domains = {}
    for name in SUBJECTS:
        chosen = subjects == int(name)
        halves = [chosen] if is_test is None else [chosen & ~is_test, chosen & is_test]
        splits = [Split(np.ascontiguousarray(windows[half]), labels[half]) for half in halves]
        domains[name] = RawDomain(splits[0], splits[1] if len(splits) > 1 else None, ACTIVITIES)
    return domains


UCI_HAR = DataSet(
    name="uci_har",
    title="UCI HAR: 10299 windows of 128 x 9, six activities of thirty subjects",
    modality="time series",
    domains=SUBJECTS,
    class_names=ACTIVITIES,
    licence="CC BY 4.0 (repository's page); its README: no commercial use",
    citation="anguita2013har",
    homepage="https://archive.ics.uci.edu/dataset/240",
    forms=(
        Form("the compact uci_har.npz", "uci_har.npz", _read_npz),
        adatime_form(class_names=ACTIVITIES, channels=len(CHANNELS)),
        Form("the archive, unpacked", f"{_ARCHIVE}/train/subject_train.txt", _read_archive),
        Form("the archive's own folder", "train/subject_train.txt", _read_archive),
    ),
    downloads=(
        Download(
            "https://archive.ics.uci.edu/ml/machine-learning-databases/00240/"
            "UCI%20HAR%20Dataset.zip",
            "uci_har.zip",
        ),
    ),
    by_hand="Also https://archive.ics.uci.edu/static/public/240/"
    "human+activity+recognition+using+smartphones.zip, which holds the archive in an archive; "
    "unpack both. For AdaTime's split take its files train_1.pt to test_30.pt from "
    "doi:10.21979/N9/0SYHTZ.",
)

ACTIVITY = (UCI_HAR, WISDM, HHAR)
