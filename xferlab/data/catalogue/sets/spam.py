"""Spam filtering across users and across corpora.

- `ecml06_spam`, `ecml06_spam_b`: word counts of users' mails, tasks A and B of the ECML/PKDD 2006
  Discovery Challenge. Of task A the three labelled inboxes are read, its common training file of
  4000 mails is not. Columns are the words that occur in what is read, by rising id.
- `enron_spam`: the mails of six users. `spamassassin`, `sms_spam`: one domain each.
  `spam_corpora`: these three corpora as the domains of one data set.

Texts become bags of words over one vocabulary for each data set (`bags_of_words`, 5000 uni- and
bigrams); `enron_texts`, `spamassassin_texts`, `sms_texts` and `corpora_texts` return the texts
themselves. They are real mails of real people: for research, and not to be shown.

References:
    Bickel. "ECML-PKDD Discovery Challenge 2006 Overview". ECML/PKDD Discovery Challenge Workshop,
    2006.
    Metsis, Androutsopoulos, Paliouras. "Spam Filtering with Naive Bayes: Which Naive Bayes?".
    CEAS 2006. (Enron-Spam.)
    Almeida, Gómez Hidalgo, Yamakami. "Contributions to the Study of SMS Spam Filtering: New
    Collection and Results". ACM DocEng 2011. doi:10.1145/2034691.2034742. (SMS.)
"""

from __future__ import annotations

import email
import email.message
import functools
import html
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse

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
from xferlab.data.split import Split

CLASS_NAMES = ("ham", "spam")
TASK_A = ("u00", "u01", "u02")
TASK_B = ("train", *(f"u{user:02d}" for user in range(15)))
ENRON = tuple(f"enron{user}" for user in range(1, 7))
ENRON_FILE, SPAMASSASSIN_FILE = "enron_spam.jsonl.gz", "spamassassin.jsonl.gz"
SMS_FILE = "sms_spam_collection.jsonl.gz"
SPAMASSASSIN_FOLDERS = {"easy_ham": 0, "easy_ham_2": 0, "hard_ham": 0, "spam": 1, "spam_2": 1}
ENRON_CHARACTERS, SPAMASSASSIN_CHARACTERS = 1000, 3000
"""Characters of a mail's body that are kept: as many as the compact copies have."""


def read_task_a(folder: Path) -> dict[str, RawDomain]:
    """Returns the counts of the challenge's files `task_a_<user>_eval_lab.tf`, however deep.

    A line is a mail: 1 (spam) or -1, then `<word id>:<count>`, as in svmlight files.
    """
    place = next(folder.glob("**/task_a_u00_eval_lab.tf")).parent
    splits = {user: read_svmlight(place / f"task_a_{user}_eval_lab.tf") for user in TASK_A}
    words = np.unique(np.concatenate([split.inputs.indices for split in splits.values()]))
    return {
        user: RawDomain(Split(_columns(rows, words), labels), None, CLASS_NAMES)
        for user, (rows, labels) in splits.items()
    }


def _columns(rows: Any, words: np.ndarray) -> scipy.sparse.csr_array:
    """Returns the columns `words`, rising, of a matrix that has no entries in others."""
    parts = (rows.data, np.searchsorted(words, rows.indices), rows.indptr)
    return scipy.sparse.csr_array(parts, shape=(rows.shape[0], len(words)))


def enron_texts(folder: Path) -> Texts:
    """Returns the mails of each user: subject, a line break, 1000 characters of the body.

    They are read from `enron_spam.jsonl.gz`, else from `enron1/{ham,spam}/*.txt` and so on.
    """
    if (folder / ENRON_FILE).is_file():
        records, labels = _read_records(folder / ENRON_FILE, ("user", "subject", "text"))
        users = np.array([record["user"] for record in records])
        texts = np.array([f"{record['subject']}\n{record['text']}" for record in records], object)
        read = {user: (texts[users == user].tolist(), labels[users == user]) for user in ENRON}
    else:
        files = {u: [_files(folder / u / name, "*.txt") for name in CLASS_NAMES] for u in ENRON}
        read = {user: _labelled(files[user], _enron_mail) for user in ENRON}
    empty = [user for user, (texts, _) in read.items() if not texts]
    if empty:
        raise InputError(f"{folder / ENRON_FILE} has no mails of {', '.join(empty)}. Get it anew.")
    return read


def spamassassin_texts(folder: Path) -> Texts:
    """Returns the mails: subject, a line break, 3000 characters of the body without HTML tags.

    They are read from `spamassassin.jsonl.gz`, else from the mails in the folders easy_ham,
    easy_ham_2, hard_ham, spam and spam_2.
    """
    if (folder / SPAMASSASSIN_FILE).is_file():
        records, labels = _read_records(folder / SPAMASSASSIN_FILE, ("subject", "text"))
        texts = [f"{record['subject']}\n{record['text']}" for record in records]
        return {"spamassassin": (texts, labels)}
    files: list[list[Path]] = [[], []]
    for name, label in SPAMASSASSIN_FOLDERS.items():
        files[label] += _files(folder / name, "[0-9]*.*")
    return {"spamassassin": _labelled(files, _spamassassin_mail)}


def sms_texts(folder: Path) -> Texts:
    """Returns the messages of `sms_spam_collection.jsonl.gz`, else of `SMSSpamCollection`."""
    if (folder / SMS_FILE).is_file():
        records, labels = _read_records(folder / SMS_FILE, ("text",))
        return {"sms": ([record["text"] for record in records], labels)}
    path = folder / "SMSSpamCollection"
    lines = [line for line in read_text(path).split("\n") if line]
    parts = [line.partition("\t") for line in lines]
    for number, (name, _, text) in enumerate(parts, 1):
        if name not in CLASS_NAMES or not text:
            raise InputError(
                f"{path}, line {number} begins with {name[:20]!r}. Expected: ham or spam, a tab, "
                "the message; the file is another one, or partial."
            )
    labels = np.array([CLASS_NAMES.index(name) for name, _, _ in parts], np.int32)
    return {"sms": ([text for _, _, text in parts], labels)}


def corpora_texts(folder: Path) -> Texts:
    """Returns the texts of the three corpora, the mails of all Enron users together.

    The folder has the compact copies, or the folders sms_spam, spamassassin and enron_spam.
    """
    compact = (folder / SMS_FILE).is_file()
    places = ("", "", "") if compact else ("sms_spam", "spamassassin", "enron_spam")
    users = enron_texts(folder / places[2])
    mails = [mail for texts, _ in users.values() for mail in texts]
    labels = np.concatenate([labels for _, labels in users.values()])
    others = {**sms_texts(folder / places[0]), **spamassassin_texts(folder / places[1])}
    return {**others, "enron": (mails, labels)}


def _read_records(path: Path, fields: tuple[str, ...]) -> tuple[list[dict[str, str]], np.ndarray]:
    """Returns the records of a compact copy and their labels."""
    records = read_json_lines(path, (*fields, "label"))
    return records, check_labels([record["label"] for record in records], 2, path)


def _files(folder: Path, pattern: str) -> list[Path]:
    """Returns the files of a folder in the order of their names."""
    found = sorted(folder.glob(pattern))
    if not found:
        raise InputError(f"{folder} has no mails ({pattern}). Unpack the archive anew.")
    return found


def _labelled(files: list[list[Path]], read: Callable[[Path], str]) -> tuple[list[str], np.ndarray]:
    """Returns the texts of the files of each class and their labels."""
    labels = np.repeat(np.arange(len(files), dtype=np.int32), [len(part) for part in files])
    return [read(path) for part in files for path in part], labels


def _enron_mail(path: Path) -> str:
    """Returns the text of a file with a line `Subject: ...` and the body."""
    subject, _, body = read_text(path, "latin-1").partition("\n")
    return f"{subject.removeprefix('Subject:').strip()}\n{body[:ENRON_CHARACTERS]}"


def _spamassassin_mail(path: Path) -> str:
    """Returns the text of a mail as it was sent, with headers."""
    mail = email.message_from_bytes(path.read_bytes())
    parts = [_decode(part) for part in mail.walk() if part.get_content_maintype() == "text"]
    body = html.unescape(re.sub(r"<[^>]*>", " ", "\n".join(parts)))
    return f"{mail.get('Subject', '')}\n{body[:SPAMASSASSIN_CHARACTERS]}"


def _decode(part: email.message.Message) -> str:
    """Returns the text of a part; old mails name charsets that do not exist, or wrong ones."""
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    try:
        return content.decode(part.get_content_charset("latin-1"))
    except (LookupError, UnicodeDecodeError):
        return content.decode("latin-1")


def _count_form(file: str, users: tuple[str, ...]) -> Form:
    """Returns the form of a compact copy of the challenge."""

    def read_counts(folder: Path) -> dict[str, RawDomain]:
        """Returns the counts of each user."""
        path = folder / file
        arrays = read_npz(path)
        if "n_features" not in arrays:
            raise InputError(f"{path} has no n_features: it is another file, or not whole.")
        width = int(arrays["n_features"])
        splits = {user: compressed_rows(arrays, user, width, path) for user in users}
        return {user: RawDomain(split, None, CLASS_NAMES) for user, split in splits.items()}

    return Form("the compact copy", file, read_counts, folder="ecml06_spam")


def _text_forms(
    read: Callable[[Path], Texts], file: str, title: str, marker: str, folder: str = ""
) -> tuple[Form, ...]:
    """Returns the forms of a text set, the compact copy and another, read as bags of words."""

    def read_bags(place: Path) -> dict[str, RawDomain]:
        """Returns the domains of a folder."""
        return raw_domains(read(place), CLASS_NAMES)

    compact = Form("the compact copy", file, read_bags, folder="spam_text")
    return (compact, Form(title, marker, read_bags, folder))


_CHALLENGE = "http://www.ecmlpkdd2006.org/challenge.html"
_AUEB = "http://www.aueb.gr/users/ion/data/enron-spam"
_SMS_ZIP = "https://archive.ics.uci.edu/static/public/228/sms+spam+collection.zip"
_APACHE = "https://spamassassin.apache.org/old/publiccorpus"
_APACHE_FILES = [f"20030228_{name}.tar.bz2" for name in SPAMASSASSIN_FOLDERS if name != "spam_2"]
_APACHE_FILES += ["20050311_spam_2.tar.bz2"]

_spam_set = functools.partial(
    DataSet, modality="text", class_names=CLASS_NAMES, licence="not stated"
)
_challenge_set = functools.partial(_spam_set, citation="bickel2006challenge", homepage=_CHALLENGE)

SPAM = (
    _challenge_set(
        name="ecml06_spam",
        title="ECML/PKDD 2006 challenge, task A: word counts of three users' mails",
        domains=TASK_A,
        forms=(
            _count_form("task_a_eval.npz", TASK_A),
            Form("the challenge's files", "**/task_a_u00_eval_lab.tf", read_task_a),
        ),
        by_hand="Put task_a_u00_eval_lab.tf, ..._u01_... and ..._u02_... of the challenge's"
        " labelled evaluation data into its folder.",
    ),
    _challenge_set(
        name="ecml06_spam_b",
        title="ECML/PKDD 2006 challenge, task B: word counts of 100 mails and of 15 users' mails",
        domains=TASK_B,
        forms=(_count_form("task_b.npz", TASK_B),),
        by_hand="Only the compact copy task_b.npz is read.",
    ),
    _spam_set(
        name="enron_spam",
        title="Enron-Spam: mails of six users as texts, bags of 5000 uni- and bigrams",
        domains=ENRON,
        citation="metsis2006spam",
        homepage=f"{_AUEB}/",
        forms=_text_forms(enron_texts, ENRON_FILE, "the authors' folders", "enron1/ham"),
        downloads=tuple(
            Download(f"{_AUEB}/preprocessed/{user}.tar.gz", f"{user}.tar.gz") for user in ENRON
        ),
        by_hand="Unpack enron1.tar.gz to enron6.tar.gz, of the preprocessed form, into its folder.",
    ),
    _spam_set(
        name="spamassassin",
        title="SpamAssassin's public mail corpus as texts, bags of 5000 uni- and bigrams",
        domains=("spamassassin",),
        citation="spamassassin2005corpus",
        homepage=f"{_APACHE}/",
        forms=_text_forms(
            spamassassin_texts, SPAMASSASSIN_FILE, "the project's archives, unpacked", "easy_ham"
        ),
        downloads=tuple(Download(f"{_APACHE}/{name}", name) for name in _APACHE_FILES),
        by_hand=f"Unpack {', '.join(_APACHE_FILES)} into its folder.",
    ),
    _spam_set(
        name="sms_spam",
        title="SMS Spam Collection: messages as texts, bags of 5000 uni- and bigrams",
        domains=("sms",),
        licence="CC BY 4.0 (as the UCI repository states)",
        citation="almeida2011sms",
        homepage="https://archive.ics.uci.edu/dataset/228",
        forms=_text_forms(sms_texts, SMS_FILE, "the authors' file", "SMSSpamCollection"),
        downloads=(Download(_SMS_ZIP, "sms+spam+collection.zip"),),
        by_hand="Unpack the archive, so that SMSSpamCollection is in its folder.",
    ),
    _spam_set(
        name="spam_corpora",
        title="SMS, SpamAssassin and Enron-Spam as three domains, bags of 5000 uni- and bigrams",
        domains=("sms", "spamassassin", "enron"),
        licence="those of sms_spam, spamassassin and enron_spam",
        citation="metsis2006spam",
        homepage=f"{_AUEB}/",
        forms=_text_forms(
            corpora_texts, SMS_FILE, "the three sets' files", "sms_spam/SMSSpamCollection", "."
        ),
        by_hand="It is made of the files of sms_spam, spamassassin and enron_spam: get these.",
    ),
)
