"""WISDM and HHAR: three accelerations of a phone, in windows of 128 steps, by user.

AdaTime publishes both as ready windows, of which its files are read where they are there. From the
original recordings the windows are cut here: 128 steps, each starting 64 after the one before,
within a stretch of one user, device and activity; channels x, y, z; float32 [n, 128, 3], neither
resampled nor standardised, without a test split.

What AdaTime does not state, and what is therefore our choice: the overlap (ours is one half, as in
UCI HAR), how gaps are treated (ours: not at all), the number of a user (ours: in the order of the
original names, from 0, as many as AdaTime has), and in HHAR the phone (its code says "SAMSUNG
device"; ours is the Galaxy S3, model "s3"). Tables from the recordings are therefore not AdaTime's.

References:
    Kwapisz, Weiss, Moore. "Activity Recognition Using Cell Phone Accelerometers". SIGKDD
    Explorations 12, 2011. doi:10.1145/1964897.1964918. (WISDM; its own windows are 10 seconds.)
    Stisen, Blunck, Bhattacharya, Prentow, Kjaergaard, Dey, Sonne, Jensen. "Smart Devices Are
    Different". SenSys 2015. doi:10.1145/2809695.2809718. (HHAR.)
    Ragab, Eldele, Tan, Foo, Chen, Wu, Kwoh, Li. "AdaTime: A Benchmarking Suite for Domain
    Adaptation on Time Series Data". ACM TKDD 17, 2023. arXiv:2203.08321.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from xferlab.core.errors import InputError
from xferlab.core.optional import require
from xferlab.data.catalogue.dataset import DataSet, Download, Form
from xferlab.data.catalogue.sets.adatime import LENGTH, adatime_form
from xferlab.data.raw import RawDomain
from xferlab.data.split import Split

STRIDE = 64
"""Steps between the starts of two windows."""
HHAR_MODEL = "s3"

WISDM_USERS = {str(user): str(user - 1) for user in range(1, 37)}
WISDM_ACTIVITIES = ("walk", "jog", "sit", "stand", "upstairs", "downstairs")
_WISDM_LABELS = {
    name: label
    for label, name in enumerate(
        ("Walking", "Jogging", "Sitting", "Standing", "Upstairs", "Downstairs")
    )
}
_NUMBER = r"(-?\d+(?:\.\d+)?(?:[eE]-?\d+)?)"
_WISDM_RECORD = re.compile(rf"(\d+),([A-Za-z]+),(\d+),{_NUMBER},{_NUMBER},{_NUMBER},?;")
_WISDM_FILE = "WISDM_ar_v1.1_raw.txt"

HHAR_USERS = {user: str(number) for number, user in enumerate("abcdefghi")}
HHAR_ACTIVITIES = ("bike", "sit", "stand", "walk", "stairs_up", "stairs_down")
_HHAR_LABELS = {
    name: label
    for label, name in enumerate(("bike", "sit", "stand", "walk", "stairsup", "stairsdown"))
}
_HHAR_FILE = "Phones_accelerometer.csv"


class _Steps(NamedTuple):
    """Recorded steps in the order of the file."""

    values: np.ndarray
    """float32 [n, 3]."""
    users: np.ndarray
    devices: np.ndarray
    activities: np.ndarray


def _read_wisdm(folder: Path) -> dict[str, RawDomain]:
    """Returns the users of `WISDM_ar_v1.1_raw.txt`: user,activity,time,x,y,z.

    Some records of the published file are malformed; these are left out, up to one in a hundred.
    """
    path = min(folder.glob(f"**/{_WISDM_FILE}"))
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path}: {error} Unpack the archive again.") from error
    records = _WISDM_RECORD.findall(text)
    ends = text.count(";")
    if not records or len(records) < 0.99 * ends:
        raise InputError(
            f"{path}: {len(records)} of {ends} records read user,activity,time,x,y,z; Needed: "
            "nearly all; unpack the archive again."
        )
    users, activities, _, *values = (np.array(column) for column in zip(*records, strict=True))
    steps = _Steps(np.stack(values, 1).astype(np.float32), users, np.zeros(len(users)), activities)
    return _domains(steps, WISDM_USERS, _WISDM_LABELS, WISDM_ACTIVITIES, path)


def _read_hhar(folder: Path) -> dict[str, RawDomain]:
    """Returns the users of `Phones_accelerometer.csv`, of one model of phone."""
    pandas = require("pandas", "pandas")
    path = min(folder.glob(f"**/{_HHAR_FILE}"))
    numbers = dict.fromkeys("xyz", np.float32)
    names = dict.fromkeys(("User", "Model", "Device", "gt"), "category")
    try:
        table = pandas.read_csv(
            path,
            usecols=[*numbers, *names],
            dtype={**numbers, **names},
            keep_default_na=False,  # The activity between two others is named "null".
        )
    except (OSError, ValueError) as error:
        raise InputError(
            f"cannot read {path}: {error} Needed: a table with the columns "
            f"{', '.join([*numbers, *names])}; unpack the archive again."
        ) from error
    table = table[(table["Model"] == HHAR_MODEL) & (table["gt"] != "null")]
    users, devices, activities = (np.array(table[name], str) for name in ("User", "Device", "gt"))
    steps = _Steps(table[list("xyz")].to_numpy(), users, devices, activities)
    return _domains(steps, HHAR_USERS, _HHAR_LABELS, HHAR_ACTIVITIES, path)


def _domains(
    steps: _Steps,
    users: Mapping[str, str],
    labels: Mapping[str, int],
    class_names: tuple[str, ...],
    path: Path,
) -> dict[str, RawDomain]:
    """Returns the windows of each user; `users` and `labels` map the names in the file to ours."""
    present = set(np.unique(steps.users).tolist())
    for kind, found, allowed in (
        ("user", present, users),
        ("activity", set(np.unique(steps.activities).tolist()), labels),
    ):
        unknown = sorted(found - set(allowed))
        if unknown:
            raise InputError(
                f"{path}: unknown {kind} {', '.join(map(repr, unknown))}. Allowed: "
                f"{', '.join(allowed)}; unpack the archive again."
            )
    missing = sorted(set(users) - present)
    if missing:
        raise InputError(
            f"{path} has no steps of user {', '.join(missing)}. Needed: {', '.join(users)}; the "
            "download is partial, unpack it again."
        )
    domains = {}
    for user, domain in users.items():
        chosen = steps.users == user
        own = _Steps(*(column[chosen] for column in steps))
        domains[domain] = RawDomain(_windows(own, labels), None, class_names)
    return domains


def _windows(steps: _Steps, labels: Mapping[str, int]) -> Split:
    """Returns the windows of one user's steps, each within one device and activity."""
    changes = np.zeros(len(steps.values) - 1, bool)
    for names in (steps.devices, steps.activities):
        changes |= names[1:] != names[:-1]
    edges = [0, *(np.flatnonzero(changes) + 1).tolist(), len(steps.values)]
    windows, found = [np.empty((0, LENGTH, 3), np.float32)], []
    for start, end in itertools.pairwise(edges):
        if end - start >= LENGTH:
            stretch = steps.values[start:end]
            cut = np.lib.stride_tricks.sliding_window_view(stretch, LENGTH, axis=0)[::STRIDE]
            windows.append(cut.swapaxes(1, 2))
            found += [labels[steps.activities[start]]] * len(cut)
    return Split(np.concatenate(windows), np.array(found, np.int64))


WISDM = DataSet(
    name="wisdm",
    title="WISDM: windows of 128 x 3 accelerations, six activities of 36 users",
    modality="time series",
    domains=tuple(WISDM_USERS.values()),
    class_names=WISDM_ACTIVITIES,
    licence="not stated",
    citation="kwapisz2011wisdm",
    homepage="https://www.cis.fordham.edu/wisdm/dataset.php",
    forms=(
        adatime_form(class_names=WISDM_ACTIVITIES, channels=3),
        Form("the archive, unpacked", f"**/{_WISDM_FILE}", _read_wisdm),
    ),
    downloads=(
        Download(
            "https://www.cis.fordham.edu/wisdm/includes/datasets/latest/WISDM_ar_latest.tar.gz",
            "WISDM_ar_latest.tar.gz",
        ),
    ),
    by_hand="For AdaTime's windows take its files train_0.pt to test_35.pt from "
    "doi:10.21979/N9/KJWE5B.",
)
HHAR = DataSet(
    name="hhar",
    title="HHAR: windows of 128 x 3 accelerations of one phone, six activities of nine users",
    modality="time series",
    domains=tuple(HHAR_USERS.values()),
    class_names=HHAR_ACTIVITIES,
    licence="CC BY 4.0",
    citation="stisen2015hhar",
    homepage="https://archive.ics.uci.edu/dataset/344",
    forms=(
        adatime_form(class_names=HHAR_ACTIVITIES, channels=3),
        Form("the archive, unpacked", f"**/{_HHAR_FILE}", _read_hhar),
    ),
    downloads=(
        Download(
            "https://archive.ics.uci.edu/ml/machine-learning-databases/00344/"
            "Activity%20recognition%20exp.zip",
            "hhar.zip",
        ),
    ),
    by_hand="Also https://archive.ics.uci.edu/static/public/344/"
    "heterogeneity+activity+recognition.zip, which holds archives in an archive; unpack both. For "
    "AdaTime's windows take its files train_0.pt to test_8.pt from doi:10.21979/N9/OWDFXO.",
)
