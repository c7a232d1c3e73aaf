"""Sentence embeddings of texts, computed once and kept on disk."""

from __future__ import annotations

import functools
import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from xferlab.core.errors import InputError
from xferlab.core.files import aside
from xferlab.core.optional import require

BATCH_TEXTS = 64
PART_BATCHES = 16


class TextEncoder(NamedTuple):
    """What embeds texts.

    Its name stands for the numbers it gives: another model, version or pooling is another name.
    """

    name: str
    embed: Callable[[list[str]], Any]
    """From a list of n texts to numbers [n, d]; called with 64 texts at most."""


def embed_texts(texts: Sequence[str], encoder: TextEncoder, *, cache_dir: str | Path) -> np.ndarray:
    """Returns the embeddings of texts; a text that was embedded before is read from the cache.

    The cache has a folder for each encoder and, in it, files of up to 1024 embeddings, each under
    the SHA-256 of the encoder's name and the text. A file is written aside, renamed, and never
    changed, so an interrupted call loses at most one file's work, and several processes may share
    a cache.

    Args:
        texts: n of them.
        encoder: for instance `sentence_transformer("all-MiniLM-L6-v2")`, or one's own.
        cache_dir: of the cache; may be deleted at any time.

    Returns:
        float32 [n, d].

    Raises:
        InputError: no texts, a damaged cache, or an encoder that returns something else than one
            finite vector of always the same length for each text.
    """
    if isinstance(texts, str) or not len(texts):
        raise InputError(f"texts is {texts!r}. Needed: a sequence of one text or more.")
    folder = Path(cache_dir) / _digest(encoder.name)
    keys = [_digest(encoder.name, text) for text in texts]
    known = _read_cache(folder)
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    for part in _chunks(list(missing), BATCH_TEXTS * PART_BATCHES):
        vectors = [
            _embed(encoder, [missing[key] for key in batch]) for batch in _chunks(part, BATCH_TEXTS)
        ]
        new = dict(zip(part, (vector for batch in vectors for vector in batch), strict=True))
        _check_lengths(encoder, [*known.values(), *new.values()], folder)
        _write_part(folder, new)
        known |= new
    return np.stack([known[key] for key in keys])


def sentence_transformer(model: str) -> TextEncoder:
    """Returns a model of the package sentence-transformers, loaded when a text is missing.

    Args:
        model: name on its hub, or the path of a folder.
    """

    @functools.cache
    def load() -> Any:
        package = require("sentence_transformers", "sentence-transformers")
        return package.SentenceTransformer(model)

    return TextEncoder(
        f"sentence-transformers/{model}",
        lambda texts: load().encode(texts, convert_to_numpy=True, show_progress_bar=False),
    )


def _digest(*parts: str) -> str:
    """Returns the SHA-256 of strings; each is hashed by itself first, so that none runs on."""
    hashes = [hashlib.sha256(part.encode("utf-8", "surrogatepass")).digest() for part in parts]
    return hashlib.sha256(b"".join(hashes)).hexdigest()


def _chunks(keys: list[str], size: int) -> Iterable[list[str]]:
    """Yields the keys in pieces of at most `size`."""
    return (keys[start : start + size] for start in range(0, len(keys), size))


def _embed(encoder: TextEncoder, texts: list[str]) -> np.ndarray:
    """Returns the checked vectors [n, d] of one batch."""
    vectors = np.asarray(encoder.embed(texts), np.float32)
    if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
        raise InputError(
            f"encoder {encoder.name!r} returned shape {vectors.shape} for {len(texts)} texts, "
            f"{'all' if np.isfinite(vectors).all() else 'not all'} finite. Needed: "
            f"[{len(texts)}, d] finite numbers."
        )
    return vectors


def _check_lengths(encoder: TextEncoder, vectors: Sequence[np.ndarray], folder: Path) -> None:
    """Raises InputError unless all vectors are of one length."""
    lengths = sorted({len(vector) for vector in vectors})
    if len(lengths) > 1:
        raise InputError(
            f"encoder {encoder.name!r} gave vectors of {lengths[0]} and of {lengths[-1]} numbers. "
            f"One length is needed; give another model another name, or remove {folder}."
        )


def _read_cache(folder: Path) -> dict[str, np.ndarray]:
    """Returns all vectors in the cache of one encoder by their keys."""
    known: dict[str, np.ndarray] = {}
    for path in sorted(folder.glob("*.npz")):
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as part:
                known |= zip(part["keys"].tolist(), part["vectors"], strict=True)
        except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile, zlib.error) as error:
            raise InputError(
                f"the cache of embeddings is damaged: {path}: {error} Remove this file; its texts "
                "are then embedded anew."
            ) from error
    return known


def _write_part(folder: Path, vectors: dict[str, np.ndarray]) -> None:
    """Writes a file of vectors."""
    folder.mkdir(parents=True, exist_ok=True)
    with aside(folder / f"{_digest(*vectors)}.npz") as new:
        np.savez(new, keys=np.array(list(vectors)), vectors=np.stack(list(vectors.values())))
