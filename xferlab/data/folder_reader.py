"""Domains from folders of image files, one folder per class."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xferlab.core.errors import InputError
from xferlab.data.domain import SPLITS, Domain
from xferlab.data.images import decode_image, resize_images, with_channels
from xferlab.data.readers import domain_from_arrays

IMAGE_SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")


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
    Files that do not end like an image (png, jpg, webp, ...) and hidden folders are passed over.

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
            decoded, only one of the folders train and test, or not a valid domain.
    """
    root = Path(root)
    top = _subfolders(root)
    parts = [part for part in SPLITS if part in top]
    if len(parts) == 1:
        raise InputError(
            f"{root} has a folder {parts[0]!r} but no {(set(SPLITS) - set(parts)).pop()!r}. "
            "Allowed: both, or one folder per class and none of these; add the missing one, or "
            f"give {root / parts[0]} itself, which is then split at random."
        )
    folders = [root / part for part in parts] or [root]
    classes = sorted({entry for folder in folders for entry in _subfolders(folder)})
    if not classes:
        raise InputError(
            f"{root} has no class folder. Put each class's images into one of its own."
        )
    read = [_read_classes(folder, classes, image_size, channels) for folder in folders]
    return domain_from_arrays(
        name or root.name,
        *read[0],
        class_names=classes,
        test=read[1] if parts else test_fraction,
        seed=seed,
    )


def _subfolders(folder: Path) -> list[str]:
    """Returns the sorted names of the folders in a folder, hidden ones left out."""
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}. Give one that has a folder per class.")
    return sorted(e.name for e in folder.iterdir() if e.is_dir() and not e.name.startswith("."))


def _read_classes(
    folder: Path, classes: list[str], image_size: int, channels: int
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the images uint8 [n, s, s, c] of a folder's classes and their labels."""
    files, labels = [], []
    for label, class_name in enumerate(classes):
        found = _image_files(folder / class_name)
        files += found
        labels += [label] * len(found)
    images = [
        with_channels(resize_images(decode_image(f)[None], image_size), channels) for f in files
    ]
    return np.concatenate(images), np.array(labels, np.int32)


def _image_files(folder: Path) -> list[Path]:
    """Returns the image files of one class in the order of their names."""
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    found = [entry for entry in entries if entry.suffix.lower() in IMAGE_SUFFIXES]
    if not found:
        raise InputError(
            f"the class folder {folder} has no image. Allowed endings: "
            f"{', '.join(IMAGE_SUFFIXES)}; add images or remove the class everywhere."
        )
    return found
