"""OS*, UNK and HOS against scikit-learn's recalls, and where they are not defined."""

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from xferlab.core.errors import InputError
from xferlab.core.heads import Head, Labels
from xferlab.evaluation.metric_table import METRICS, head_scores, metric_named, score_head
from xferlab.evaluation.open_set_metrics import h_score, known_class_accuracy, unknown_accuracy

pytestmark = pytest.mark.fast
RNG = np.random.default_rng(0)
KNOWN = 4
LABELS = RNG.integers(0, KNOWN + 1, 300)
PREDICTIONS = np.where(RNG.random(300) < 0.6, LABELS, RNG.integers(0, KNOWN + 1, 300))
OF_UNKNOWN = ("hos", "os_star", "unk")


def test_they_are_means_of_recalls():
    recalls = sklearn_metrics.recall_score(LABELS, PREDICTIONS, average=None)
    known, unknown = recalls[:KNOWN].mean(), recalls[KNOWN]
    given = (LABELS, PREDICTIONS, KNOWN + 1)
    assert known_class_accuracy(*given) == pytest.approx(known)
    assert unknown_accuracy(*given) == pytest.approx(unknown)
    assert h_score(*given) == pytest.approx(2 * known * unknown / (known + unknown))


def test_classes_that_the_target_lacks_are_in_no_mean():
    """Universal: the source's own classes have no example in the target."""
    labels, predictions = np.array([0, 0, 3, 3]), np.array([0, 1, 3, 2])
    assert h_score(labels, predictions, 4) == 0.5


def test_a_method_that_takes_nothing_for_unknown_scores_zero():
    predictions = np.where(LABELS == KNOWN, 0, LABELS)
    assert h_score(LABELS, predictions, KNOWN + 1) == 0.0
    assert known_class_accuracy(LABELS, predictions, KNOWN + 1) == 1.0
    nothing_known = np.full_like(LABELS, KNOWN)
    assert h_score(LABELS, nothing_known, KNOWN + 1) == 0.0


@pytest.mark.parametrize(
    ("labels", "message"),
    [([0, 1, 0], "no example is of the unknown class 2"), ([2, 2, 2], "all examples are")],
)
def test_undefined_ones_say_what_is_missing(labels, message):
    with pytest.raises(InputError, match=message):
        h_score(np.array(labels), np.array([0, 1, 2]), 3)


@pytest.mark.parametrize("name", OF_UNKNOWN)
def test_a_table_has_them_only_where_both_kinds_are_there(name):
    head = Head("class", "classes", KNOWN)
    for labels, defined in (
        (LABELS, True),
        (np.minimum(LABELS, KNOWN - 1), False),
        (np.full_like(LABELS, KNOWN), False),
    ):
        score = score_head(metric_named(name), head, PREDICTIONS, Labels(labels))
        assert (score is not None) == defined
        scores = head_scores((head,), (PREDICTIONS,), (Labels(labels),))
        assert (name in scores) == defined and "accuracy" in scores


def test_a_method_that_never_says_unknown_has_a_score():
    """Its predictions have one class fewer than the labels."""
    head = Head("class", "classes", KNOWN)
    predictions = np.minimum(PREDICTIONS, KNOWN - 1)
    score = score_head(METRICS["os_star"], head, predictions, Labels(LABELS))
    assert score == known_class_accuracy(LABELS, predictions, KNOWN + 1)
