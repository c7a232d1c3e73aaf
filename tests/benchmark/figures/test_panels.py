"""Figures: what is drawn, that it is drawn the same twice, and that degenerate input is drawn."""

import dataclasses

import numpy as np
import pytest
from matplotlib.figure import Figure

from tests.benchmark.factory import make_pictures, make_plane
from xferlab.benchmark.figures import panels as plots
from xferlab.benchmark.store.records import Curve


@pytest.fixture(scope="module")
def fields():
    return make_pictures(np.random.default_rng(0), n=60)


def draw(figure):
    assert isinstance(figure, Figure)
    figure.canvas.draw()
    return figure


def test_projection_is_deterministic_and_finite(fields):
    features = fields["embedding"].after
    first = plots.project(features)
    assert first.shape == (60, 2)
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(first, plots.project(features))


def test_projection_keeps_separate_clusters_apart():
    generator = np.random.default_rng(0)
    labels = np.repeat([0, 1], 20)
    points = plots.project(generator.normal(size=(40, 8)) + 30 * labels[:, None])
    first, second = points[labels == 0], points[labels == 1]
    between = np.linalg.norm(first[:, None] - second[None], axis=2).min()
    assert between > np.linalg.norm(first - first.mean(axis=0), axis=1).mean()


@pytest.mark.parametrize("shape", [(1, 5), (3, 5), (20, 1), (20, 2)])
def test_small_features_are_projected(shape):
    points = plots.project(np.random.default_rng(0).normal(size=shape))
    assert points.shape == (shape[0], 2)
    assert np.isfinite(points).all()


def test_constant_features_are_projected():
    np.testing.assert_array_equal(plots.project(np.ones((30, 4))), np.zeros((30, 2)))


def test_curves_draw_every_term_and_skip_what_is_not_finite(fields):
    broken = Curve([0, 1, 2], {"x": [1.0, np.inf, np.nan]})
    figure = draw(plots.curves_figure({"dann": fields["curve"], "bad": broken}))
    names = [line.get_label() for line in figure.axes[0].lines]
    assert names == list(fields["curve"].terms)
    assert len({(li.get_color(), li.get_linestyle()) for li in figure.axes[0].lines}) == len(names)


def test_heat_map_puts_a_task_at_its_source_and_target():
    values = {"dann": {("a", "b"): 50.0, ("b", "a"): 70.0, ("a", "c"): np.nan}}
    ax = draw(plots.heat_map_figure(values)).axes[0]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b"]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["b", "a", "c"]
    grid = np.ma.filled(ax.images[0].get_array(), np.nan)
    np.testing.assert_array_equal(grid, [[50, np.nan, np.nan], [np.nan, 70, np.nan]])
    assert [t.get_text() for t in ax.texts] == ["50", "70"]


def test_confusion_rows_are_divided_by_their_sum():
    counts = np.array([[3, 1], [0, 0]])
    ax = draw(plots.confusion_figure({"dann": counts})).axes[0]
    np.testing.assert_allclose(ax.images[0].get_array(), [[0.75, 0.25], [0, 0]])


def test_classes_have_their_names_in_every_figure():
    names = ("cat", "dog of a long name")
    ax = draw(plots.confusion_figure({"dann": np.eye(2, dtype=int)}, names)).axes[0]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["cat", "dog of …"]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["cat", "dog of …"]
    ax = draw(plots.planes_figure({"dann": make_plane(np.random.default_rng(0))}, names)).axes[0]
    assert [t.get_text() for t in ax.get_legend().texts] == ["source", "target", *names]


def test_planes_have_regions_and_both_domains():
    plane = make_plane(np.random.default_rng(0))
    ax = draw(plots.planes_figure({"dann": plane})).axes[0]
    assert len(ax.collections) == 3
    three = dataclasses.replace(plane, classes=plane.classes + 1)
    draw(plots.planes_figure({"dann": plane, "mcd": three}))


def test_domain_and_class_colours_are_distinct():
    for count in (2, 10, 31):
        assert len(set(plots._class_colours(count))) == count
