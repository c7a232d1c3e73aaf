"""Amazon reviews: made files in every form, the real copies, and damaged ones."""

import gzip
import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tests.shared import shared_data
from xferlab.core.errors import InputError
from xferlab.data.catalogue.sets.amazon import AMAZON, DOMAINS, read_texts

COUNTS, TEXTS = AMAZON
TEST_EXAMPLES = {"books": 4465, "dvd": 3586, "electronics": 5681, "kitchen": 5945}

REVIEW = """<review>
<unique_id>
1:{title}
</unique_id>
<title>
{title}
</title>
<rating>
5.0
</rating>
<review_text>
{text}

</review_text>
</review>
"""


def write_counts(folder):
    arrays = {}
    for domain in DOMAINS:
        for split in ("train", "test"):
            arrays |= {
                f"{domain}_{split}_data": np.array([3, 1], np.uint8),
                f"{domain}_{split}_indices": np.array([0, 4999], np.uint16),
                f"{domain}_{split}_indptr": np.array([0, 1, 2], np.int32),
                f"{domain}_{split}_y": np.array([0, 1], np.uint8),
            }
    np.savez(folder / "amazon_bow5000.npz", **arrays)
    return arrays


def write_svmlight(folder):
    (folder / "data").mkdir()
    for domain in DOMAINS:
        for split in ("train", "test"):
            path = folder / "data" / f"{domain}_{split}.svmlight"
            path.write_text("-1 0:3\n1 4999:1\n")


def write_reviews(folder, kitchen="kitchen_&_housewares"):
    for domain in (*DOMAINS[:3], kitchen):
        place = folder / "sorted_data_acl" / domain
        place.mkdir(parents=True)
        for name in ("positive", "negative"):
            reviews = [("A & B", f"{name} caf\u00e9 < {i} stars") for i in range(2)]
            content = "".join(REVIEW.format(title=title, text=text) for title, text in reviews)
            (place / f"{name}.review").write_text(content, "latin-1")


def write_json(folder, records):
    content = "".join(json.dumps(record) + "\n" for record in records).encode()
    (folder / "amazon_reviews.jsonl.gz").write_bytes(gzip.compress(content))


def records(domains=DOMAINS, label=1):
    return [
        {"domain": domain, "label": y, "title": "A", "text": f"{y} stars"}
        for domain in domains
        for y in (0, label)
    ]


@pytest.mark.fast
@pytest.mark.parametrize(("form", "write"), [(0, write_counts), (1, write_svmlight)])
def test_counts_of_both_forms(tmp_path, form, write):
    write(tmp_path)
    assert list(tmp_path.glob(COUNTS.forms[form].marker))
    domains = COUNTS.forms[form].read(tmp_path)
    assert tuple(domains) == COUNTS.domains
    for raw in domains.values():
        for split in (raw.train, raw.test):
            assert split.inputs.shape == (2, 5000)
            assert split.inputs[[0, 1], [0, 4999]].tolist() == [3, 1]
            assert split.labels.tolist() == [0, 1]
    assert raw.class_names == ("negative", "positive")


@pytest.mark.fast
def test_a_missing_domain_is_named(tmp_path):
    write_svmlight(tmp_path)
    (tmp_path / "data" / "dvd_test.svmlight").unlink()
    with pytest.raises(InputError, match=r"cannot read .*dvd_test\.svmlight"):
        COUNTS.forms[1].read(tmp_path)
    arrays = write_counts(tmp_path)
    del arrays["dvd_test_data"]
    np.savez(tmp_path / "amazon_bow5000.npz", **arrays)
    with pytest.raises(InputError, match="has no dvd_test_data"):
        COUNTS.forms[0].read(tmp_path)


@pytest.mark.fast
def test_pickled_and_partial_counts_are_refused(tmp_path):
    arrays = write_counts(tmp_path)
    path = tmp_path / "amazon_bow5000.npz"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match="cannot read"):
        COUNTS.forms[0].read(tmp_path)
    np.savez(path, **(arrays | {"dvd_test_y": np.array([{}, {}], object)}))
    with pytest.raises(InputError, match="pickled objects are refused"):
        COUNTS.forms[0].read(tmp_path)


@pytest.mark.fast
@pytest.mark.parametrize("kitchen", ["kitchen", "kitchen_&_housewares"])
def test_the_authors_reviews(tmp_path, kitchen):
    write_reviews(tmp_path, kitchen)
    texts, labels = read_texts(tmp_path)["kitchen"]
    assert texts[0] == "A & B\nnegative caf\u00e9 < 0 stars"
    assert texts[-1] == "A & B\npositive caf\u00e9 < 1 stars"
    assert labels.tolist() == [0, 0, 1, 1]
    assert list(tmp_path.glob(TEXTS.forms[1].marker))
    domains = TEXTS.forms[1].read(tmp_path)
    assert tuple(domains) == TEXTS.domains
    assert domains["books"].test is None
    assert domains["books"].train.inputs.shape == domains["dvd"].train.inputs.shape


@pytest.mark.fast
def test_the_compact_texts(tmp_path):
    write_json(tmp_path, records())
    texts, labels = read_texts(tmp_path)["electronics"]
    assert texts == ["A\n0 stars", "A\n1 stars"]
    assert labels.tolist() == [0, 1]


@pytest.mark.fast
def test_damaged_texts_are_refused(tmp_path):
    write_json(tmp_path, records(label=2))
    with pytest.raises(InputError, match=r"example 2 has the label 2. Allowed: 0 to 1"):
        read_texts(tmp_path)
    write_json(tmp_path, records(DOMAINS[:2]))
    with pytest.raises(InputError, match="no review of electronics, kitchen"):
        read_texts(tmp_path)
    path = tmp_path / "amazon_reviews.jsonl.gz"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(InputError, match="partial download"):
        read_texts(tmp_path)


@pytest.mark.fast
def test_damaged_reviews_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"has neither amazon_reviews.jsonl.gz nor"):
        read_texts(tmp_path)
    write_reviews(tmp_path)
    path = tmp_path / "sorted_data_acl" / "dvd" / "positive.review"
    content = path.read_text("latin-1")
    path.write_text(content[:-12], "latin-1")
    with pytest.raises(InputError, match=r"positive\.review: review 2 of 2 has no whole"):
        read_texts(tmp_path)
    path.write_text("nothing")
    with pytest.raises(InputError, match="has no <review>"):
        read_texts(tmp_path)
    path.unlink()
    with pytest.raises(InputError, match=r"cannot read .*dvd/positive\.review"):
        read_texts(tmp_path)


def test_the_real_counts_have_the_published_sizes_and_transfer_far_above_chance():
    domains = COUNTS.forms[0].read(shared_data("amazon_reviews") / "amazon_reviews")
    for name, raw in domains.items():
        assert np.bincount(raw.train.labels).tolist() == [1000, 1000]
        assert len(raw.test.labels) == raw.test.inputs.shape[0] == TEST_EXAMPLES[name]
    model = LogisticRegression(solver="liblinear").fit(*domains["books"].train)
    assert model.score(*domains["dvd"].test) > 0.77


def test_the_real_texts():
    texts = read_texts(shared_data("amazon_reviews") / "amazon_reviews")
    assert {name: np.bincount(labels).tolist() for name, (_, labels) in texts.items()} == {
        name: [1000, 1000] for name in DOMAINS
    }
    domains = TEXTS.forms[0].read(shared_data("amazon_reviews") / "amazon_reviews")
    rows, labels = domains["books"].train
    model = LogisticRegression(max_iter=1000).fit(rows.to_scipy(), labels)
    target, target_labels = domains["dvd"].train
    assert model.score(target.to_scipy(), target_labels) > 0.75
