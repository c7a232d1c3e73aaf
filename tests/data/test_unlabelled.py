"""Domains of which no label is known, of one class, of one row; and what rows are called."""

import numpy as np
import pytest

import xferlab
from xferlab import Head, InputError, Setting, TransferTask
from xferlab.data import Domain, Split

rng = np.random.default_rng(0)
Y = np.arange(60) % 3
X = rng.normal(size=(60, 5)) + 3 * Y[:, None]
ROW_NAMES = [f"row {i}" for i in range(60)]
SOURCE = xferlab.domain_from_arrays("s", X, Y)


@pytest.mark.parametrize("labels", [None, np.full(60, -1), np.ma.masked_all(60, int)])
def test_without_a_label_all_examples_are_in_both_splits(labels):
    domain = xferlab.domain_from_arrays("t", X, labels)
    assert domain.class_names == ()
    assert domain.transductive
    assert domain.splits["test"].unlabelled
    np.testing.assert_array_equal(domain.splits["train"].labels, np.full(60, -1))
    task = TransferTask("s->t", (SOURCE,), domain, Setting.UNSUPERVISED_DA)
    assert task.target.class_names == SOURCE.class_names
    assert not task.held_out().target_test.by_head[0].known.any()


def test_the_test_split_may_have_labels_where_the_training_split_has_none():
    domain = xferlab.domain_from_arrays("t", X, None, test=(X[:9], Y[:9]))
    assert domain.class_names == ("0", "1", "2")
    np.testing.assert_array_equal(domain.splits["test"].labels, Y[:9])
    without = xferlab.domain_from_arrays("t", X, Y, test=(X[:9], None))
    assert without.splits["test"].unlabelled
    drawn = xferlab.domain_from_arrays("t", X, test=0.25)
    assert len(drawn.splits["test"].labels) == 15


def test_further_heads_of_the_source_are_missing_in_the_target():
    slant = Head("slant", "numbers", 1)
    kind = Head("kind", "classes", 2)
    source = xferlab.domain_from_arrays("s", X, {"class": Y, slant: X[:, 0], kind: Y % 2})
    target = xferlab.domain_from_arrays("t", X)
    task = TransferTask("s->t", (source,), target, Setting.UNSUPERVISED_DA)
    assert task.target.heads == source.heads
    assert not any(each.known.any() for each in task.target.splits["train"].by_head)


def test_neither_side_needs_labels_where_the_setting_shows_none():
    source, target = (xferlab.domain_from_arrays(name, X) for name in "st")
    task = TransferTask("s->t", (source,), target, Setting.UNSUPERVISED)
    assert task.heads[0].size == 1
    with pytest.raises(InputError, match="not a single label"):
        TransferTask("s->t", (source,), target, Setting.UNSUPERVISED_DA)


def test_one_class_and_one_row_can_be_scored():
    of_one_class = xferlab.domain_from_arrays("t", X, Y, test=(X[Y == 1], Y[Y == 1]))
    one_row = xferlab.domain_from_arrays("t", X, Y, test=(X[:1], Y[:1]))
    marked = xferlab.domain_from_arrays("t", X, np.zeros(60, int), test=(X, Y))
    for target in (of_one_class, one_row, marked):
        table = xferlab.compare(SOURCE, target, methods=["dann", "coral"], seeds=1, steps=10)
        assert table.cells["mean"].notna().all()


def test_a_source_of_one_class_is_refused():
    source = xferlab.domain_from_arrays("s", X, np.zeros(60, int))
    with pytest.raises(InputError, match="of one class"):
        TransferTask("s->t", (source,), source, Setting.UNSUPERVISED_DA)
    with pytest.raises(InputError, match="class_names is empty"):
        Domain("s", {"train": (X, Y), "test": (X, Y)}, ())


def test_predictions_call_rows_by_their_number_among_the_users():
    split = SOURCE.splits["test"]
    np.testing.assert_array_equal(X.astype(np.float32)[split.row_names], split.inputs)
    named = SOURCE.with_row_names(dict.fromkeys(("train", "test"), ROW_NAMES))
    assert named.fingerprint == SOURCE.fingerprint
    assert named.splits["test"].row_names[0] == f"row {split.row_names[0]}"
    assert Split(X, Y).take(np.array([4, 2])).row_names.tolist() == [4, 2]


def test_a_table_without_target_labels_shows_scores_that_need_none(tmp_path):
    target = xferlab.domain_from_arrays("t", X + 1)
    table = xferlab.compare(
        SOURCE, target, methods=["source_only", "dann", "coral"], seeds=2, steps=20, out=tmp_path
    )
    assert set(table.by_metric) == {"information_maximisation", "source_accuracy"}
    assert set(table.cells["rule"]) == {"last", "information_maximisation"}
    assert table.cells["mean"].notna().all()
    report = (tmp_path / "own-s-to-t.html").read_text()
    assert "nothing here says how many are right" in report
    text = (tmp_path / "own-s-to-t.md").read_text()
    assert "majority" not in text and "oracle" not in text


def test_a_validator_is_a_metric_where_labels_are_known_too():
    table = xferlab.compare(
        SOURCE, SOURCE, methods=["source_only", "dann"], seeds=2, steps=20, metric="accuracy,snd"
    )
    assert list(table.by_metric) == ["accuracy", "snd"]
