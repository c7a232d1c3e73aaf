"""Log-mel spectrograms of recordings, computed on the host before training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from xferlab.core.errors import InputError
from xferlab.core.optional import require

FLOOR = 1e-10
"""Added to every mel energy before the logarithm: -100 dB of a constant signal of one."""


def log_mel(
    waveforms: Sequence[np.ndarray],
    *,
    sample_rate: int,
    seconds: float,
    window_seconds: float = 0.025,
    hop_seconds: float = 0.010,
    mels: int = 40,
) -> Float[np.ndarray, "n frames mels"]:
    """Returns the log-mel spectrogram of each recording, all of one length.

    Of a recording x, cropped or padded with zeros to its middle `seconds`, frame t and band m hold

        ln(FLOOR + sum_f H_mf |Z_tf|^2),   Z_tf = sum_k w_k x_{th + k} e^(-2 pi i f k / N) / sum w

    with the periodic Hann window w of W samples, hop h, N the least power of two that is at least
    W, and the triangles H of `mel_filters`. There are 1 + (S - W) // h frames of S samples. Nothing
    is standardised here: see `standardise_examples` (each recording by itself) and
    `standardise_channels` (all by the statistics of some) in `xferlab.data.features.standardising`.

    Args:
        waveforms: n recordings, each [samples] with values in [-1, 1].
        sample_rate: samples in a second.
        seconds: the length to which each is cropped or padded.
        window_seconds: W in seconds.
        hop_seconds: h in seconds.
        mels: number of bands.

    Returns:
        float32 [n, frames, mels], at least ln(FLOOR).

    Raises:
        InputError: no recording, one that is empty, not finite or not in [-1, 1]; a window longer
            than `seconds`, a hop shorter than a sample; or what `mel_filters` raises.
    """
    signal = require("scipy.signal", "scipy")  # Here because it is slow to load.
    size, window, hop = (round(s * sample_rate) for s in (seconds, window_seconds, hop_seconds))
    if hop < 1 or not 2 <= window <= size:
        raise InputError(
            f"hop_seconds={hop_seconds}, window_seconds={window_seconds} and seconds={seconds} are "
            f"{hop}, {window} and {size} samples at {sample_rate} Hz. Allowed: a hop of 1 or more, "
            "a window of 2 or more that is no longer than the whole."
        )
    if not len(waveforms):
        raise InputError("there is no recording. Give at least one waveform.")
    fft_size = 1 << (window - 1).bit_length()
    filters = mel_filters(mels, fft_size=fft_size, sample_rate=sample_rate)
    spectrograms = np.empty((len(waveforms), 1 + (size - window) // hop, mels), np.float32)
    for index, waveform in enumerate(waveforms):
        _, _, spectrum = signal.stft(
            _middle(_checked(waveform, index), size),
            nperseg=window,
            noverlap=window - hop,
            nfft=fft_size,
            boundary=None,
            padded=False,
        )
        spectrograms[index] = np.log(FLOOR + (filters @ np.abs(spectrum) ** 2)).T
    return spectrograms


def mel_filters(mels: int, *, fft_size: int, sample_rate: int) -> Float[np.ndarray, "mels bins"]:
    """Returns triangular filters that are evenly spaced on the mel scale, each with peak one.

    With mel(f) = 2595 log10(1 + f / 700) and p_0 ... p_{M+1} evenly spaced in mel from 0 to half
    the sample rate, filter m at frequency f is

        H_m(f) = max(0, min((f - p_m) / (p_{m+1} - p_m), (p_{m+2} - f) / (p_{m+2} - p_{m+1})))

    Args:
        mels: number of filters, M.
        fft_size: N; there are N // 2 + 1 bins, at f = j * sample_rate / N.
        sample_rate: samples in a second.

    Returns:
        float64 [mels, bins] in [0, 1].

    Raises:
        InputError: no filter, or so many that one of them lies between two bins.

    References:
        Young, Evermann, Gales, Hain, Kershaw, Liu, Moore, Odell, Ollason, Povey, Valtchev,
        Woodland. "The HTK Book (for HTK Version 3.4)". Cambridge University, 2006, section 5.4.
    """
    top = 2595 * np.log10(1 + sample_rate / 2 / 700)
    points = 700 * (10 ** (np.linspace(0, top, mels + 2) / 2595) - 1)
    low, peak, high = (points[start : start + mels, None] for start in range(3))
    bins = np.arange(fft_size // 2 + 1) * sample_rate / fft_size
    filters = np.maximum(0, np.minimum((bins - low) / (peak - low), (high - bins) / (high - peak)))
    if mels < 1 or not (filters > 0).any(axis=1).all():
        raise InputError(
            f"mels={mels} is not possible with {len(bins)} bins up to {sample_rate / 2} Hz. "
            "Allowed: 1 or more, and few enough that each band holds a bin; use fewer bands or a "
            "longer window."
        )
    return filters


def _checked(waveform: np.ndarray, index: int) -> np.ndarray:
    """Returns a waveform as float64 [samples] if it is one."""
    waveform = np.asarray(waveform, np.float64)
    # Written so that NaN fails too.
    if waveform.ndim != 1 or not waveform.size or not np.abs(waveform).max() <= 1:
        raise InputError(
            f"the recording at index {index} has shape {waveform.shape} and values outside [-1, 1],"
            " or none. Allowed: mono recordings [samples] in [-1, 1]; average the channels, and "
            "divide 16-bit samples by 32768."
        )
    return waveform


def _middle(waveform: np.ndarray, size: int) -> np.ndarray:
    """Returns the middle of a waveform, cropped or padded with zeros on both sides."""
    missing = size - len(waveform)
    if missing <= 0:
        return waveform[-missing // 2 :][:size]
    return np.pad(waveform, (missing // 2, missing - missing // 2))
