"""Amazon product reviews: sentiment in four kinds of products, as word counts and as texts.

`amazon_reviews` holds the counts of 5000 uni- and bigrams that the tables of the field are computed
on, with their published split. `amazon_reviews_text` holds the 8000 labelled reviews, title and
text, as bags of words over a vocabulary of our own (`bags_of_words`, 5000 uni- and
bigrams), without a split; `read_texts` returns the texts themselves.

References:
    Blitzer, Dredze, Pereira. "Biographies, Bollywood, Boom-boxes and Blenders: Domain Adaptation
    for Sentiment Classification". ACL 2007. (The reviews.)
    Chen, Xu, Weinberger, Sha. "Marginalized Denoising Autoencoders for Domain Adaptation". ICML
    2012. arXiv:1206.4683. (The 5000 counts.)
    Ganin et al. "Domain-Adversarial Training of Neural Networks". JMLR 17, 2016. arXiv:1505.07818.
    (The files that are read here.)
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from xferlab.core.errors import InputError
from xferlab.data.catalogue.dataset import DataSet, Download, Form
from xferlab.data.features.bags_of_words import Texts, raw_domains
from xferlab.data.raw import RawDomain
from xferlab.data.readers.arrays import read_npz
from xferlab.data.readers.texts import (
    check_labels,
    compressed_rows,
    read_json_lines,
    read_svmlight,
    read_text,
)

DOMAINS = ("books", "dvd", "electronics", "kitchen")
CLASS_NAMES = ("negative", "positive")
WORDS = 5000
COUNTS_FILE = "amazon_bow5000.npz"
TEXTS_FILE = "amazon_reviews.jsonl.gz"
FOLDERS = {"kitchen": ("kitchen", "kitchen_&_housewares")}
"""Names of the authors' folder of a domain where it is not the domain's."""
_DANN_FILES = (
    "https://raw.githubusercontent.com/GRAAL-Research/domain_adversarial_neural_network/"
    "74eec5e0ae06bd6614bce048abba492c16a633e3/data"
)
_SENTIMENT = "https://www.cs.jhu.edu/~mdredze/datasets/sentiment"


def read_counts(folder: Path) -> dict[str, RawDomain]:
    """Returns the counts of the compact copy."""
    path = folder / COUNTS_FILE
    arrays = read_npz(path)
    return {
        domain: RawDomain(
            compressed_rows(arrays, f"{domain}_train", WORDS, path),
            compressed_rows(arrays, f"{domain}_test", WORDS, path),
            CLASS_NAMES,
        )
        for domain in DOMAINS
    }


def read_svmlight_counts(folder: Path) -> dict[str, RawDomain]:
    """Returns the counts of the files `<domain>_{train,test}.svmlight`, however deep they are."""
    place = next(folder.glob("**/books_train.svmlight")).parent
    return {
        domain: RawDomain(
            read_svmlight(place / f"{domain}_train.svmlight", width=WORDS),
            read_svmlight(place / f"{domain}_test.svmlight", width=WORDS),
            CLASS_NAMES,
        )
        for domain in DOMAINS
    }


def read_texts(folder: Path) -> Texts:
    """Returns the labelled reviews of each domain: title, a line break, text.

    Args:
        folder: has the compact copy `amazon_reviews.jsonl.gz`, or the authors' files
            `<domain>/{positive,negative}.review`, however deep.

    Raises:
        InputError: a file is missing, partial or damaged, or a label is unknown.
    """
    compact = folder / TEXTS_FILE
    if compact.is_file():
        return _read_compact(compact)
    place = next(folder.glob("**/books/positive.review"), None)
    if place is None:
        raise InputError(
            f"{folder} has neither {TEXTS_FILE} nor books/positive.review. Give the folder of "
            f"either; {_SENTIMENT}/ has the reviews."
        )
    return {domain: _read_reviews(place.parent.parent, domain) for domain in DOMAINS}


def read_bags(folder: Path) -> dict[str, RawDomain]:
    """Returns the reviews of `read_texts` as bags of words."""
    return raw_domains(read_texts(folder), CLASS_NAMES)


def _read_compact(path: Path) -> Texts:
    """Returns the reviews of the compact copy."""
    records = read_json_lines(path, ("domain", "label", "title", "text"))
    labels = check_labels([record["label"] for record in records], len(CLASS_NAMES), path)
    domains = np.array([record["domain"] for record in records])
    missing = sorted(set(DOMAINS) - set(domains.tolist()))
    if missing:
        raise InputError(f"{path} has no review of {', '.join(missing)}. Get the file anew.")
    texts = [f"{record['title']}\n{record['text']}" for record in records]
    return {
        domain: ([texts[i] for i in np.flatnonzero(domains == domain)], labels[domains == domain])
        for domain in DOMAINS
    }


def _read_reviews(place: Path, domain: str) -> tuple[list[str], np.ndarray]:
    """Returns the reviews of one domain in the authors' files."""
    names = FOLDERS.get(domain, (domain,))
    folder = next((place / name for name in names if (place / name).is_dir()), place / domain)
    parts = [_parse_reviews(folder / f"{class_name}.review") for class_name in CLASS_NAMES]
    labels = np.repeat(np.arange(len(parts), dtype=np.int32), [len(part) for part in parts])
    return [text for part in parts for text in part], labels


def _parse_reviews(path: Path) -> list[str]:
    """Returns the reviews of a `.review` file: tags as in XML, but `&` and `<` not escaped."""
    reviews = read_text(path, "latin-1").split("<review>")[1:]
    found = [re.search(_REVIEW, review, flags=re.DOTALL) for review in reviews]
    for number, match in enumerate(found, 1):
        if match is None:
            raise InputError(
                f"{path}: review {number} of {len(found)} has no whole <title>, <review_text> and "
                "</review>. The file may be a partial download; get it anew."
            )
    if not found:
        raise InputError(f"{path} has no <review>. Expected: a .review file of the authors.")
    return [f"{match['title'].strip()}\n{match['text'].strip()}" for match in found if match]


_REVIEW = r"<title>(?P<title>.*?)</title>.*<review_text>(?P<text>.*?)</review_text>\s*</review>"

AMAZON = (
    DataSet(
        name="amazon_reviews",
        title="Amazon reviews of four kinds of products, counts of 5000 uni- and bigrams",
        modality="text",
        domains=DOMAINS,
        examples={"books": 6465, "dvd": 5586, "electronics": 7681, "kitchen": 7945},
        class_names=CLASS_NAMES,
        licence="not stated",
        citation="chen2012msda",
        homepage="https://github.com/GRAAL-Research/domain_adversarial_neural_network",
        forms=(
            Form("the compact copy", COUNTS_FILE, read_counts),
            Form("the files of DANN's authors", "**/books_train.svmlight", read_svmlight_counts),
        ),
        downloads=tuple(
            Download(f"{_DANN_FILES}/{name}", name, unpack=False)
            for domain in DOMAINS
            for name in (f"{domain}_train.svmlight", f"{domain}_test.svmlight")
        ),
        by_hand="The .svmlight files are in the folder data of the homepage's repository; put the"
        " eight of them into the folder of the data set.",
    ),
    DataSet(
        name="amazon_reviews_text",
        title="The 8000 labelled Amazon reviews as texts, bags of 5000 uni- and bigrams",
        modality="text",
        domains=DOMAINS,
        examples=dict.fromkeys(DOMAINS, 2000),
        class_names=CLASS_NAMES,
        licence="not stated",
        citation="blitzer2007biographies",
        homepage=f"{_SENTIMENT}/",
        forms=(
            Form(
                "the compact copy",
                TEXTS_FILE,
                read_bags,
                folder="amazon_reviews",
            ),
            Form(
                "the authors' sorted_data_acl, unpacked",
                "**/books/positive.review",
                read_bags,
            ),
        ),
        downloads=(
            Download(f"{_SENTIMENT}/domain_sentiment_data.tar.gz", "domain_sentiment_data.tar.gz"),
        ),
        by_hand="Unpack the archive of the homepage (30 MB) into the folder of the data set, so"
        " that sorted_data_acl/books/positive.review is in it.",
    ),
)
