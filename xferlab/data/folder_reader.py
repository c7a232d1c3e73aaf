"""Domains from folders of image files, one folder per class."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xferlab.core.errors import InputError
from xferlab.data.domain import SPLITS, Domain
from xferlab.data.images import (
    decode_image,
    image_files,
    is_system_file,
    resize_images,
    with_channels,
)
from xferlab.data.readers import domain_from_arrays


def domain_from_folder(
    root: str | Path,
    *,
    image_size: int,
    channels: int = 3,
    name: str | None = None,
    test_fraction: float = 0.2,
    seed: int = 0,
) -> Domain:
    """Returns the domain of `<root>/<class>/*.png` or `<root>/{train,test}/<class>/*.png`.

    Classes are numbered in the order of their sorted names, images taken in the order of theirs.
    Hidden files and folders, those that systems leave behind, and folders of xferlab's runs are
    passed over; files that are no images too, with a warning (see `images.image_files`).

    Args:
        root: the folder.
        image_size: height and width to which each image is resized (bilinear; its proportions are
            not kept).
        channels: 1 (grey) or 3 (RGB).
        name: of the domain; by default the folder's.
        test_fraction: what is held out for testing where there are no folders train and test.
        seed: of that draw.

    Raises:
        InputError: no such folder, no class folder, a class without images, an image that cannot be
            decoded, only one of the folders train and test, or others beside both, or not a valid
            domain.
    """
    root = Path(root).expanduser()
    top = _subfolders(root)
    parts = [part for part in SPLITS if part in top]
    if len(parts) == 1:
        raise InputError(
            f"{root} has a folder {parts[0]!r} but no {(set(SPLITS) - set(parts)).pop()!r}. "
            "Allowed: both, or one folder per class and none of these; add the missing one, or "
            f"give {root / parts[0]} itself, which is then split at random."
        )
    if parts and len(top) > len(parts):
        raise InputError(
            f"{root} has, beside train and test, {', '.join(sorted(set(top) - set(parts)))}, which"
            " would be left out. Move it away, or its images into one of the two"
        )
    folders = [root / part for part in parts] or [root]
    classes = sorted({entry for folder in folders for entry in _subfolders(folder)})
    if not classes:
        raise InputError(
            f"{root} has no class folder. Put each class's images into one of its own."
        )
    read = [_read_classes(folder, classes, image_size, channels) for folder in folders]
    return domain_from_arrays(
        name or root.resolve().name,
        *read[0],
        class_names=classes,
        test=read[1] if parts else test_fraction,
        seed=seed,
    )


def _subfolders(folder: Path) -> list[str]:
    """Returns the sorted names of the folders in a folder, but for those that hold no class."""
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}. Give one that has a folder per class.")
    folders = [e for e in folder.iterdir() if e.is_dir() and not is_system_file(e)]
    return sorted(e.name for e in folders if not _holds_runs(e))


def _holds_runs(folder: Path) -> bool:
    """Tells whether a folder is what `--out` named in an earlier command."""
    return (folder / ".locks").is_dir() or next(folder.glob("*.suite"), None) is not None


def _read_classes(
    folder: Path, classes: list[str], image_size: int, channels: int
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the images uint8 [n, s, s, c] of a folder's classes and their labels."""
    files, labels = [], []
    for label, class_name in enumerate(classes):
        found = image_files(folder / class_name)
        files += found
        labels += [label] * len(found)
    images = [
        with_channels(resize_images(decode_image(f)[None], image_size), channels) for f in files
    ]
    return np.concatenate(images), np.array(labels, np.int32)
