"""Free Spoken Digits: recordings of ten digits by six speakers, as log-mel spectrograms.

A recording becomes one second in the middle of 98 frames x 40 bands (`log_mel` at 8 kHz), not
standardised: a protocol says whether each recording or a whole domain is. The spectrograms are
computed once and kept in the cache.

References:
    Jackson, Souza, Flaks, Pan, Nicolas, Thite. "Jakobovski/free-spoken-digit-dataset: v1.0.8".
    2018. doi:10.5281/zenodo.1342401.
"""

from __future__ import annotations

import re
import struct
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import scipy.io.wavfile

from xferlab.core.cache import cached_array
from xferlab.core.errors import InputError
from xferlab.data.catalogue.dataset import DataSet, Download, Form
from xferlab.data.features.spectrogram import log_mel
from xferlab.data.labels import check_labels_in_range
from xferlab.data.raw import RawDomain
from xferlab.data.readers.arrays import read_npz
from xferlab.data.split import Split

SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
DIGITS = tuple("0123456789")
SAMPLE_RATE = 8000
SECONDS = 1.0
TEST_TAKES = 5
"""The published test set: the first takes of each speaker and digit."""

_FULL_SCALE = 32768
_COMMIT = "26eb9aaf76e81b692f806f9140c2d2777410d7a1"
_NAME = re.compile(r"(\d)_([a-z]+)_(\d+)\.wav")
_KEYS = ("audio", "offsets", "y", "speaker", "take", "speakers", "sample_rate")


def _read_npz(folder: Path) -> dict[str, RawDomain]:
    """Returns the speakers of `fsdd.npz`: all samples one after the other, and their offsets."""
    path = folder / "fsdd.npz"
    arrays = read_npz(path)
    missing = [key for key in _KEYS if key not in arrays]
    if missing:
        raise InputError(
            f"{path} has no {', '.join(missing)}. Needed: {', '.join(_KEYS)}; copy it again."
        )
    offsets = arrays["offsets"]
    if (
        arrays["audio"].dtype != np.int16
        or (np.diff(offsets, append=len(arrays["audio"])) < 0).any()
    ):
        raise InputError(
            f"{path}: the samples are {arrays['audio'].dtype}, the offsets run to {offsets.max()} "
            f"of {len(arrays['audio'])}. Needed: int16 samples, and rising offsets of all of them; "
            "copy the file again."
        )
    check_labels_in_range(arrays["speaker"], len(arrays["speakers"]), f"{path}, speaker")
    return _speakers(
        np.split(arrays["audio"], offsets[1:-1]),
        arrays["y"],
        arrays["speakers"][arrays["speaker"]],
        arrays["take"],
        int(arrays["sample_rate"]),
    )


def _read_recordings(folder: Path) -> dict[str, RawDomain]:
    """Returns the speakers of `recordings/<digit>_<speaker>_<take>.wav`, 16-bit mono at 8 kHz."""
    files = sorted(folder.glob("recordings/*.wav")) or sorted(folder.glob("*/recordings/*.wav"))
    waveforms, digits, speakers, takes = [], [], [], []
    for file in files:
        match = _NAME.fullmatch(file.name)
        if match is None or match[2] not in SPEAKERS:
            raise InputError(
                f"{file} is no recording of this data set. Allowed: <digit>_<speaker>_<take>.wav "
                f"with a speaker of {', '.join(SPEAKERS)}; move it elsewhere."
            )
        waveforms.append(_read_wav(file))
        digits.append(int(match[1]))
        speakers.append(match[2])
        takes.append(int(match[3]))
    return _speakers(
        waveforms, np.array(digits), np.array(speakers, str), np.array(takes), SAMPLE_RATE
    )


def _read_wav(file: Path) -> np.ndarray:
    """Returns the samples of a recording as int16 [samples]."""
    try:
        with warnings.catch_warnings():  # Of chunks that hold no samples.
            warnings.simplefilter("ignore", scipy.io.wavfile.WavFileWarning)
            rate, samples = scipy.io.wavfile.read(file)
    except (OSError, ValueError, EOFError, struct.error) as error:
        raise InputError(f"cannot read {file}: {error} Copy the recording again.") from error
    if rate != SAMPLE_RATE or samples.dtype != np.int16 or samples.ndim != 1 or not samples.size:
        raise InputError(
            f"{file} has samples {samples.dtype} {samples.shape} at {rate} Hz. Needed: 16-bit mono "
            f"at {SAMPLE_RATE} Hz; copy the recording again."
        )
    return samples


def _speakers(
    waveforms: Sequence[np.ndarray],
    digits: np.ndarray,
    speakers: np.ndarray,
    takes: np.ndarray,
    sample_rate: int,
) -> dict[str, RawDomain]:
    """Returns the spectrograms of each speaker, the first takes as the test split."""
    missing = [
        speaker
        for speaker in SPEAKERS
        if set(digits[(speakers == speaker) & (takes < TEST_TAKES)]) != set(range(len(DIGITS)))
    ]
    if missing:
        raise InputError(
            f"fsdd: {len(digits)} recordings, but takes 0 to {TEST_TAKES - 1} of some digits are "
            f"missing for {', '.join(missing)}. Needed: 3000, fifty of each digit and speaker; the "
            "download is partial, copy or unpack it again."
        )
    spectrograms = _spectrograms(waveforms, sample_rate)
    domains = {}
    for speaker in SPEAKERS:
        test = (speakers == speaker) & (takes < TEST_TAKES)
        train = (speakers == speaker) & (takes >= TEST_TAKES)
        domains[speaker] = RawDomain(
            Split(spectrograms[train], digits[train]),
            Split(spectrograms[test], digits[test]),
            DIGITS,
        )
    return domains


def _spectrograms(waveforms: Sequence[np.ndarray], sample_rate: int) -> np.ndarray:
    """Returns the log-mel spectrograms of 16-bit recordings, float32 [n, frames, mels]."""
    return cached_array(
        "fsdd_log_mel",
        lambda: log_mel(
            [waveform / _FULL_SCALE for waveform in waveforms],
            sample_rate=sample_rate,
            seconds=SECONDS,
        ),
        content=waveforms,
        parameters={"sample_rate": sample_rate, "seconds": SECONDS},
    )


SPEECH = (
    DataSet(
        name="fsdd",
        title="Free Spoken Digits: 3000 recordings of six speakers as log-mel spectrograms",
        modality="audio",
        domains=SPEAKERS,
        class_names=DIGITS,
        licence="CC BY-SA 4.0",
        citation="jackson2018fsdd",
        homepage="https://github.com/Jakobovski/free-spoken-digit-dataset",
        forms=(
            Form("the compact fsdd.npz", "fsdd.npz", _read_npz),
            Form("the repository", "recordings/0_*.wav", _read_recordings),
            Form(
                "the repository's archive, unpacked",
                "free-spoken-digit-dataset-*/recordings/0_*.wav",
                _read_recordings,
            ),
        ),
        downloads=(
            Download(
                f"https://github.com/Jakobovski/free-spoken-digit-dataset/archive/{_COMMIT}.zip",
                "fsdd.zip",
            ),
        ),
        by_hand="Clone the repository and put its folder recordings into the data set's folder.",
    ),
)
