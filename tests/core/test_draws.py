"""Samples of rows: no order of the rows leaves a class out."""

import numpy as np
import pytest

from xferlab.core.draws import draw_rows, draw_stratified

pytestmark = pytest.mark.fast

COUNTS = (150, 299, 300, 1999, 4000)


def orders(count, classes):
    """Labels sorted, taking turns, and in blocks."""
    yield np.sort(np.arange(count) % classes)
    yield np.arange(count) % classes
    yield np.arange(count) // 7 % classes


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("classes", [2, 5, 50])
def test_every_class_keeps_its_share_in_every_order(count, classes):
    for labels in orders(count, classes):
        rows = draw_stratified(labels, 150)
        assert len(np.unique(rows)) == len(rows) == min(150, count)
        expected = len(rows) * np.bincount(labels, minlength=classes) / count
        assert np.abs(np.bincount(labels[rows], minlength=classes) - expected).max() <= 1


@pytest.mark.parametrize("count", COUNTS)
def test_rows_without_labels_are_no_class_alone(count):
    for labels in orders(count, 2):
        rows = draw_rows(count, 150)
        assert len(np.unique(rows)) == len(rows) == min(150, count)
        assert 50 <= labels[rows].sum() <= 100


def test_the_same_rows_every_time():
    labels = np.arange(900) % 3
    np.testing.assert_array_equal(draw_stratified(labels, 40), draw_stratified(labels, 40))
    np.testing.assert_array_equal(draw_rows(900, 40), draw_rows(900, 40))


def test_the_draw_does_not_follow_the_position_within_a_class():
    """Not the first rows of each class: they may be one recording, one writer."""
    rows = draw_stratified(np.repeat([0, 1], 1000), 100)
    assert rows[:50].max() > 800 and rows[50:].max() > 1800
