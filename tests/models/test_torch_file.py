"""Files of torch.save: equal to what torch reads, and nothing but tensors gets through."""

import io
import os
import pickle
import zipfile

import numpy as np
import pytest

from xferlab.core.errors import InputError
from xferlab.models import torch_file
from xferlab.models.torch_file import MAGIC, read_state_dict

pytestmark = pytest.mark.fast


class Evil:
    """Unpickling it would make a folder."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


def stream(content, *, little_endian=True):
    """The bytes before torch 1.6, without storages."""
    parts = (MAGIC, 1001, {"little_endian": little_endian}, content, [])
    return b"".join(pickle.dumps(part, protocol=2) for part in parts)


def zipped(content):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(content, protocol=2))
    return buffer.getvalue()


@pytest.mark.parametrize("zip_form", [True, False])
def test_tensors_of_torch(tmp_path, zip_form):
    """Types, orders of the axes, shared storages, views and scalars."""
    torch = pytest.importorskip("torch")
    base = torch.arange(24.0).reshape(2, 3, 4)
    tensors = {
        "plain": base,
        "view": base[1:, ::2, 1],
        "transposed": base.permute(2, 0, 1),
        "half": base.half(),
        "double": base.double()[:, :0],
        "scalar": torch.tensor(7),
        "int": torch.arange(3, dtype=torch.int32),
    }
    torch.save(tensors, tmp_path / "a.pth", _use_new_zipfile_serialization=zip_form)
    read = read_state_dict(tmp_path / "a.pth")
    assert list(read) == list(tensors)
    for name, tensor in tensors.items():
        assert read[name].dtype == tensor.numpy().dtype
        np.testing.assert_array_equal(read[name], tensor.numpy())


@pytest.mark.parametrize("form", [stream, zipped])
def test_a_file_that_calls_a_function_is_refused(tmp_path, form):
    (tmp_path / "a.pth").write_bytes(form({"weight": Evil(tmp_path / "made")}))
    with pytest.raises(InputError, match=r"read safely: it refers to (posix|nt)\.mkdir"):
        read_state_dict(tmp_path / "a.pth")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no state_dict"),
        (b"no pickle", "no state_dict"),
        (pickle.dumps(1), "does not begin"),
        (stream({}, little_endian=False), "big-endian"),
        (stream([1]), "no dict but a list"),
        (stream({"a": 1}), "'a' is no tensor"),
        (zipped({1: "b"}), "1 is no tensor"),
        (stream({})[:-6], "no state_dict"),
        (zipped({})[:-9], "no state_dict"),
    ],
    ids=["empty", "text", "pickle", "endian", "list", "number", "zip", "cut", "cut_zip"],
)
def test_other_files(tmp_path, content, message):
    (tmp_path / "a.pth").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_state_dict(tmp_path / "a.pth")


def test_a_truncated_storage(tmp_path):
    torch = pytest.importorskip("torch")
    torch.save({"a": torch.ones(9)}, tmp_path / "a.pth", _use_new_zipfile_serialization=False)
    whole = (tmp_path / "a.pth").read_bytes()
    (tmp_path / "a.pth").write_bytes(whole[:-8])
    with pytest.raises(InputError, match="the storage of 'a' has 7 of 9 numbers"):
        read_state_dict(tmp_path / "a.pth")


@pytest.mark.parametrize("zip_form", [True, False])
def test_a_small_file_does_not_become_a_large_tensor(tmp_path, zip_form):
    torch = pytest.importorskip("torch")
    repeated = torch.ones(2).as_strided((10**6,), (0,))
    torch.save({"a": repeated}, tmp_path / "a.pth", _use_new_zipfile_serialization=zip_form)
    with pytest.raises(InputError, match="'a' repeats its storage"):
        read_state_dict(tmp_path / "a.pth")


def test_a_compressed_member_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}))
    with pytest.raises(InputError, match=r"'archive/data.pkl' is compressed"):
        read_state_dict(tmp_path / "a.pth")


def test_a_file_changes_nothing_of_the_reader(tmp_path):
    """The opcode BUILD may set attributes on whatever the pickle has named."""
    function = b"ctorch._utils\n_rebuild_tensor_v2\n"
    state = pickle.dumps((None, {"__defaults__": (1,)}), protocol=2)[2:-1]
    (tmp_path / "a.pth").write_bytes(b"\x80\x02" + function + state + b"b.")
    with pytest.raises(InputError):
        read_state_dict(tmp_path / "a.pth")
    assert torch_file._rebuild_tensor.__defaults__ is None


def test_no_file(tmp_path):
    with pytest.raises(InputError, match="cannot read the weights"):
        read_state_dict(tmp_path / "a.pth")
