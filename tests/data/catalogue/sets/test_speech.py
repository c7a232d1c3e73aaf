"""Free Spoken Digits: the compact file, the repository's recordings, and bad ones."""

import numpy as np
import pytest
import scipy.io.wavfile
from sklearn.linear_model import RidgeClassifier

from tests.shared import shared_data
from xferlab.core import cache
from xferlab.core.errors import InputError
from xferlab.data.catalogue.sets.speech import DIGITS, SPEAKERS, SPEECH
from xferlab.data.features.spectrogram import log_mel

(FSDD,) = SPEECH
RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def recordings(takes=7):
    """(digit, speaker, take, samples) of each recording, short ones of different lengths."""
    return [
        (digit, speaker, take, RNG.integers(-3000, 3000, 300 + take).astype(np.int16))
        for digit in range(10)
        for speaker in range(6)
        for take in range(takes)
    ]


def save_npz(folder, made, **changes):
    lengths = [len(samples) for *_, samples in made]
    digit, speaker, take = (np.array([entry[i] for entry in made]) for i in range(3))
    arrays = {
        "audio": np.concatenate([samples for *_, samples in made]),
        "offsets": np.concatenate([[0], np.cumsum(lengths)]),
        "y": digit,
        "speaker": speaker,
        "take": take,
        "speakers": np.array(SPEAKERS),
        "sample_rate": np.array(8000),
    }
    folder.mkdir(exist_ok=True)
    np.savez(folder / "fsdd.npz", **{**arrays, **changes})


def save_wavs(folder, made):
    (folder / "recordings").mkdir(parents=True, exist_ok=True)
    for digit, speaker, take, samples in made:
        file = folder / "recordings" / f"{digit}_{SPEAKERS[speaker]}_{take}.wav"
        scipy.io.wavfile.write(file, 8000, samples)


def read(folder):
    form = next(f for f in FSDD.forms if next(folder.glob(f.marker), None))
    return form.read(folder)


def sorted_rows(split):
    order = np.lexsort(split.inputs.reshape(len(split.labels), -1).T)
    return split.inputs[order], split.labels[order]


@pytest.mark.parametrize("place", ["", "free-spoken-digit-dataset-1a2b3c"])
def test_both_forms_give_the_same(tmp_path, place):
    made = recordings()
    save_npz(tmp_path / "a", made)
    save_wavs(tmp_path / "b" / place, made)
    compact, original = read(tmp_path / "a"), read(tmp_path / "b")
    assert tuple(compact) == tuple(original) == FSDD.domains == SPEAKERS
    for speaker in SPEAKERS:
        assert compact[speaker].class_names == DIGITS == FSDD.class_names
        assert compact[speaker].train.inputs.shape == (20, 98, 40)
        assert compact[speaker].test.inputs.shape == (50, 98, 40)
        for part in ("train", "test"):
            ours, theirs = (sorted_rows(getattr(d[speaker], part)) for d in (compact, original))
            np.testing.assert_array_equal(ours[0], theirs[0])
            np.testing.assert_array_equal(ours[1], theirs[1])


def test_takes_and_speakers_are_told_apart(tmp_path):
    made = recordings()
    save_npz(tmp_path / "a", made)
    domain = read(tmp_path / "a")["lucas"]
    wanted = [samples for digit, speaker, take, samples in made if speaker == 2 and take < 5]
    expected = log_mel([samples / 32768 for samples in wanted], sample_rate=8000, seconds=1.0)
    np.testing.assert_array_equal(domain.test.inputs, expected)
    assert domain.test.labels.tolist() == np.repeat(np.arange(10), 5).tolist()


def test_spectrograms_are_computed_once(tmp_path, monkeypatch):
    save_npz(tmp_path / "a", recordings())
    first = read(tmp_path / "a")
    assert len(list(cache.cache_folder().iterdir())) == 1
    monkeypatch.setattr("xferlab.data.catalogue.sets.speech.log_mel", None)
    second = read(tmp_path / "a")
    np.testing.assert_array_equal(first["theo"].train.inputs, second["theo"].train.inputs)


def test_partial_downloads(tmp_path):
    made = recordings()
    save_npz(tmp_path / "a", [entry for entry in made if entry[1] != 4])
    with pytest.raises(InputError, match=r"350 recordings.* are missing for theo.*partial"):
        read(tmp_path / "a")
    save_wavs(tmp_path / "b", [entry for entry in made if entry[:2] != (9, 1)])
    with pytest.raises(InputError, match=r"are missing for jackson"):
        read(tmp_path / "b")


def test_compact_files_that_are_bad(tmp_path):
    made = recordings()
    audio = np.concatenate([samples for *_, samples in made])
    for changes, message in [
        ({"audio": audio[:-10]}, "rising offsets of all of them"),
        ({"audio": audio / 32768}, "the samples are float64"),
        ({"speaker": np.full(len(made), 6)}, "speaker: label 6 at index 0"),
        ({"take": np.array([{}], object)}, "pickled objects are refused"),
    ]:
        save_npz(tmp_path / "a", made, **changes)
        with pytest.raises(InputError, match=message):
            read(tmp_path / "a")
    np.savez(tmp_path / "a" / "fsdd.npz", audio=audio)
    with pytest.raises(InputError, match="has no offsets, y, speaker"):
        read(tmp_path / "a")


def test_recordings_that_are_bad(tmp_path):
    save_wavs(tmp_path, recordings())
    file = tmp_path / "recordings" / "3_theo_6.wav"
    whole = file.read_bytes()
    for damaged in (b"", b"no wave file at all", whole[:30]):
        file.write_bytes(damaged)
        with pytest.raises(InputError, match=r"cannot read .*3_theo_6.wav"):
            read(tmp_path)
    scipy.io.wavfile.write(file, 44100, np.zeros((9, 2), np.int16))
    with pytest.raises(InputError, match=r"samples int16 \(9, 2\) at 44100 Hz"):
        read(tmp_path)
    file.unlink()
    (tmp_path / "recordings" / "3_thea_6.wav").write_bytes(whole)
    with pytest.raises(InputError, match=r"3_thea_6.wav is no recording .*george, jackson"):
        read(tmp_path)


def test_the_compact_copy():
    domains = read(shared_data("fsdd") / "fsdd")
    for domain in domains.values():
        assert np.bincount(domain.train.labels).tolist() == [45] * 10
        assert np.bincount(domain.test.labels).tolist() == [5] * 10
    inputs, labels = domains["jackson"].train
    ridge = RidgeClassifier(100).fit(inputs.reshape(450, -1), labels)
    scores = {
        name: ridge.score(d.test.inputs.reshape(50, -1), d.test.labels)
        for name, d in domains.items()
    }
    assert scores.pop("jackson") > 0.9 and max(scores.values()) < 0.7  # Another voice is harder.
