"""Inputs that come after training, without labels, in the form of those that were trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from xferlab.core.errors import InputError
from xferlab.data.entrance import as_path
from xferlab.data.readers.arrays import read_npz
from xferlab.data.readers.images import decode_image, has_images, shaped_image, sort_images
from xferlab.data.readers.tables import numbers_of, read_table


class Later(NamedTuple):
    """Examples without labels.

    Attributes:
        inputs: [n, ...].
        names: what predictions call each of them: numbers of rows from 0, or names of files.
    """

    inputs: Any
    names: list[str]


def read_later(
    path: str | Path,
    *,
    shape: tuple[int, ...],
    columns: tuple[str, ...] = (),
    sep: str = ",",
) -> Later:
    """Returns the inputs of a file or a folder.

    Args:
        path: of a folder of images, at any depth; an `.npy` file; an `.npz` file with the array x;
            or a CSV file, of which other columns than `columns` are passed over.
        shape: of one example, as the run was trained: images are resized to it.
        columns: names of the columns of the table that the run was trained on.
        sep: what stands between the cells of a CSV file.

    Raises:
        InputError: a path that is none of these, or a file that cannot be read.
    """
    path = as_path(path).expanduser()
    if path.is_dir():
        return _from_folder(path, shape)
    if path.suffix in (".csv", ".tsv"):
        return _numbered(_from_table(path, columns, sep))
    if path.suffix == ".npz":
        arrays = read_npz(path)
        if "x" not in arrays:
            raise InputError(f"{path} holds the arrays {sorted(arrays)}. Give the inputs as x")
        return _numbered(arrays["x"])
    if path.suffix == ".npy" and path.is_file():
        try:
            return _numbered(np.load(path, allow_pickle=False))
        except (OSError, ValueError, EOFError) as error:
            raise InputError(f"cannot read {path}: {error}. Save it by numpy.save") from error
    raise InputError(
        f"{path} is no input. Give a folder of images, a .csv file with the columns of the training"
        " data, an .npz file with the array x, or an .npy file"
    )


def _numbered(inputs: Any) -> Later:
    grey = isinstance(inputs, np.ndarray) and inputs.dtype == np.uint8 and inputs.ndim == 3
    return Later(inputs[..., None] if grey else inputs, [str(row) for row in range(len(inputs))])


def _from_table(path: Path, columns: tuple[str, ...], sep: str) -> np.ndarray:
    frame = read_table(path, sep=sep)
    lacking = [name for name in columns if name not in frame.columns]
    if lacking:
        raise InputError(
            f"{path} lacks the columns {', '.join(map(repr, lacking[:6]))} of the table that the"
            f" run was trained on; it has {', '.join(frame.columns[:12])}"
        )
    return numbers_of(frame[list(columns)] if columns else frame, path)


def _from_folder(root: Path, shape: tuple[int, ...]) -> Later:
    """Returns every image below a folder, in the order of their paths."""
    if len(shape) != 3:
        raise InputError(
            f"{root} is a folder, and the run was trained on inputs of shape {shape}, which are no"
            " images. Give a file"
        )
    folders = [root, *sorted(entry for entry in root.rglob("*") if entry.is_dir())]
    files = [file for own in folders if has_images(own) for file in sort_images(own)[0]]
    if not files:
        raise InputError(f"there is no image in {root}, nor in folders below it. Give another")
    height, _, channels = shape
    images = [shaped_image(decode_image(file), height, channels) for file in files]
    return Later(np.stack(images), [str(file.relative_to(root)) for file in files])
