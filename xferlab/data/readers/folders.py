"""Domains from folders of image files, one folder per class."""

from __future__ import annotations

import dataclasses
import logging
import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from xferlab.core.checks import whole_number
from xferlab.core.errors import InputError
from xferlab.core.inputs import StoredRows
from xferlab.data.domain import SPLITS, Domain
from xferlab.data.entrance import as_path
from xferlab.data.readers.arrays import domain_from_arrays
from xferlab.data.readers.images import (
    ImageFiles,
    decode_image,
    has_images,
    is_system_file,
    passed_over,
    shaped_image,
    sort_images,
)

LARGEST = 4096
"""Pixels on a side of the largest images."""
_LOG = logging.getLogger(__name__)


def domain_from_folder(
    root: str | Path,
    *,
    image_size: int,
    channels: int = 3,
    name: str | None = None,
    test_fraction: float | None = None,
    seed: int = 0,
    on_disk: bool = False,
) -> Domain:
    """Returns the domain of `<root>/<class>/*.png` or `<root>/{train,test}/<class>/*.png`.

    Images that lie in the folder itself, or in train and test, have no label. A class may lack one
    of train and test.

    Classes are numbered in the order of their sorted names, images taken in the order of theirs.
    Hidden files and folders, those that systems leave behind, and folders of xferlab's runs are
    passed over; files that are no images too, with a warning and a note of the domain (see
    `images.sort_images`). Another note says from which sizes the images were resized.

    Args:
        root: the folder.
        image_size: height and width, at most `LARGEST`, to which each image is resized (bilinear;
            its proportions are not kept).
        channels: 1 (grey) or 3 (RGB).
        name: of the domain; by default the folder's.
        test_fraction: what is held out for testing where there are no folders train and test; by
            default 0.2 of labelled examples, and nothing of others.
        seed: of that draw.
        on_disk: keeps no image in memory: each is decoded once now, so that one that cannot be is
            told at once, and again whenever it is drawn. Where all of them would take more than
            half of the device's memory, training streams them.

    Raises:
        InputError: an image size or a number of channels that is none, no such folder, neither a
            class folder nor an image, or both, a class without images, an image that cannot be
            decoded, only one of the folders train and test, or others beside both, or not a valid
            domain.
    """
    root = as_path(root).expanduser()
    whole_number("image_size", image_size, least=1, most=LARGEST)
    parts, folders, classes = _layout(root)
    form = image_size, channels
    read = [_read_classes(folder, classes, form, on_disk=on_disk) for folder in folders]
    pairs = [(each.images, each.labels) for each in read]
    domain = domain_from_arrays(
        name or root.resolve().name,
        *pairs[0],
        class_names=classes or None,
        test=pairs[1] if parts else test_fraction,
        seed=seed,
    )
    named = [[str(file.relative_to(root)) for file in each.files] for each in read]
    domain = domain.with_row_names({"train": named[0], "test": named[-1]})
    return dataclasses.replace(domain, notes=tuple(_notes(read, image_size)))


def _layout(root: Path) -> tuple[list[str], list[Path], list[str]]:
    """Returns the splits that have a folder, the folders of classes, and the classes.

    There are no classes where the images lie in the folders themselves.

    Raises:
        InputError: one split without the other, others beside both, neither classes nor images.
    """
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
    loose = [folder for folder in folders if has_images(folder)]
    if loose and (classes or len(loose) < len(folders)):
        raise InputError(
            f"{loose[0]} has images beside folders of classes, which would be left out. Move them"
            " into the folder of their class; a folder of images alone is one without labels"
        )
    if not (classes or loose):
        raise InputError(
            f"{root} has no class folder. Put each class's images into one of its own; images"
            " without labels lie in the folder itself."
        )
    return parts, folders, classes


def _notes(read: list[_Read], image_size: int) -> Iterator[str]:
    """Yields what was left out and what was resized."""
    others = [file for part in read for file in part.others]
    if others:
        yield passed_over(others)
    sizes = sorted({size for part in read for size in part.sizes}, key=math.prod)
    if sizes != [(image_size, image_size)]:
        span = " to ".join(f"{w} x {h}" for w, h in dict.fromkeys((sizes[0], sizes[-1])))
        yield f"images of {span} pixels were resized to {image_size} x {image_size}"


def _subfolders(folder: Path) -> list[str]:
    """Returns the sorted names of the folders in a folder, but for those that hold no class."""
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}. Give one that has a folder per class.")
    folders = [e for e in folder.iterdir() if e.is_dir() and not is_system_file(e)]
    return sorted(e.name for e in folders if not _holds_runs(e))


def _holds_runs(folder: Path) -> bool:
    """Tells whether a folder is what `--out` named in an earlier command."""
    return (folder / ".locks").is_dir() or next(folder.glob("*.suite"), None) is not None


class _Read(NamedTuple):
    """What was read from a folder of classes."""

    images: np.ndarray | StoredRows
    """uint8 [n, s, s, c]."""
    labels: np.ndarray | None
    """None where the folder has no classes."""
    files: list[Path]
    sizes: set[tuple[int, int]]
    """Widths and heights of the files."""
    others: list[Path]
    """Files that are no images."""


def _read_classes(
    folder: Path, classes: list[str], form: tuple[int, int], *, on_disk: bool
) -> _Read:
    """Returns the images of a folder's classes, in a size and with so many channels.

    Without classes those that lie in the folder itself; a class without a folder has none.
    """
    files, images, labels, sizes, others = [], [], [], set(), []
    places = [folder / name for name in classes] or [folder]
    for label, place in enumerate(places):
        if not place.is_dir():
            continue
        found, passed = sort_images(place)
        if passed:
            _LOG.warning("%s: %s", place, passed_over(passed))
        others += passed
        labels += [label] * len(found)
        files += found
        for file in found:
            image = decode_image(file)
            sizes.add((image.shape[1], image.shape[0]))
            if not on_disk:
                images.append(shaped_image(image, *form))
    kept = StoredRows(ImageFiles(files, *form)) if on_disk else np.stack(images)
    return _Read(kept, np.array(labels, np.int32) if classes else None, files, sizes, others)
