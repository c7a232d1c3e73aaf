"""Metrics as values: units, directions, and numbers against scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from xferlab.core.errors import InputError
from xferlab.core.heads import Head, Labels
from xferlab.core.outputs import HostOutput
from xferlab.evaluation.metric_table import METRICS, head_scores, metric_named, read_off

pytestmark = pytest.mark.fast
HEADS = (Head("class", "classes", 3), Head("tags", "labels", 4), Head("place", "numbers", 2))
RNG = np.random.default_rng(0)
N = 40
TRUTH = (RNG.integers(0, 3, N), RNG.integers(0, 2, (N, 4)).astype("f4"), RNG.normal(size=(N, 2)))
OUTPUTS = (RNG.normal(size=(N, 3)), RNG.normal(size=(N, 4)), RNG.normal(size=(N, 2)))
HOST = HostOutput(np.zeros((N, 1)), OUTPUTS[0], OUTPUTS[1:])


def scored(heads, host, labels):
    return head_scores(heads, read_off(heads, host), labels)


@pytest.mark.parametrize("share", [0.6, 1.0])
def test_values_are_those_of_scikit_learn_over_what_is_known(share):
    known = [None if share == 1 else RNG.random(N) < share for _ in HEADS]
    labels = [Labels(t, k) for t, k in zip(TRUTH, known, strict=True)]
    scores = scored(HEADS, HOST, labels)
    rows = [np.ones(N, bool) if mask is None else mask for mask in known]
    classes, tags, place = (
        (truth[r], output[r]) for truth, output, r in zip(TRUTH, OUTPUTS, rows, strict=True)
    )
    predicted = classes[1].argmax(axis=1)
    expected = {
        "accuracy": sklearn_metrics.accuracy_score(classes[0], predicted),
        "class_mean_accuracy": sklearn_metrics.recall_score(classes[0], predicted, average="macro"),
        "macro_f1": sklearn_metrics.f1_score(classes[0], predicted, average="macro"),
        "tags/mean_average_precision": sklearn_metrics.average_precision_score(*tags),
        "tags/label_accuracy": 1 - sklearn_metrics.hamming_loss(tags[0], tags[1] > 0),
        "place/r2": sklearn_metrics.r2_score(*place),
        "place/rmse": np.sqrt(sklearn_metrics.mean_squared_error(*place)),
        "place/mae": sklearn_metrics.mean_absolute_error(*place),
    }
    assert scores == pytest.approx(expected)


def test_a_head_without_a_known_label_has_no_score():
    labels = [Labels(truth, np.zeros(N, bool)) for truth in TRUTH]
    assert scored(HEADS, HOST, labels) == {}


def test_a_label_that_is_there_for_all_has_no_precision():
    labels = [Labels(TRUTH[0]), Labels(np.ones((N, 4)))]
    scores = scored(HEADS[:2], HOST._replace(others=OUTPUTS[1:2]), labels)
    assert scores["tags/label_accuracy"] >= 0
    assert "tags/mean_average_precision" not in scores


def test_unknown_examples_are_a_class_of_their_own():
    """A target has examples of class 3, which the network does not predict; a method may tell."""
    truth = np.where(np.arange(N) % 4 == 0, 3, TRUTH[0])
    unknown = RNG.normal(size=N)
    told = np.where(unknown > 0, 3, OUTPUTS[0].argmax(axis=1))
    for host, predicted in (
        (HOST._replace(unknown=unknown), told),
        (HOST, OUTPUTS[0].argmax(axis=1)),
    ):
        scores = scored(HEADS[:1], host._replace(others=()), [Labels(truth)])
        assert scores["accuracy"] == pytest.approx(np.mean(truth == predicted))
        recall = sklearn_metrics.recall_score(
            truth, predicted, labels=np.unique(truth), average="macro"
        )
        assert scores["class_mean_accuracy"] == pytest.approx(recall)


def test_units_and_directions():
    assert {name for name, metric in METRICS.items() if not metric.higher_is_better} == {
        "rmse",
        "mae",
    }
    assert metric_named("accuracy").words == "accuracy in percent"
    assert metric_named("place/mae").words == "place: mean absolute error, lower is better"
    assert metric_named("place/r2").scale == 100 and metric_named("place/mae").scale == 1


@pytest.mark.parametrize("name", ["acuracy", "place/acuracy", "", "place/"])
def test_unknown_metrics(name):
    with pytest.raises(InputError, match="unknown metric"):
        metric_named(name)
