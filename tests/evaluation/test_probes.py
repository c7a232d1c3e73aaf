"""Probes against plain NumPy and an optimiser of SciPy's, and what they refuse."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import logsumexp

from xferlab.core.errors import InputError
from xferlab.core.heads import Head
from xferlab.evaluation.metric_table import metric_named, metric_of
from xferlab.evaluation.probes import KnnProbe, LinearProbe

pytestmark = pytest.mark.fast
PROBES = (KnnProbe(), KnnProbe(1), KnnProbe(20), LinearProbe(), LinearProbe(0.01))


def examples(seed, n=60, m=40, d=6, classes=3):
    rng = np.random.default_rng(seed)
    labels, asked = rng.integers(0, classes, n), rng.integers(0, classes, m)
    centres = rng.normal(size=(classes, d))
    features, queries = (
        (centres[c] + rng.normal(size=(len(c), d))).astype("f4") for c in (labels, asked)
    )
    return features * rng.uniform(0.1, 10, d).astype("f4"), labels, queries


def voted(features, labels, queries, k):
    """The k-NN probe, written out."""
    predicted = []
    for query in queries.astype(float):
        each = features.astype(float)
        similar = each @ query / np.linalg.norm(each, axis=1) / np.linalg.norm(query)
        predicted.append(np.bincount(labels[np.argsort(-similar)[:k]]).argmax())
    return np.array(predicted)


def regressed(features, labels, queries, strength):
    """The linear probe: its objective, minimised by SciPy."""
    mean, deviation = features.astype(float).mean(axis=0), features.astype(float).std(axis=0)
    z, asked = (features - mean) / deviation, (queries - mean) / deviation
    shape = (z.shape[1] + 1, labels.max() + 1)

    def objective(flat):
        weights = flat.reshape(shape)
        scores = z @ weights[:-1] + weights[-1]
        fit = logsumexp(scores, axis=1) - scores[np.arange(len(z)), labels]
        return (weights[:-1] ** 2).sum() / 2 + strength * fit.sum()

    weights = minimize(objective, np.zeros(shape).ravel(), tol=1e-10).x.reshape(shape)
    return asked @ weights[:-1] + weights[-1]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("k", [1, 5, 20])
def test_knn_is_the_vote_written_out(seed, k):
    given = examples(seed)
    assert (KnnProbe(k).predict(*given) == voted(*given, k)).all()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("strength", [1.0, 0.01])
def test_linear_is_the_least_of_its_objective(seed, strength):
    given = examples(seed)
    scores = regressed(*given, strength)
    two = np.sort(scores, axis=1)[:, -2:]
    clear = two[:, 1] - two[:, 0] > 0.02
    assert clear.mean() > 0.8
    predicted = LinearProbe(strength).predict(*given)
    assert (predicted[clear] == scores.argmax(axis=1)[clear]).all()


@pytest.mark.parametrize("probe", PROBES, ids=str)
def test_order_and_missing_classes_change_nothing(probe):
    features, labels, queries = examples(0)
    labels = np.where(labels == 1, 7, labels)
    predicted = probe.predict(features, labels, queries)
    rows = np.random.default_rng(1).permutation(len(labels))
    assert (probe.predict(features[rows], labels[rows], queries) == predicted).all()
    assert set(predicted) <= {0, 2, 7}


@pytest.mark.parametrize("probe", PROBES, ids=str)
def test_features_that_say_nothing_are_refused(probe):
    features, labels, queries = examples(0)
    with pytest.raises(InputError, match="the same for all examples"):
        probe.predict(np.ones_like(features), labels, queries)
    with pytest.raises(InputError, match="not finite"):
        probe.predict(np.full_like(features, np.nan), labels, queries)
    with pytest.raises(InputError, match="lengths"):
        probe.predict(features, labels[:-1], queries)


def test_the_solver_of_the_linear_probe_may_stop_early(monkeypatch):
    monkeypatch.setattr("xferlab.evaluation.probes.MAX_STEPS", 1)
    assert len(LinearProbe().predict(*examples(0))) == 40


def test_neighbours_stand_in_the_name():
    assert metric_named("knn_probe").probe == KnnProbe(5)
    assert metric_named("knn_probe@20").probe == KnnProbe(20)
    assert metric_named("kind/knn_probe@3").name == "kind/knn_probe@3"
    heads = (Head("class", "classes", 3), Head("slant", "numbers", 1), Head("kind", "classes", 2))
    assert metric_of(heads, "kind/knn_probe@3")[0] == 2
    with pytest.raises(InputError, match="unknown metric 'slant/knn_probe@3'"):
        metric_of(heads, "slant/knn_probe@3")


@pytest.mark.parametrize("name", ["knn_probe@", "knn_probe@0", "knn_probe@05", "knn_probe@x"])
def test_a_number_that_is_none_is_refused(name):
    with pytest.raises(InputError, match="knn_probe@10"):
        metric_named(name)


@pytest.mark.parametrize("name", ["linear_probe@3", "accuracy@3"])
def test_other_metrics_take_no_number(name):
    with pytest.raises(InputError, match="behind knn_probe alone"):
        metric_named(name)
