"""Log-mel spectrograms against a direct sum over samples, frequencies and filters."""

import math

import numpy as np
import pytest

from xferlab.core.errors import InputError
from xferlab.data.features.spectrogram import FLOOR, log_mel, mel_filters

pytestmark = pytest.mark.fast

RATE = 1000
SETTINGS = {"sample_rate": RATE, "seconds": 0.2, "window_seconds": 0.05, "hop_seconds": 0.02}


def mel(frequency):
    return 2595 * math.log10(1 + frequency / 700)


def triangle(filters, index, frequency, rate):
    """The height of one filter at one frequency, by bisecting the mel scale for its corners."""
    corners = []
    for place in (index, index + 1, index + 2):
        wanted, low, high = mel(rate / 2) * place / (filters + 1), 0.0, rate / 2
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (middle, high) if mel(middle) < wanted else (low, middle)
        corners.append(low)
    left, peak, right = corners
    if left <= frequency <= peak:
        return (frequency - left) / (peak - left)
    return (right - frequency) / (right - peak) if peak < frequency <= right else 0.0


def direct(waveform, *, mels, window=50, hop=20, size=200):
    """The definition, sample by sample: Hann window, DFT of 64 points, triangles, logarithm."""
    hann = [0.5 - 0.5 * math.cos(2 * math.pi * k / window) for k in range(window)]
    frames = []
    for start in range(0, size - window + 1, hop):
        piece = waveform[start : start + window]
        energies = []
        for bin_ in range(33):
            turn = np.exp(-2j * np.pi * bin_ * np.arange(window) / 64)
            energies.append(abs(sum(hann * piece * turn) / sum(hann)) ** 2)
        bands = [
            sum(triangle(mels, m, b * RATE / 64, RATE) * e for b, e in enumerate(energies))
            for m in range(mels)
        ]
        frames.append([math.log(FLOOR + band) for band in bands])
    return np.array(frames)


def test_log_mel_is_the_definition():
    waveforms = np.random.default_rng(0).uniform(-1, 1, (2, 200))
    spectrograms = log_mel(waveforms, mels=6, **SETTINGS)
    assert spectrograms.dtype == np.float32 and spectrograms.shape == (2, 8, 6)
    for waveform, spectrogram in zip(waveforms, spectrograms, strict=True):
        np.testing.assert_allclose(spectrogram, direct(waveform, mels=6), rtol=1e-5)


def test_filters_are_the_definition():
    filters = mel_filters(10, fft_size=256, sample_rate=8000)
    assert filters.shape == (10, 129)
    expected = [[triangle(10, m, b * 31.25, 8000) for b in range(129)] for m in range(10)]
    np.testing.assert_allclose(filters, expected, atol=1e-9)
    # Between the first and the last peak the triangles add up to one.
    first, last = (filters.argmax(axis=1)[index] for index in (0, -1))
    np.testing.assert_allclose(filters[:, first + 1 : last].sum(axis=0), 1)


def test_a_tone_lies_in_its_band():
    tone = np.sin(2 * np.pi * 1000 * np.arange(8000) / 8000)
    spectrogram = log_mel([tone], sample_rate=8000, seconds=1.0)[0]
    assert spectrogram.shape == (98, 40)
    peaks = np.array([mel(4000) * (m + 1) / 41 for m in range(40)])
    assert (spectrogram.argmax(axis=1) == np.abs(peaks - mel(1000)).argmin()).all()


@pytest.mark.parametrize("length", [1, 120, 199, 200, 201, 330])
def test_the_middle_is_cropped_or_padded(length):
    waveform = np.random.default_rng(1).uniform(-1, 1, length)
    if length < 200:
        left = (200 - length) // 2
        middle = np.zeros(200)
        middle[left : left + length] = waveform
    else:
        middle = waveform[(length - 200) // 2 :][:200]
    given, expected = (log_mel([w], mels=4, **SETTINGS) for w in (waveform, middle))
    np.testing.assert_array_equal(given, expected)


def test_silence_is_the_floor():
    silence = log_mel([np.zeros(50)], mels=4, **SETTINGS)
    np.testing.assert_allclose(silence, math.log(FLOOR), rtol=1e-6)


@pytest.mark.parametrize(
    "bad", [np.zeros((5, 2)), np.zeros(0), np.array([0, np.nan]), np.array([3000, -200])]
)
def test_waveforms_that_are_none(bad):
    with pytest.raises(InputError, match=r"recording at index 1 .*divide 16-bit samples by 32768"):
        log_mel([np.zeros(9), bad], mels=4, **SETTINGS)


def test_settings_that_are_not_possible():
    with pytest.raises(InputError, match="no recording"):
        log_mel([], mels=4, **SETTINGS)
    with pytest.raises(InputError, match=r"mels=60 is not possible with 33 bins up to 500"):
        log_mel([np.zeros(9)], mels=60, **SETTINGS)
    with pytest.raises(InputError, match="mels=0 is not possible"):
        log_mel([np.zeros(9)], mels=0, **SETTINGS)
    for change in ({"hop_seconds": 0.0001}, {"window_seconds": 0.3}, {"window_seconds": 0.001}):
        with pytest.raises(InputError, match="Allowed: a hop of 1 or more"):
            log_mel([np.zeros(9)], mels=4, **{**SETTINGS, **change})
