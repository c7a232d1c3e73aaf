"""WISDM and HHAR from their recordings: how windows are cut, and bad files."""

import numpy as np
import pytest

from xferlab.core.errors import InputError
from xferlab.data.catalogue.sets.accelerometer import (
    HHAR,
    HHAR_ACTIVITIES,
    HHAR_USERS,
    WISDM,
    WISDM_ACTIVITIES,
)

pytestmark = pytest.mark.fast

HEADER = "Index,Arrival_Time,Creation_Time,x,y,z,User,Model,Device,gt"


def wisdm_lines(user, activity, steps, first=0):
    """Steps whose x counts up, whose y is the user and whose z is constant."""
    return [
        f"{user},{activity},{49105962326000 + i},{first + i}.0,{user},0.5;" for i in range(steps)
    ]


def hhar_lines(user, activity, steps, *, device="s3_1", model="s3", first=0):
    return [
        f"{i},1424696633908,{i},{first + i},-1.5,9.8,{user},{model},{device},{activity}"
        for i in range(steps)
    ]


def save_wisdm(folder, lines):
    place = folder / "WISDM_ar_v1.1"
    place.mkdir(exist_ok=True)
    (place / "WISDM_ar_v1.1_raw.txt").write_text("\n".join(lines) + "\n")


def save_hhar(folder, lines, header=HEADER):
    place = folder / "Activity recognition exp"
    place.mkdir(exist_ok=True)
    (place / "Phones_accelerometer.csv").write_text("\n".join([header, *lines]) + "\n")


def read(dataset, folder):
    form = next(f for f in dataset.forms if next(folder.glob(f.marker), None))
    return form.read(folder)


def every_wisdm_user():
    return [line for user in range(1, 37) for line in wisdm_lines(user, "Walking", 128)]


def every_hhar_user():
    return [line for user in HHAR_USERS for line in hhar_lines(user, "walk", 128)]


def test_wisdm_windows_stay_in_one_activity(tmp_path):
    lines = every_wisdm_user()
    lines += wisdm_lines(7, "Jogging", 256) + wisdm_lines(7, "Sitting", 127)
    lines += wisdm_lines(7, "Jogging", 130, first=1000)
    save_wisdm(tmp_path, lines)
    domains = read(WISDM, tmp_path)
    assert tuple(domains) == WISDM.domains == tuple(str(n) for n in range(36))
    train, test, class_names, *_ = domains["6"]
    assert test is None and class_names == WISDM_ACTIVITIES
    assert train.labels.tolist() == [0, 1, 1, 1, 1]  # walk; jog three times, and once more.
    assert train.inputs.shape == (5, 128, 3) and train.inputs.dtype == np.float32
    assert train.inputs[:, 0, 0].tolist() == [0, 0, 64, 128, 1000]
    np.testing.assert_array_equal(train.inputs[2, :, 0], np.arange(64, 192))
    assert (train.inputs[..., 1] == 7).all() and (train.inputs[..., 2] == 0.5).all()


def test_wisdm_records_that_are_malformed_are_few(tmp_path):
    lines = every_wisdm_user()
    # As in the published file: an empty value, two records in a line, a comma before the end.
    lines += ["11,Walking,1867172313000,4.4,4.4,;"]
    lines += ["".join(wisdm_lines(1, "Walking", 2)), "2,Sitting,5,1.0,-9.8E-7,0.1,;"]
    save_wisdm(tmp_path, lines)
    assert len(read(WISDM, tmp_path)["10"].train.labels) == 1
    save_wisdm(tmp_path, [line.replace(",", "\t") for line in lines])
    with pytest.raises(InputError, match=r"0 of \d+ records read user,activity"):
        read(WISDM, tmp_path)
    save_wisdm(tmp_path, lines + ["1,Walking,5;"] * 100)
    with pytest.raises(InputError, match=r"records read user,activity"):
        read(WISDM, tmp_path)


def test_wisdm_files_that_are_bad(tmp_path):
    save_wisdm(tmp_path, every_wisdm_user()[128:])
    with pytest.raises(InputError, match=r"no steps of user 1. Needed"):
        read(WISDM, tmp_path)
    save_wisdm(tmp_path, every_wisdm_user() + wisdm_lines(5, "Flying", 3))
    with pytest.raises(InputError, match=r"unknown activity 'Flying'. Allowed: Walking, Jogging"):
        read(WISDM, tmp_path)
    save_wisdm(tmp_path, every_wisdm_user() + wisdm_lines(37, "Walking", 3))
    with pytest.raises(InputError, match="unknown user '37'"):
        read(WISDM, tmp_path)
    file = tmp_path / "WISDM_ar_v1.1" / "WISDM_ar_v1.1_raw.txt"
    file.write_bytes(b"\xff\xfe1\x00,\x00")
    with pytest.raises(InputError, match=r"cannot read .*WISDM_ar_v1.1_raw.txt"):
        read(WISDM, tmp_path)


def test_hhar_takes_one_model_and_no_pauses(tmp_path):
    lines = every_hhar_user()
    lines += hhar_lines("c", "null", 300) + hhar_lines("c", "bike", 300, model="nexus4")
    lines += hhar_lines("c", "stairsup", 200, device="s3_1")
    lines += hhar_lines("c", "stairsup", 130, device="s3_2", first=500)
    save_hhar(tmp_path, lines)
    domains = read(HHAR, tmp_path)
    assert tuple(domains) == HHAR.domains == tuple("012345678")
    train, test, class_names, *_ = domains["2"]
    assert test is None and class_names == HHAR_ACTIVITIES
    assert [class_names[label] for label in train.labels] == ["walk", *["stairs_up"] * 3]
    assert train.inputs[:, 0, 0].tolist() == [0, 0, 64, 500]
    np.testing.assert_allclose(train.inputs[..., 1:], np.broadcast_to([-1.5, 9.8], (4, 128, 2)))


def test_hhar_files_that_are_bad(tmp_path):
    save_hhar(tmp_path, every_hhar_user()[128:])
    with pytest.raises(InputError, match=r"no steps of user a. Needed"):
        read(HHAR, tmp_path)
    save_hhar(tmp_path, every_hhar_user() + hhar_lines("a", "swim", 3))
    with pytest.raises(InputError, match="unknown activity 'swim'"):
        read(HHAR, tmp_path)
    save_hhar(tmp_path, every_hhar_user(), header=HEADER.replace("gt", "label"))
    with pytest.raises(InputError, match=r"cannot read .*columns x, y, z, User, Model, Device, gt"):
        read(HHAR, tmp_path)
    save_hhar(tmp_path, [*every_hhar_user(), "1,2,3,four,5,6,a,s3,s3_1,walk"])
    with pytest.raises(InputError, match=r"cannot read .*Phones_accelerometer.csv"):
        read(HHAR, tmp_path)
