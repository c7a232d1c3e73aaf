"""Image helpers against Pillow's own luminance and the worth of constant and linear images."""

import numpy as np
import pytest
from PIL import Image

from xferlab.core.errors import InputError
from xferlab.core.optional import require
from xferlab.data.feeds.scaling import scale_inputs
from xferlab.data.readers.images import decode_image, resize_images, with_channels

pytestmark = pytest.mark.fast
RGB = np.random.default_rng(0).integers(0, 256, (3, 6, 5, 3), np.uint8)


def test_luminance_is_pillows():
    expected = np.stack([np.asarray(Image.fromarray(image).convert("L")) for image in RGB])
    grey = with_channels(RGB, 1)
    assert grey.shape == (3, 6, 5, 1) and grey.dtype == np.uint8
    assert np.abs(grey[..., 0].astype(int) - expected).max() <= 1


def test_grey_is_replicated_and_comes_back():
    grey = RGB[..., :1]
    assert (with_channels(with_channels(grey, 3), 1) == grey).all()


def test_two_channels_are_refused():
    with pytest.raises(InputError, match=r"channels=2 is not possible\. Allowed: 1"):
        with_channels(RGB, 2)


@pytest.mark.parametrize("channels", [1, 3])
def test_resizing_keeps_constants_and_ramps(channels):
    constant = np.full((2, 8, 8, channels), 77, np.uint8)
    assert (resize_images(constant, 13) == 77).all()
    ramp = np.broadcast_to(np.arange(8, dtype=np.uint8)[:, None] * 30, (1, 8, 8))[..., None]
    larger = resize_images(np.repeat(ramp, channels, axis=-1), 16)
    centres = (np.arange(16) + 0.5) / 2 - 0.5  # Pixel centres of the new rows in the old ones.
    expected = np.interp(centres, np.arange(8), np.arange(8) * 30)
    assert np.abs(larger[0, :, 3, 0] - expected).max() <= 1
    assert resize_images(ramp, 8) is ramp


def test_scaling_in_numpy_and_in_jax():
    import jax.numpy as jnp

    levels = np.arange(256, dtype=np.uint8)
    expected = np.linspace(-1, 1, 256)
    for array in (levels, jnp.asarray(levels)):
        scaled = scale_inputs(array)
        assert type(scaled) is type(array) or isinstance(scaled, jnp.ndarray)
        assert scaled.dtype == np.float32
        np.testing.assert_allclose(scaled, expected, atol=2e-7)
    features = np.ones((2, 3), np.float32)
    assert scale_inputs(features) is features


def test_a_missing_package_is_named():
    with pytest.raises(InputError, match=r"no module named 'nowhere_to_be'.*pip install nowhere"):
        require("nowhere_to_be.found", "nowhere")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_turned_as_its_orientation_says(tmp_path, orientation):
    upright = np.zeros((4, 6, 3), np.uint8)
    upright[:2, :3] = 255  # The upper left corner is white.
    undo = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
        8: lambda a: np.rot90(a, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = tmp_path / "photo.png"
    Image.fromarray(np.ascontiguousarray(undo(upright))).save(file, exif=exif)
    np.testing.assert_array_equal(decode_image(file), upright)


@pytest.mark.parametrize(
    ("mode", "ending"), [("RGBA", "png"), ("LA", "png"), ("RGBA", "gif"), ("RGBA", "webp")]
)
def test_transparent_pixels_are_laid_on_white(tmp_path, mode, ending):
    icon = np.zeros((6, 6, 4), np.uint8)
    icon[:3, :, 3] = 255  # Black above, nothing below.
    Image.fromarray(icon).convert(mode).save(tmp_path / f"icon.{ending}", lossless=True)
    shown = decode_image(tmp_path / f"icon.{ending}")
    assert (shown[:3] == 0).all() and (shown[3:] == 255).all()


def test_an_opaque_image_keeps_its_pixels(tmp_path):
    Image.fromarray(RGB[0]).save(tmp_path / "a.png")
    np.testing.assert_array_equal(decode_image(tmp_path / "a.png"), RGB[0])
