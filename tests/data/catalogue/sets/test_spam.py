"""Spam: made files in every form, the real copies, and damaged ones."""

import gzip
import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tests.shared import shared_data
from xferlab.core.errors import InputError
from xferlab.data.catalogue.sets.spam import (
    SPAM,
    SPAMASSASSIN_FOLDERS,
    corpora_texts,
    enron_texts,
    sms_texts,
    spamassassin_texts,
)

SETS = {each.name: each for each in SPAM}
ENRON = SETS["enron_spam"].domains
MAIL = b"""Subject: Sale
Content-Type: multipart/alternative; boundary=x

--x
Content-Type: text/plain; charset=%s
Content-Transfer-Encoding: quoted-printable

caf=E9 time
--x
Content-Type: text/html

<p>a &lt;b&gt; sale</p>
--x
Content-Type: image/png

sale
--x--
"""


def write_users(path, users, width=3):
    arrays = {"n_features": np.int32(width)}
    for user in users:
        arrays |= {
            f"{user}_data": np.array([2, 1], np.uint16),
            f"{user}_indices": np.array([0, 2], np.int32),
            f"{user}_indptr": np.array([0, 1, 2], np.int32),
            f"{user}_y": np.array([1, 0], np.uint8),
        }
    np.savez(path, **arrays)


def write_json(path, records):
    content = "".join(json.dumps(record) + "\n" for record in records).encode()
    path.write_bytes(gzip.compress(content))


def write_compact(folder):
    both = [{"label": y, "subject": f"subject {y}", "text": "a text"} for y in (0, 1)]
    write_json(folder / "spamassassin.jsonl.gz", both)
    write_json(folder / "sms_spam_collection.jsonl.gz", both)
    write_json(folder / "enron_spam.jsonl.gz", [r | {"user": u} for u in ENRON for r in both])


def write_originals(folder):
    """The three corpora as they are unpacked, in the folders of their data sets."""
    (folder / "sms_spam").mkdir()
    (folder / "sms_spam" / "SMSSpamCollection").write_text('ham\twin "it"\nspam\twin\tnow\n')
    for user in ENRON:
        for name in ("ham", "spam"):
            place = folder / "enron_spam" / user / name
            place.mkdir(parents=True)
            (place / "0001.txt").write_bytes(f"Subject: {name}\ncaf\u00e9\n".encode("latin-1"))
    for name in SPAMASSASSIN_FOLDERS:
        (folder / "spamassassin" / name).mkdir(parents=True)
        (folder / "spamassassin" / name / "cmds").write_text("mv 1 2")
        (folder / "spamassassin" / name / "00001.abc").write_bytes(MAIL % b"latin-1")


@pytest.mark.fast
@pytest.mark.parametrize(
    ("name", "file"), [("ecml06_spam", "task_a_eval.npz"), ("ecml06_spam_b", "task_b.npz")]
)
def test_compact_counts(tmp_path, name, file):
    dataset = SETS[name]
    write_users(tmp_path / file, dataset.domains)
    assert dataset.forms[0].marker == file
    assert dataset.forms[0].folder == "ecml06_spam"
    domains = dataset.forms[0].read(tmp_path)
    assert tuple(domains) == dataset.domains
    for raw in domains.values():
        assert raw.train.inputs.toarray().tolist() == [[2, 0, 0], [0, 0, 1]]
        assert raw.train.labels.tolist() == [1, 0]
        assert raw.test is None


@pytest.mark.fast
def test_the_challenges_own_files_keep_the_words_that_occur(tmp_path):
    (tmp_path / "task_a_lab").mkdir()
    for user, line in {"u00": "1 7:2 30:1", "u01": "1 9:1", "u02": "1 7:1 12:4"}.items():
        path = tmp_path / "task_a_lab" / f"task_a_{user}_eval_lab.tf"
        path.write_text(f"{line} \n-1 9:5\n")
    form = SETS["ecml06_spam"].forms[1]
    assert list(tmp_path.glob(form.marker))
    dense = {user: raw.train.inputs.toarray() for user, raw in form.read(tmp_path).items()}
    assert dense["u00"].tolist() == [[2, 0, 0, 1], [0, 5, 0, 0]]  # words 7, 9, 12, 30
    assert dense["u02"].tolist() == [[1, 0, 4, 0], [0, 5, 0, 0]]
    path.unlink()
    with pytest.raises(InputError, match="task_a_u02_eval_lab"):
        form.read(tmp_path)


@pytest.mark.fast
def test_damaged_counts_are_refused(tmp_path):
    form, path = SETS["ecml06_spam"].forms[0], tmp_path / "task_a_eval.npz"
    write_users(path, ("u00", "u01"))
    with pytest.raises(InputError, match="has no u02_data"):
        form.read(tmp_path)
    write_users(path, ("u00", "u01", "u02"), width=2)
    with pytest.raises(InputError, match="no sparse matrix"):
        form.read(tmp_path)
    np.savez(path, x=np.zeros(2))
    with pytest.raises(InputError, match="has no n_features"):
        form.read(tmp_path)
    np.savez(path, n_features=np.array([{}], object))
    with pytest.raises(InputError, match="pickled objects are refused"):
        form.read(tmp_path)


@pytest.mark.fast
def test_the_original_files(tmp_path):
    write_originals(tmp_path)
    texts, labels = sms_texts(tmp_path / "sms_spam")["sms"]
    assert (texts, labels.tolist()) == (['win "it"', "win\tnow"], [0, 1])
    texts, labels = enron_texts(tmp_path / "enron_spam")["enron6"]
    assert (texts, labels.tolist()) == (["ham\ncaf\u00e9\n", "spam\ncaf\u00e9\n"], [0, 1])
    texts, labels = spamassassin_texts(tmp_path / "spamassassin")["spamassassin"]
    assert labels.tolist() == [0, 0, 0, 1, 1]
    subject, *body = texts[0].split()
    assert (subject, body) == ("Sale", ["caf\u00e9", "time", "a", "<b>", "sale"])


@pytest.mark.fast
@pytest.mark.parametrize("charset", [b"utf-8", b"no-such-charset"])
def test_a_wrong_charset_is_read_as_latin_1(tmp_path, charset):
    write_originals(tmp_path)
    (tmp_path / "spamassassin" / "spam" / "00001.abc").write_bytes(MAIL % charset)
    texts, _ = spamassassin_texts(tmp_path / "spamassassin")["spamassassin"]
    assert "caf\u00e9 time" in texts[3]


@pytest.mark.fast
@pytest.mark.parametrize("write", [write_compact, write_originals])
def test_corpora_are_three_domains_over_one_vocabulary(tmp_path, write):
    write(tmp_path)
    texts = corpora_texts(tmp_path)
    assert tuple(texts) == SETS["spam_corpora"].domains
    assert len(texts["enron"][0]) == len(texts["enron"][1]) == 12
    form = SETS["spam_corpora"].forms[write is write_originals]
    assert form.folder == ("." if write is write_originals else "spam_text")
    assert list(tmp_path.glob(form.marker))
    domains = form.read(tmp_path)
    assert len({raw.train.inputs.shape[1] for raw in domains.values()}) == 1


@pytest.mark.fast
@pytest.mark.parametrize("name", ["enron_spam", "spamassassin", "sms_spam"])
def test_both_forms_of_the_text_sets(tmp_path, name):
    dataset = SETS[name]
    write_compact(tmp_path)
    write_originals(tmp_path)
    for form, folder in zip(dataset.forms, (tmp_path, tmp_path / name), strict=True):
        assert list(folder.glob(form.marker))
        domains = form.read(folder)
        assert tuple(domains) == dataset.domains
        assert {raw.class_names for raw in domains.values()} == {("ham", "spam")}


@pytest.mark.fast
def test_damaged_texts_are_refused(tmp_path):
    write_originals(tmp_path)
    path = tmp_path / "sms_spam" / "SMSSpamCollection"
    path.write_text("ham\tok\nspa")
    with pytest.raises(InputError, match=r"line 2 begins with 'spa'. Expected: ham or spam"):
        sms_texts(path.parent)
    path.write_bytes("ham\tcaf\u00e9\n".encode("latin-1"))
    with pytest.raises(InputError, match="is not utf-8: byte 0xe9"):
        sms_texts(path.parent)
    (tmp_path / "enron_spam" / "enron3" / "spam" / "0001.txt").unlink()
    with pytest.raises(InputError, match=r"enron3/spam has no mails"):
        enron_texts(tmp_path / "enron_spam")


@pytest.mark.fast
def test_damaged_compact_texts_are_refused(tmp_path):
    record = {"label": 0, "subject": "", "text": "a", "user": "enron1"}
    write_json(tmp_path / "enron_spam.jsonl.gz", [record])
    with pytest.raises(InputError, match="no mails of enron2, enron3"):
        enron_texts(tmp_path)
    path = tmp_path / "sms_spam_collection.jsonl.gz"
    write_json(path, [record, record | {"label": 2}])
    with pytest.raises(InputError, match="example 2 has the label 2"):
        sms_texts(tmp_path)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(InputError, match="partial download"):
        sms_texts(tmp_path)


def test_the_real_challenge():
    folder = shared_data("ecml06_spam") / "ecml06_spam"
    task_a = SETS["ecml06_spam"].forms[0].read(folder)
    for raw in task_a.values():
        assert raw.train.inputs.shape == (2500, 39962)
        assert np.bincount(raw.train.labels).tolist() == [1250, 1250]
    (source, labels), (target, target_labels) = task_a["u00"].train, task_a["u01"].train
    model = LogisticRegression(solver="liblinear").fit(source.log1p(), labels)
    assert model.score(target.log1p(), target_labels) == pytest.approx(0.952, abs=0.01)
    task_b = SETS["ecml06_spam_b"].forms[0].read(folder)
    assert [len(raw.train.labels) for raw in task_b.values()] == [100] + [400] * 15


def test_the_real_texts():
    texts = corpora_texts(shared_data("spam_text") / "spam_text")
    assert {name: np.bincount(labels).tolist() for name, (_, labels) in texts.items()} == {
        "sms": [4827, 747],
        "spamassassin": [4150, 1896],
        "enron": [16545, 17170],
    }
    domains = SETS["sms_spam"].forms[0].read(shared_data("spam_text") / "spam_text")
    assert domains["sms"].train.inputs.shape == (5574, 5000)
