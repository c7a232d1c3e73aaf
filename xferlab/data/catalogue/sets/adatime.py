"""The files of AdaTime: windows of sensors of one subject each, saved by PyTorch.

`train_<domain>.pt` and `test_<domain>.pt` hold {"samples": [n, c, t] or [n, t, c], "labels": [n]}.
They are Python pickles, and are read by PyTorch's restricted loader: files that hold anything but
arrays, tensors and containers are refused.

References:
    Ragab, Eldele, Tan, Foo, Chen, Wu, Kwoh, Li. "AdaTime: A Benchmarking Suite for Domain
    Adaptation on Time Series Data". ACM TKDD 17, 2023. arXiv:2203.08321.
"""

from __future__ import annotations

import functools
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from xferlab.core.errors import InputError
from xferlab.core.optional import require
from xferlab.data.catalogue.dataset import Form
from xferlab.data.labels import check_labels_in_range
from xferlab.data.raw import RawDomain
from xferlab.data.split import Split

LENGTH = 128
"""Time steps of a window."""


def adatime_form(*, class_names: tuple[str, ...], channels: int) -> Form:
    """Returns the form of a folder with AdaTime's files.

    Args:
        class_names: of the data set.
        channels: of a window.
    """
    read = functools.partial(_read, class_names=class_names, channels=channels)
    return Form("AdaTime's train_*.pt and test_*.pt (needs torch)", "train_*.pt", read)


def _read(folder: Path, *, class_names: tuple[str, ...], channels: int) -> dict[str, RawDomain]:
    """Returns the domains that the folder has, in the order of their numbers."""
    domains = {}
    found = [file.stem.removeprefix("train_") for file in folder.glob("train_*.pt")]
    for name in sorted((name for name in found if name.isdecimal()), key=int):
        train, test = (
            _read_split(folder / f"{part}_{name}.pt", len(class_names), channels)
            for part in ("train", "test")
        )
        domains[name] = RawDomain(train, test, class_names)
    return domains


def _read_split(file: Path, num_classes: int, channels: int) -> Split:
    """Returns the windows of a file as float32 [n, t, c], and their labels."""
    content = _load(file)
    samples, labels = (
        np.asarray(content[key]) if isinstance(content, dict) and key in content else np.empty(0)
        for key in ("samples", "labels")
    )
    if samples.ndim == 3 and samples.shape[1:] == (channels, LENGTH):
        samples = samples.swapaxes(1, 2)
    if samples.shape[1:] != (LENGTH, channels):
        raise InputError(
            f"{file}: its samples have shape {samples.shape}. Needed: 'samples' [n, {channels}, "
            f"{LENGTH}] or [n, {LENGTH}, {channels}], and 'labels' [n]; is it a file of this data "
            "set?"
        )
    labels = labels.astype(np.int64)
    check_labels_in_range(labels, num_classes, str(file))
    return Split(np.ascontiguousarray(samples, np.float32), labels)


def _load(file: Path) -> Any:
    """Returns what a PyTorch file holds, if it is nothing but arrays in containers."""
    torch = require("torch", "torch")
    # NumPy's own constructors, under the names that older and newer versions write.
    reconstruct = np.empty(0).__reduce__()[0]
    types = [type(np.dtype(kind)) for kind in ("f4", "f8", "u1", "i4", "i8")]
    safe = [np.ndarray, np.dtype, *types]
    safe += [(reconstruct, f"numpy.{core}.multiarray._reconstruct") for core in ("core", "_core")]
    try:
        with torch.serialization.safe_globals(safe):
            return torch.load(file, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(
            f"cannot read {file}: {reason} Allowed: whole PyTorch files of arrays; other pickled "
            "objects are refused because loading them can run code. Copy the file again."
        ) from error
