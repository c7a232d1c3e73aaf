"""Finding, decoding, resizing and converting 8-bit images, shared by every image reader."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xferlab.core.errors import InputError
from xferlab.core.optional import require

IMAGE_SUFFIXES = (
    *(".avif", ".bmp", ".gif", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pgm", ".png", ".ppm"),
    *(".tif", ".tiff", ".webp"),
)
"""Endings of files that must be images; of others it is looked what they are."""
SYSTEM_FILES = ("thumbs.db", "desktop.ini", "@eadir", "__macosx", "icon\r")
"""What operating systems and archives leave in folders, beside all that begins with a dot."""
_LOG = logging.getLogger(__name__)
_LUMINANCE = np.array([299, 587, 114], np.uint32)  # ITU-R BT.601, in thousandths.


def is_system_file(path: Path) -> bool:
    """Tells whether a file or folder is hidden, or one that an operating system leaves behind."""
    return path.name.startswith(".") or path.name.lower() in SYSTEM_FILES


def image_files(folder: Path) -> list[Path]:
    """Returns the images of a folder in the order of their names.

    Files with other endings, or none, are images if their first bytes say so. Those that are none
    are passed over with a warning of the logger `xferlab`, hidden and system files without one.

    Raises:
        InputError: there is no image; the message names the endings.
    """
    found, others = sort_images(folder)
    if others:
        _LOG.warning("%s: %s", folder, passed_over(others))
    return found


def has_images(folder: Path) -> bool:
    """Tells whether images lie in a folder itself."""
    files = (entry for entry in folder.iterdir() if entry.is_file() and not is_system_file(entry))
    return any(f.suffix.lower() in IMAGE_SUFFIXES or _begins_as_an_image(f) for f in files)


def passed_over(others: list[Path]) -> str:
    """Returns what is said of files that are no images."""
    shown = ", ".join(file.name for file in others[:3]) + (", ..." if len(others) > 3 else "")
    return f"passed over {len(others)} file(s) that are no images: {shown}"


def sort_images(folder: Path) -> tuple[list[Path], list[Path]]:
    """Returns the images of a folder and its other files, but for system files, by their names.

    Raises:
        InputError: there is no image.
    """
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    files = [entry for entry in entries if entry.is_file() and not is_system_file(entry)]
    found = [f for f in files if f.suffix.lower() in IMAGE_SUFFIXES or _begins_as_an_image(f)]
    if not found:
        raise InputError(
            f"the class folder {folder} has no image. Allowed endings: "
            f"{', '.join(IMAGE_SUFFIXES)}; add images or remove the class everywhere."
        )
    return found, [file for file in files if file not in set(found)]


def _begins_as_an_image(file: Path) -> bool:
    pillow = require("PIL.Image", "pillow")
    try:
        with pillow.open(file):
            return True
    except (OSError, SyntaxError, ValueError, pillow.DecompressionBombError):
        return False


def decode_image(file: Path) -> np.ndarray:
    """Returns one image file as uint8 RGB [h, w, 3], as a viewer shows it on a white page.

    It is turned as its EXIF orientation says, and transparent pixels are laid on white.

    Raises:
        InputError: the file is missing, damaged, no image, has more than 8 bits per channel, or
            several frames.
    """
    pillow = require("PIL.Image", "pillow")
    try:
        with pillow.open(file) as image:
            if image.mode in ("I", "F") or image.mode.startswith("I;"):
                raise ValueError(f"its pixels have more than 8 bits (mode {image.mode}).")
            if image.format in _OF_FRAMES and _has_a_second(image):
                raise ValueError("it has several frames or pages, of which one would be taken.")
            upright = require("PIL.ImageOps", "pillow").exif_transpose(image)
            if not upright.has_transparency_data:
                return np.asarray(upright.convert("RGB"))
            page = pillow.new("RGBA", upright.size, "white")
            page.alpha_composite(upright.convert("RGBA"))
            return np.asarray(page.convert("RGB"))
    except (OSError, SyntaxError, ValueError, pillow.DecompressionBombError) as error:
        raise InputError(
            f"cannot read the image {file}: {error} Allowed: whole 8-bit image files; replace or "
            "convert it, or remove it from the folder."
        ) from error


_OF_FRAMES = ("GIF", "TIFF", "WEBP", "PNG", "AVIF")
"""Formats whose further pictures are content; those of MPO photographs are copies of the first."""


def _has_a_second(image: Any) -> bool:
    try:
        image.seek(1)
    except EOFError:
        return False
    return True


def resize_images(images: np.ndarray, size: int) -> np.ndarray:
    """Returns images of size x size pixels, resampled bilinearly (with antialiasing) by Pillow.

    Args:
        images: uint8 [n, h, w, c], c 1 or 3.
        size: the new height and width; what has it already is returned as it is.

    Raises:
        InputError: a size below one.
    """
    if size < 1:
        raise InputError(f"image_size={size} is not possible. Allowed: 1 or more pixels.")
    if images.shape[1:3] == (size, size):
        return images
    pillow = require("PIL.Image", "pillow")
    resized = np.empty((len(images), size, size, images.shape[-1]), np.uint8)
    for image, place in zip(images, resized, strict=True):
        plane = image[..., 0] if images.shape[-1] == 1 else image
        smaller = pillow.fromarray(plane).resize((size, size), pillow.Resampling.BILINEAR)
        place[...] = np.asarray(smaller).reshape(place.shape)
    return resized


class ImageFiles:
    """A store of image files (`core.stored.RowStore`), decoded and resized when they are read."""

    def __init__(self, files: Sequence[Path], image_size: int, channels: int):
        """Takes the files, and the size and channels that each image is given."""
        self._files = list(files)
        self._form = image_size, channels
        self.row_shape, self.dtype = (image_size, image_size, channels), np.dtype(np.uint8)

    def __len__(self) -> int:
        """The number of images."""
        return len(self._files)

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Returns images as uint8 [r, s, s, c]. Raises InputError for one that cannot be read."""
        images = np.empty((len(rows), *self.row_shape), np.uint8)
        for place, row in zip(images, rows, strict=True):
            place[...] = shaped_image(decode_image(self._files[row]), *self._form)
        return images


def shaped_image(image: np.ndarray, image_size: int, channels: int) -> np.ndarray:
    """Returns one image [h, w, c] in another size and with other channels, see below."""
    return with_channels(resize_images(image[None], image_size), channels)[0]


def with_channels(images: np.ndarray, channels: int) -> np.ndarray:
    """Returns grey images as RGB (replicated), RGB ones as grey (luminance), others as they are.

    Args:
        images: uint8 [n, h, w, c], c 1 or 3.
        channels: 1 or 3.

    Raises:
        InputError: another number of channels.
    """
    if channels not in (1, 3):
        raise InputError(f"channels={channels} is not possible. Allowed: 1 (grey) or 3 (RGB).")
    if images.shape[-1] == channels:
        return images
    if channels == 3:
        return np.repeat(images, 3, axis=-1)
    grey = (images * _LUMINANCE).sum(axis=-1, keepdims=True, dtype=np.uint32)
    return ((grey + 500) // 1000).astype(np.uint8)
