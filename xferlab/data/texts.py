"""Texts as inputs: bags of words over a shared vocabulary, and the files texts and counts are in.

A domain's inputs are numbers. `bags_of_words` turns the texts of several domains into counts over
one vocabulary; the readers below check what they read and name the file, and the line or the byte,
that is wrong. CSV files are read in `xferlab.data.csv_reader`.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse

from xferlab.core.errors import InputError
from xferlab.core.sparse import SparseRows
from xferlab.data.archives import read_gzip
from xferlab.data.dataset import RawDomain
from xferlab.data.optional import require
from xferlab.data.split import Split

Texts = Mapping[str, tuple[list[str], np.ndarray]]
"""The texts of each domain and their labels, integers [n]."""


def bags_of_words(
    texts_by_domain: Mapping[str, Sequence[str]],
    *,
    max_features: int = 5000,
    ngrams: tuple[int, int] = (1, 2),
    min_documents: int = 2,
) -> tuple[dict[str, SparseRows], tuple[str, ...]]:
    """Returns how often each text has each word of one vocabulary, chosen from all domains' texts.

    Words are runs of two or more letters, digits or underscores, in lower case (scikit-learn's
    `CountVectorizer`). The vocabulary is chosen without labels: the n-grams that occur most often
    in all texts together, so a domain with more or longer texts has more say.

    Args:
        texts_by_domain: texts of each domain.
        max_features: size of the vocabulary; smaller where there are not as many n-grams.
        ngrams: fewest and most words of an n-gram.
        min_documents: texts in which an n-gram occurs at least.

    Returns:
        Counts [n, v] of each domain, and the v n-grams in alphabetical order.

    Raises:
        InputError: no n-gram is left.

    >>> bags, vocabulary = bags_of_words({"a": ["good book"], "b": ["good good film"]})
    >>> vocabulary, bags["b"].to_dense()
    (('good',), array([[2.]], dtype=float32))
    """
    feature_extraction = require("sklearn.feature_extraction.text", "scikit-learn")
    vectorizer = feature_extraction.CountVectorizer(
        ngram_range=ngrams, min_df=min_documents, max_features=max_features, dtype=np.float32
    )
    texts = [text for domain_texts in texts_by_domain.values() for text in domain_texts]
    try:
        counts = vectorizer.fit_transform(texts)
    except ValueError as error:
        raise InputError(
            f"cannot choose a vocabulary from {len(texts)} texts of {', '.join(texts_by_domain)}:"
            f" {error} Give more or longer texts, or a lower min_documents ({min_documents})."
        ) from error
    ends = np.cumsum([0, *(len(domain_texts) for domain_texts in texts_by_domain.values())])
    bags = {
        name: SparseRows.from_scipy(counts[start:end])
        for name, start, end in zip(texts_by_domain, ends[:-1], ends[1:], strict=True)
    }
    return bags, tuple(vectorizer.get_feature_names_out())


def raw_domains(texts: Texts, class_names: tuple[str, ...]) -> dict[str, RawDomain]:
    """Returns the bags of words of labelled texts as domains without a published split."""
    bags, _ = bags_of_words({name: domain_texts for name, (domain_texts, _) in texts.items()})
    return {
        name: RawDomain(Split(bags[name], labels), None, class_names)
        for name, (_, labels) in texts.items()
    }


def read_text(path: Path, encoding: str = "utf-8") -> str:
    """Returns the text of a file, without a byte-order mark.

    Raises:
        InputError: no such file, an unknown encoding, or bytes that are not of this encoding.
    """
    try:
        return path.read_bytes().decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{path} is not {encoding}: byte 0x{error.object[error.start]:02x} at position "
            f"{error.start} (line {line}). Save it as {encoding}, or say what it is, for instance "
            "encoding='latin-1', 'cp1252' or 'utf-16'."
        ) from error
    except (LookupError, TypeError) as error:
        raise InputError(
            f"unknown encoding {encoding!r}. Allowed: what Python knows, for instance 'utf-8', "
            "'latin-1', 'cp1252' or 'utf-16'."
        ) from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error}. Give the path of a text file.") from error


def read_json_lines(path: Path, fields: Sequence[str]) -> list[dict[str, Any]]:
    """Returns the objects of a file of gzipped JSON lines (UTF-8).

    Raises:
        InputError: no such file, one that is cut off or damaged, another encoding, or a line that
            is no object with these fields.
    """
    try:
        content = read_gzip(path).decode()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InputError(
            f"cannot read {path}: {error}. Expected: a whole gzip file of UTF-8 text; it may be a "
            "partial download, get it anew."
        ) from error
    # Not splitlines(): texts may hold other line separators of Unicode.
    lines = content.removesuffix("\n").split("\n")
    return [_json_object(path, number, line, fields) for number, line in enumerate(lines, 1)]


def _json_object(path: Path, number: int, line: str, fields: Sequence[str]) -> dict[str, Any]:
    """Returns the object of one line, checked for its fields."""
    try:
        record = json.loads(line)
    except ValueError as error:
        raise InputError(
            f"{path}, line {number} is no JSON: {error}. Get the file anew."
        ) from error
    missing = [field for field in fields if not isinstance(record, dict) or field not in record]
    if missing:
        raise InputError(
            f"{path}, line {number} has no {', '.join(missing)}. Needed in each line: an object "
            f"with {', '.join(fields)}; get the file anew."
        )
    return record


def check_labels(labels: Sequence[Any], num_classes: int, path: Path) -> np.ndarray:
    """Returns labels as int32 [n]; raises InputError for the first that is not in [0, k)."""
    for number, label in enumerate(labels, 1):
        if label not in range(num_classes):
            raise InputError(
                f"{path}: example {number} has the label {label!r}. Allowed: 0 to "
                f"{num_classes - 1}; the file is another one, or damaged."
            )
    return np.array(labels, np.int32)


def compressed_rows(arrays: Mapping[str, np.ndarray], prefix: str, width: int, path: Path) -> Split:
    """Returns the examples `<prefix>_data`, `_indices`, `_indptr` and `_y` of an `.npz` file.

    Raises:
        InputError: one of these is missing, or they are no matrix with `width` columns.
    """
    keys = [f"{prefix}_{part}" for part in ("data", "indices", "indptr", "y")]
    missing = [key for key in keys if key not in arrays]
    if missing:
        raise InputError(f"{path} has no {', '.join(missing)}: it is another file, or not whole.")
    data, indices, indptr, labels = (arrays[key] for key in keys)
    try:
        parts = (data.astype(np.float32), indices.astype(np.int32), indptr)
        rows = scipy.sparse.csr_array(parts, shape=(len(labels), width))
        rows.check_format(full_check=True)
    except (ValueError, TypeError) as error:
        raise InputError(f"{path}: {prefix} is no sparse matrix: {error}. Get it anew.") from error
    return Split(rows, check_labels(labels.tolist(), 2, path))


def read_svmlight(path: Path, *, width: int | None = None) -> Split:
    """Returns the examples of lines `<-1 or 1> <column>:<count> ...`, columns from 0.

    Args:
        path: of the file.
        width: number of columns; by default what the largest needs.

    Raises:
        InputError: no such file, a line of another form, another label, or a column beyond.
    """
    load = require("sklearn.datasets", "scikit-learn").load_svmlight_file
    try:
        rows, signs = load(str(path), n_features=width, zero_based=True, dtype=np.float32)
    except (OSError, ValueError, OverflowError) as error:
        raise InputError(
            f"cannot read {path}: {error}. Expected: lines of a label and column:count pairs"
            f"{f', columns below {width}' if width else ''}; it may be partial, get it anew."
        ) from error
    other = np.flatnonzero(~np.isin(signs, (-1, 1)))
    if other.size:
        raise InputError(
            f"{path}, line {other[0] + 1}: label {signs[other[0]]:g}. Allowed: -1 and 1."
        )
    return Split(scipy.sparse.csr_array(rows), (signs > 0).astype(np.int32))
