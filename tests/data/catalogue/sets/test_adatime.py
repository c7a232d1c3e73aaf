"""AdaTime's files: tensors and arrays are read, any other pickled object is refused."""

import numpy as np
import pytest

from xferlab.core.errors import InputError
from xferlab.data.catalogue.sets.activity import UCI_HAR
from xferlab.data.catalogue.sets.adatime import adatime_form

torch = pytest.importorskip("torch")

RNG = np.random.default_rng(0)
FORM = adatime_form(class_names=("walk", "sit"), channels=3)
WINDOWS = RNG.normal(size=(4, 3, 128))
LABELS = np.array([0, 1, 1, 0])


class Dangerous:
    """An object whose loading would run code."""

    def __reduce__(self):
        return (print, ("run",))


def save(folder, name, samples, labels):
    torch.save({"samples": samples, "labels": labels}, folder / f"{name}.pt")


def save_domain(folder, name, as_saved=lambda array: array):
    for part in ("train", "test"):
        save(folder, f"{part}_{name}", as_saved(WINDOWS), as_saved(LABELS))


@pytest.mark.parametrize("as_saved", [torch.from_numpy, np.asarray], ids=["tensors", "arrays"])
def test_tensors_and_arrays(tmp_path, as_saved):
    for name in ("0", "10", "2"):
        save_domain(tmp_path, name, as_saved)
    domains = FORM.read(tmp_path)
    assert tuple(domains) == ("0", "2", "10")
    train, test, class_names, _ = domains["2"]
    np.testing.assert_allclose(train.inputs, WINDOWS.transpose(0, 2, 1), rtol=1e-6)
    assert train.inputs.dtype == np.float32 and test.labels.tolist() == [0, 1, 1, 0]
    assert class_names == ("walk", "sit")


def test_channels_may_come_last(tmp_path):
    save_domain(tmp_path, "0")
    save(tmp_path, "test_0", torch.tensor(WINDOWS.swapaxes(1, 2)), torch.tensor(LABELS * 1.0))
    train, test, *_ = FORM.read(tmp_path)["0"]
    np.testing.assert_array_equal(train.inputs, test.inputs)
    assert test.labels.tolist() == [0, 1, 1, 0]


def test_objects_are_refused(tmp_path, capsys):
    save_domain(tmp_path, "0")
    save(tmp_path, "test_0", WINDOWS, Dangerous())
    with pytest.raises(InputError, match=r"cannot read .*test_0.pt.*objects are refused"):
        FORM.read(tmp_path)
    assert "run" not in capsys.readouterr().out


def test_files_that_are_bad(tmp_path):
    save_domain(tmp_path, "0")
    save(tmp_path, "train_0", WINDOWS, LABELS + 1)
    with pytest.raises(InputError, match=r"train_0.pt: label 2 at index 1"):
        FORM.read(tmp_path)
    save(tmp_path, "train_0", WINDOWS[:, :2], LABELS)
    with pytest.raises(InputError, match=r"samples have shape \(4, 2, 128\). Needed"):
        FORM.read(tmp_path)
    torch.save([1, 2], tmp_path / "train_0.pt")
    with pytest.raises(InputError, match=r"samples have shape \(0,\)"):
        FORM.read(tmp_path)
    whole = (tmp_path / "test_0.pt").read_bytes()
    for damaged in (b"", b"no file of torch", whole[: len(whole) // 2]):
        (tmp_path / "train_0.pt").write_bytes(damaged)
        with pytest.raises(InputError, match=r"cannot read .*train_0.pt"):
            FORM.read(tmp_path)
    save_domain(tmp_path, "0")
    (tmp_path / "test_0.pt").unlink()
    with pytest.raises(InputError, match=r"cannot read .*test_0.pt"):
        FORM.read(tmp_path)


def test_without_torch_the_message_says_so(tmp_path, monkeypatch):
    save_domain(tmp_path, "0")
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(InputError, match=r"needs the package torch"):
        FORM.read(tmp_path)


def test_uci_har_is_read_from_them_too(tmp_path):
    for part in ("train", "test"):
        save(tmp_path, f"{part}_30", torch.zeros(2, 9, 128), torch.tensor([0, 5]))
    form = next(f for f in UCI_HAR.forms if next(tmp_path.glob(f.marker), None))
    assert form.read(tmp_path)["30"].train.inputs.shape == (2, 128, 9)
