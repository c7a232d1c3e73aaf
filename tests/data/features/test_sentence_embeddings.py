"""Cached embeddings, with a made encoder."""

import sys
import types

import numpy as np
import pytest

from xferlab.core.errors import InputError
from xferlab.data.features.sentence_embeddings import TextEncoder, embed_texts, sentence_transformer

pytestmark = pytest.mark.fast


class Made:
    """Embeds a text as its length and the number of its a's; remembers what it was given."""

    def __init__(self, name="made"):
        self.batches = []
        self.encoder = TextEncoder(name, self.embed)

    def embed(self, texts):
        self.batches.append(list(texts))
        return [[len(text), text.count("a")] for text in texts]

    @property
    def seen(self):
        return [text for batch in self.batches for text in batch]


def test_each_text_is_embedded_once(tmp_path):
    made = Made()
    vectors = embed_texts(["aa", "b", "aa"], made.encoder, cache_dir=tmp_path)
    np.testing.assert_array_equal(vectors, np.array([[2, 2], [1, 0], [2, 2]], np.float32))
    assert vectors.dtype == np.float32
    assert made.seen == ["aa", "b"]
    again = embed_texts(["b", "ccc", "aa"], made.encoder, cache_dir=tmp_path)
    np.testing.assert_array_equal(again, [[1, 0], [3, 0], [2, 2]])
    assert made.seen == ["aa", "b", "ccc"]


def test_another_encoder_has_another_cache(tmp_path):
    embed_texts(["aa"], Made("one").encoder, cache_dir=tmp_path)
    other = Made("two")
    embed_texts(["aa"], other.encoder, cache_dir=tmp_path)
    assert other.seen == ["aa"]


def test_many_texts_go_in_batches_and_an_interruption_loses_little(tmp_path):
    class Interrupted(Made):
        def embed(self, texts):
            if len(self.seen) >= 1024:
                raise KeyboardInterrupt
            return super().embed(texts)

    texts = [f"text {i}" for i in range(1100)]
    with pytest.raises(KeyboardInterrupt):
        embed_texts(texts, Interrupted().encoder, cache_dir=tmp_path)
    made = Made()
    assert embed_texts(texts, made.encoder, cache_dir=tmp_path).shape == (1100, 2)
    assert [len(batch) for batch in made.batches] == [64, 12]
    assert not list(tmp_path.rglob("*.writing"))


def test_a_lone_surrogate_is_a_text_too(tmp_path):
    assert embed_texts(["\ud800"], Made().encoder, cache_dir=tmp_path).tolist() == [[1, 0]]


@pytest.mark.parametrize(
    ("embed", "message"),
    [
        (lambda texts: np.ones(2), r"shape \(2,\) for 2 texts"),
        (lambda texts: np.ones((1, 3)), r"shape \(1, 3\) for 2 texts"),
        (lambda texts: np.full((2, 3), np.nan), "not all finite"),
    ],
)
def test_what_is_no_embedding_is_refused(tmp_path, embed, message):
    with pytest.raises(InputError, match=message):
        embed_texts(["a", "b"], TextEncoder("bad", embed), cache_dir=tmp_path)
    assert not list(tmp_path.rglob("*.npz"))


def test_an_encoder_that_changed_under_its_name_is_refused(tmp_path):
    embed_texts(["a"], Made().encoder, cache_dir=tmp_path)
    longer = TextEncoder("made", lambda texts: np.ones((len(texts), 5)))
    with pytest.raises(InputError, match="vectors of 2 and of 5 numbers"):
        embed_texts(["b"], longer, cache_dir=tmp_path)


@pytest.mark.parametrize("texts", [[], "one text"])
def test_no_texts_are_refused(tmp_path, texts):
    with pytest.raises(InputError, match="sequence of one text or more"):
        embed_texts(texts, Made().encoder, cache_dir=tmp_path)


def cached_file(tmp_path):
    embed_texts(["a"], Made().encoder, cache_dir=tmp_path)
    return next(tmp_path.rglob("*.npz"))


def test_a_damaged_cache_is_named(tmp_path):
    path = cached_file(tmp_path)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(InputError, match=r"cache of embeddings is damaged.*Remove this file"):
        embed_texts(["a"], Made().encoder, cache_dir=tmp_path)


def test_a_pickled_cache_is_refused(tmp_path):
    np.savez(cached_file(tmp_path), keys=np.array([{}], object), vectors=np.ones((1, 2)))
    with pytest.raises(InputError, match="Object arrays cannot be loaded"):
        embed_texts(["a"], Made().encoder, cache_dir=tmp_path)


def test_sentence_transformers_are_loaded_when_a_text_is_missing(tmp_path, monkeypatch):
    loaded = []

    class SentenceTransformer:
        def __init__(self, name):
            loaded.append(name)

        def encode(self, texts, *, convert_to_numpy, show_progress_bar):
            assert convert_to_numpy and not show_progress_bar
            return np.array([[len(text)] for text in texts], np.float32)

    module = types.SimpleNamespace(SentenceTransformer=SentenceTransformer)
    monkeypatch.setitem(sys.modules, "sentence_transformers", module)
    for _ in range(2):
        encoder = sentence_transformer("tiny")
        assert embed_texts(["abc"], encoder, cache_dir=tmp_path).tolist() == [[3]]
    assert loaded == ["tiny"]


def test_without_the_package_the_message_names_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(InputError, match="pip install sentence-transformers"):
        embed_texts(["a"], sentence_transformer("tiny"), cache_dir=tmp_path)
