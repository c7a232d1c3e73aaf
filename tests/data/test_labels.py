"""Labels of other heads than classes, and labels that are missing."""

import dataclasses

import numpy as np
import pytest

from xferlab.core.errors import InputError
from xferlab.core.heads import Head, Labels
from xferlab.core.settings import Setting
from xferlab.data.domain import Domain
from xferlab.data.shots import draw_shots
from xferlab.data.split import Split
from xferlab.data.task import TransferTask

pytestmark = pytest.mark.fast

SLANT, TAGS = Head("slant", "numbers", 1), Head("tags", "labels", 2, ("round", "tall"))
N = 8
INPUTS, CLASSES = np.arange(2.0 * N).reshape(N, 2), np.arange(N) % 2


def make_domain(name="mine", classes=CLASSES, others=(SLANT, TAGS), **labels):
    given = {"slant": np.arange(N) / 4.0, "tags": np.ones((N, 2))} | labels
    split = Split(INPUTS, classes, others=tuple(given[head.name] for head in others))
    return Domain(name, {"train": split, "test": split}, ("a", "b"), others=others)


def test_numbers_and_labels_are_kept_as_columns():
    slant, tags = make_domain(tags=np.eye(2, dtype=bool)[CLASSES]).splits["train"].others
    assert (slant.values.dtype, slant.values.shape) == (np.float32, (N, 1))
    np.testing.assert_array_equal(tags.values, np.eye(2, dtype=np.float32)[CLASSES])
    assert slant.known is None and tags.known is None
    assert not slant.values.flags.writeable


def test_what_is_masked_or_no_number_is_missing():
    masked = np.ma.masked_array(CLASSES, mask=np.arange(N) == 3)
    numbers = np.where(np.arange(N) == 1, np.nan, 1.0)
    both = np.ma.masked_array(np.ones((N, 2)), mask=np.eye(N, 2) == 1)
    split = make_domain(classes=masked, slant=numbers, tags=both).splits["train"]
    assert np.flatnonzero(~split.known).tolist() == [3] and split.labels[3] == -1
    slant, tags = split.others
    assert np.flatnonzero(~slant.known).tolist() == [1]
    assert np.flatnonzero(~tags.known).tolist() == [0, 1]
    assert np.isfinite(slant.values).all()


def test_what_stands_where_a_label_is_missing_is_nothing():
    """It changes neither what is kept nor the fingerprint."""
    mask = np.arange(N) == 3
    prints = set()
    for value in (0, 1, 77):
        classes = np.ma.masked_array(np.where(mask, value, CLASSES), mask=mask)
        slant = np.ma.masked_array(np.where(mask, value, 1.0), mask=mask)
        domain = make_domain(classes=classes, slant=slant)
        prints.add(domain.fingerprint)
        again = dataclasses.replace(domain, name="mine")
        assert again.fingerprint == domain.fingerprint
    assert len(prints) == 1 and make_domain().fingerprint not in prints


def test_a_domain_of_classes_alone_has_the_fingerprint_of_its_arrays():
    """Heads came later: the identity of what has none beside the classes has not moved."""
    plain = make_domain(others=())
    assert plain.heads == (Head("class", "classes", 2, ("a", "b")),)
    assert plain.fingerprint == "f2ca7b6bd9e987ad"


BAD = {
    "size": ({"slant": np.ones((N, 2))}, r"head 'slant': labels have shape \(8, 2\).*\[n, 1\]"),
    "length": ({"slant": np.ones(N - 1)}, "head 'slant': 7 labels for 8 inputs"),
    "infinite": ({"slant": np.full(N, np.inf)}, "a label is inf. Allowed: numbers within"),
    "no label": ({"tags": np.full((N, 2), 0.5)}, "a label is 0.5. Allowed: 1 where it is there"),
    "words": ({"slant": np.array(["x"] * N)}, "head 'slant': labels"),
}


@pytest.mark.parametrize(("labels", "message"), BAD.values(), ids=list(BAD))
def test_bad_labels(labels, message):
    with pytest.raises(InputError, match=message):
        make_domain(**labels)


def test_labels_and_heads_must_fit():
    split = Split(INPUTS, CLASSES)
    with pytest.raises(InputError, match=r"labels for 0 heads.*there are 1: 'slant' \(1 numbers\)"):
        Domain("mine", {"train": split, "test": split}, ("a", "b"), others=(SLANT,))
    with pytest.raises(InputError, match="each needs a name of its own"):
        make_domain(others=(SLANT, SLANT))
    with pytest.raises(InputError, match=r"Give Head\(name, kind, k\)"):
        Domain("mine", {"train": split, "test": split}, ("a", "b"), others=("slant",))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a/b", "numbers", 1), "without '/'"),
        (("a", "regression", 1), "kind of head 'a'"),
        (("a", "numbers", 0), "at least 1"),
        (("a", "labels", 2, ("x",)), "2 labels and 1 names"),
    ],
)
def test_bad_heads(arguments, message):
    with pytest.raises(InputError, match=message):
        Head(*arguments)


def make_task(source, target, setting=Setting.UNSUPERVISED_DA, shots=()):
    return TransferTask("task", (source,), target, setting, shots)


def test_source_and_target_have_the_same_heads():
    with pytest.raises(InputError, match=r"has the heads 'class'.*Both need the same"):
        make_task(make_domain("a"), make_domain("b", others=(SLANT,)))


def test_a_head_without_a_label_in_sight_is_refused():
    nothing = Labels(np.zeros((N, 1), np.float32), np.zeros(N, bool))
    bare, full = make_domain("bare", slant=nothing), make_domain("full")
    with pytest.raises(InputError, match="head 'slant' has not a single label that setting"):
        make_task(bare, full)
    make_task(full, bare)
    make_task(bare, full, Setting.SEMI_SUPERVISED, draw_shots(full, 1))


def test_sources_keep_their_identity():
    sources = tuple(make_domain(name) for name in "abc")
    task = TransferTask("task", sources, make_domain("d"), Setting.UNSUPERVISED_DA)
    batch = task.training_arrays()
    np.testing.assert_array_equal(batch.source.domain_id, np.repeat([0, 1, 2], N))
    np.testing.assert_array_equal(batch.target.domain_id, np.zeros(N))
    assert [labels.values.shape for labels in batch.source.by_head] == [(24,), (24, 1), (24, 2)]


def test_missing_labels_of_one_source_stay_missing_beside_another():
    partly = make_domain("a", slant=np.where(np.arange(N) < 3, np.nan, 1.0))
    task = TransferTask("task", (make_domain("b"), partly), make_domain("d"), Setting.SUPERVISED)
    known = task.training_arrays().source.by_head[1].known
    np.testing.assert_array_equal(np.flatnonzero(~known), N + np.arange(3))
