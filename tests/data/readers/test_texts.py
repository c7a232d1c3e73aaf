"""Bags of words against scikit-learn, and damaged files."""

import gzip
import json

import numpy as np
import pytest
import scipy.sparse
from sklearn.feature_extraction.text import CountVectorizer

from xferlab.core.errors import InputError
from xferlab.data.features.bags_of_words import bags_of_words, raw_domains
from xferlab.data.readers.texts import (
    check_labels,
    compressed_rows,
    read_json_lines,
    read_svmlight,
    read_text,
)

pytestmark = pytest.mark.fast

TEXTS = {
    "books": ["A good good book", "A bad book", "good plot, bad end"],
    "films": ["A good film", "bad, bad film: a bad end", "no", ""],
}


def test_one_vocabulary_serves_all_domains():
    bags, vocabulary = bags_of_words(TEXTS)
    assert vocabulary == ("bad", "bad end", "book", "end", "film", "good")
    assert bags["films"].to_dense().tolist() == [
        [0, 0, 0, 0, 1, 1],
        [3, 1, 0, 1, 1, 0],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
    ]
    assert len(bags["books"]) == 3
    assert bags["books"].width == 6


def test_the_vocabulary_is_the_commonest_ngrams():
    bags, vocabulary = bags_of_words(TEXTS, max_features=2, ngrams=(1, 1), min_documents=1)
    assert vocabulary == ("bad", "good")
    alone = CountVectorizer(vocabulary=vocabulary).fit_transform(TEXTS["books"])
    np.testing.assert_array_equal(bags["books"].to_dense(), alone.toarray())


def test_every_argument_changes_the_vocabulary():
    changes = [{"max_features": 3}, {"ngrams": (1, 1)}, {"min_documents": 1}]
    vocabularies = {bags_of_words(TEXTS, **change)[1] for change in ({}, *changes)}
    assert len(vocabularies) == 4


def test_texts_without_common_words_are_refused():
    with pytest.raises(InputError, match="cannot choose a vocabulary from 2 texts of a, b"):
        bags_of_words({"a": ["one"], "b": ["two"]})


def test_raw_domains_have_no_split():
    labels = {"books": np.array([1, 0, 1]), "films": np.array([1, 0, 0, 1])}
    domains = raw_domains({name: (TEXTS[name], labels[name]) for name in TEXTS}, ("no", "yes"))
    assert domains["films"].test is None
    assert domains["films"].train.inputs.shape == (4, 6)
    np.testing.assert_array_equal(domains["books"].train.labels, labels["books"])


def test_a_text_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "texts.csv"
    path.write_bytes("ok\ncaf\u00e9".encode("latin-1"))
    with pytest.raises(InputError, match=r"is not utf-8: byte 0xe9 at position 6 \(line 2\)"):
        read_text(path)
    assert read_text(path, "latin-1") == "ok\ncaf\u00e9"
    with pytest.raises(InputError, match="unknown encoding 'latin-99'"):
        read_text(path, "latin-99")
    with pytest.raises(InputError, match=r"cannot read .*none\.csv"):
        read_text(tmp_path / "none.csv")


def test_a_byte_order_mark_is_no_text(tmp_path):
    path = tmp_path / "texts.csv"
    path.write_bytes("text".encode("utf-8-sig"))
    assert read_text(path) == "text"


def write_lines(path, lines, *, cut=None):
    path.write_bytes(gzip.compress("\n".join(lines).encode() + b"\n")[:cut])
    return path


def test_json_lines(tmp_path):
    records = [{"text": "one\u2028line", "label": 0}, {"text": "two", "label": 1}]
    lines = [json.dumps(record, ensure_ascii=False) for record in records]
    assert read_json_lines(write_lines(tmp_path / "a.gz", lines), ("text", "label")) == records


@pytest.mark.parametrize(
    ("lines", "cut", "message"),
    [
        (['{"text": "one"}'] * 50, -9, "partial download"),
        (['{"text": "one"}', '{"text": "tw'], None, "line 2 is no JSON"),
        (['{"title": "one"}'], None, "line 1 has no text"),
        (["[1]"], None, "line 1 has no text"),
    ],
)
def test_damaged_json_lines_are_refused(tmp_path, lines, cut, message):
    with pytest.raises(InputError, match=message):
        read_json_lines(write_lines(tmp_path / "a.gz", lines, cut=cut), ("text",))


def test_other_files_are_no_json_lines(tmp_path):
    path = tmp_path / "a.gz"
    with pytest.raises(InputError, match="cannot read"):
        read_json_lines(path, ("text",))
    path.write_text('{"text": "one"}')
    with pytest.raises(InputError, match="Expected: a whole gzip file"):
        read_json_lines(path, ("text",))
    path.write_bytes(gzip.compress(b'{"text": "caf\xe9"}'))
    with pytest.raises(InputError, match="0xe9"):
        read_json_lines(path, ("text",))


@pytest.mark.parametrize("label", [2, -1, "spam", None, 0.5])
def test_a_label_outside_the_classes_is_refused(tmp_path, label):
    with pytest.raises(InputError, match=f"example 2 has the label {label!r}. Allowed: 0 to 1"):
        check_labels([0, label], 2, tmp_path)


def test_compressed_rows(tmp_path):
    matrix = scipy.sparse.csr_array(np.array([[0, 2, 0], [1, 0, 3]]))
    arrays = {f"a_{part}": getattr(matrix, part) for part in ("data", "indices", "indptr")}
    arrays["a_y"] = np.array([0, 1], np.uint8)
    rows, labels = compressed_rows(arrays, "a", 3, tmp_path)
    np.testing.assert_array_equal(rows.toarray(), matrix.toarray())
    assert labels.tolist() == [0, 1]
    with pytest.raises(InputError, match="a is no sparse matrix"):
        compressed_rows(arrays, "a", 2, tmp_path)
    with pytest.raises(InputError, match="has no b_data, b_indices, b_indptr, b_y"):
        compressed_rows(arrays, "b", 3, tmp_path)
    with pytest.raises(InputError, match="example 2 has the label 7"):
        compressed_rows(arrays | {"a_y": np.array([0, 7])}, "a", 3, tmp_path)


def test_svmlight(tmp_path):
    path = tmp_path / "a.svmlight"
    path.write_text("-1 0:3 2:1\n1 1:2\n1\n")
    rows, labels = read_svmlight(path, width=4)
    assert rows.toarray().tolist() == [[3, 0, 1, 0], [0, 2, 0, 0], [0, 0, 0, 0]]
    assert labels.tolist() == [0, 1, 1]
    assert read_svmlight(path).inputs.shape == (3, 3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("-1 0:3\n1 2:", "it may be partial"),
        ("-1 0:3\n1 9:1\n", "columns below 4"),
        ("-1 0:3\n2 1:1\n", "line 2: label 2. Allowed: -1 and 1"),
        ("spam 0:3\n", "Expected: lines of a label"),
    ],
)
def test_damaged_svmlight_files_are_refused(tmp_path, content, message):
    path = tmp_path / "a.svmlight"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        read_svmlight(path, width=4)
