"""Reading tensors from files of `torch.save`, without torch and without running what they hold.

Such a file is a pickle of references to storages, which follow as raw bytes: in one stream
(before torch 1.6) or as members of a zip. A pickle can call any function; here only the few that
build a dict of tensors are known, and every other name ends the reading. What these functions do
is written anew below, so nothing of the file's choice is ever imported. What is read takes no more
memory than the file: compressed members and tensors that repeat their storage are refused.
"""

from __future__ import annotations

import collections
import io
import math
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from xferlab.core.errors import InputError

MAGIC = 0x1950A86A20F9469CFC6C
STORAGES = {
    "FloatStorage": np.dtype("<f4"),
    "DoubleStorage": np.dtype("<f8"),
    "HalfStorage": np.dtype("<f2"),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
}
"""The storage types that are read, as NumPy has them."""


class _Storage(NamedTuple):
    key: str
    dtype: np.dtype
    size: int


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_state_dict(path: str | Path) -> dict[str, np.ndarray]:
    """Returns the tensors of a saved state_dict by name.

    Raises:
        InputError: the file is missing, damaged, or holds something else than a dict of dense
            tensors of the types above.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            read = _read_zip if zipfile.is_zipfile(file) else _read_stream
            file.seek(0)
            return read(file)
    except OSError as error:
        raise InputError(f"cannot read the weights {path}: {error}. Check the path.") from error
    except Exception as error:  # A damaged pickle or zip can fail in any way.
        raise InputError(
            f"{path} is no state_dict that can be read safely: {error}. Allowed: a dict of dense"
            f" tensors ({', '.join(STORAGES)}) saved by torch.save; get the file anew, or save"
            " model.state_dict() on its own."
        ) from error


def _read_zip(file: BinaryIO) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(file) as archive:
        (index,) = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        folder = index.removesuffix("data.pkl")
        packed = [e.filename for e in archive.infolist() if e.compress_type != zipfile.ZIP_STORED]
        if packed:
            raise ValueError(f"its member {packed[0]!r} is compressed, which torch does not do")
        tensors = _checked(_Unpickler(io.BytesIO(archive.read(index))).load())
        keys = {tensor.storage.key for tensor in tensors.values()}
        return _build(tensors, {key: archive.read(f"{folder}data/{key}") for key in keys})


def _read_stream(file: BinaryIO) -> dict[str, np.ndarray]:
    if _Unpickler(file).load() != MAGIC:
        raise ValueError("it does not begin as such a file does")
    _Unpickler(file).load()  # The version of the format.
    if not _Unpickler(file).load()["little_endian"]:
        raise ValueError("its numbers are big-endian")
    tensors = _checked(_Unpickler(file).load())
    storages = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
    content = {}
    for key in _Unpickler(file).load():
        count = int.from_bytes(file.read(8), "little")
        content[key] = file.read(count * storages[key].dtype.itemsize)
    return _build(tensors, content)


class _Unpickler(pickle.Unpickler):
    """Knows the names that a dict of tensors needs, and no other one."""

    def find_class(self, module: str, name: str) -> Any:
        """Returns what stands for a name of the pickle."""
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda *args: _rebuild_tensor(*args)  # A pickle may set attributes on it.
        raise pickle.UnpicklingError(f"it refers to {module}.{name}")

    def persistent_load(self, pid: Any) -> _Storage:
        """Returns the description of a storage."""
        kind, dtype, key, _, size, *_ = pid
        if kind != "storage" or not isinstance(dtype, np.dtype):
            raise pickle.UnpicklingError(f"it refers to an object of kind {kind!r}")
        return _Storage(str(key), dtype, int(size))


def _rebuild_tensor(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any
) -> _Tensor:
    return _Tensor(storage, offset, shape, strides)


def _checked(content: Any) -> dict[str, _Tensor]:
    """Returns what was unpickled if it is a dict of tensors by name."""
    if not isinstance(content, dict):
        raise ValueError(f"it holds no dict but a {type(content).__name__}")
    for name, value in content.items():
        if not isinstance(name, str) or not isinstance(value, _Tensor):
            raise ValueError(f"its entry {name!r} is no tensor")
    return dict(content)


def _build(tensors: dict[str, _Tensor], content: Mapping[str, bytes]) -> dict[str, np.ndarray]:
    """Returns the arrays; each is copied, so that nothing reaches outside its storage."""
    arrays = {}
    for name, tensor in tensors.items():
        storage, offset, shape, strides = tensor
        flat = np.frombuffer(content[storage.key], storage.dtype)
        if len(flat) != storage.size:
            raise ValueError(f"the storage of {name!r} has {len(flat)} of {storage.size} numbers")
        reach = sum((size - 1) * step for size, step in zip(shape, strides, strict=True))
        count = math.prod(shape)
        if min((offset, *shape, *strides)) < 0 or (count and offset + reach >= len(flat)):
            raise ValueError(f"its tensor {name!r} reaches outside its storage")
        if count > len(flat):
            raise ValueError(f"its tensor {name!r} repeats its storage")
        steps = tuple(step * storage.dtype.itemsize for step in strides)
        view = np.lib.stride_tricks.as_strided(flat[offset:], shape, steps, writeable=False)
        arrays[name] = view.copy()
    return arrays
