"""Bags of words: how often each text has each word of a vocabulary that several domains share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from xferlab.core.errors import InputError
from xferlab.core.optional import require
from xferlab.core.sparse import SparseRows
from xferlab.data.raw import RawDomain
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
