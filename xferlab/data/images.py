"""Decoding, resizing and channel conversion of 8-bit images, shared by every image reader."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xferlab.core.errors import InputError
from xferlab.data.optional import require

_LUMINANCE = np.array([299, 587, 114], np.uint32)  # ITU-R BT.601, in thousandths.


def decode_image(file: Path) -> np.ndarray:
    """Returns one image file as uint8 RGB [h, w, 3].

    Raises:
        InputError: the file is missing, damaged, no image, or has more than 8 bits per channel.
    """
    pillow = require("PIL.Image", "pillow")
    try:
        with pillow.open(file) as image:
            if image.mode in ("I", "F") or image.mode.startswith("I;"):
                raise ValueError(f"its pixels have more than 8 bits (mode {image.mode}).")
            return np.asarray(image.convert("RGB"))
    except (OSError, SyntaxError, ValueError, pillow.DecompressionBombError) as error:
        raise InputError(
            f"cannot read the image {file}: {error} Allowed: whole 8-bit image files; replace or "
            "convert it, or remove it from the folder."
        ) from error


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
