"""Scaling of rows, columns, channels and examples, against scikit-learn and plain loops."""

import numpy as np
import pytest
from sklearn.preprocessing import Normalizer, StandardScaler

from xferlab.core.errors import InputError
from xferlab.data.features.standardising import (
    row_sums_to_one,
    standardise_channels,
    standardise_columns,
    standardise_examples,
)

pytestmark = pytest.mark.fast

RNG = np.random.default_rng(0)
COUNTS = RNG.integers(0, 9, (20, 6)).astype(np.uint8)
WINDOWS = RNG.normal(3, 2, (7, 16, 4)).astype(np.float32)


def test_rows():
    np.testing.assert_allclose(row_sums_to_one(COUNTS), Normalizer("l1").transform(COUNTS))


def test_columns_of_their_own_and_of_a_reference():
    np.testing.assert_allclose(
        standardise_columns(COUNTS), StandardScaler().fit_transform(COUNTS.astype(float))
    )
    source = RNG.normal(2, 3, (9, 6))
    scaler = StandardScaler().fit(source)
    np.testing.assert_allclose(
        standardise_columns(COUNTS, reference=source), scaler.transform(COUNTS.astype(float))
    )


def test_deviations_of_channels():
    channels = standardise_channels(WINDOWS)
    for channel in range(4):
        values = WINDOWS[..., channel].astype(float)
        expected = (values - values.mean()) / values.std()
        np.testing.assert_allclose(channels[..., channel], expected)


def test_channels_by_the_source():
    scaled = standardise_channels(WINDOWS, reference=WINDOWS[:3])
    np.testing.assert_allclose(scaled[:3].mean(axis=(0, 1)), 0, atol=1e-12)
    assert np.abs(scaled[3:].mean(axis=(0, 1))).max() > 1e-3


def test_examples():
    scaled = standardise_examples(WINDOWS)
    for window, row in zip(WINDOWS.astype(float), scaled, strict=True):
        np.testing.assert_allclose(row, (window - window.mean()) / window.std())


def test_what_is_constant_stays_finite():
    constant = np.full((3, 2, 2), 5.0)
    assert not standardise_examples(constant).any()
    assert not standardise_channels(constant).any()
    assert not row_sums_to_one(np.zeros((2, 3))).any()


def test_references_that_do_not_fit():
    with pytest.raises(InputError, match=r"shape \(20, 6\) .* reference of shape \(4, 5\)"):
        standardise_columns(COUNTS, reference=np.ones((4, 5)))
    with pytest.raises(InputError, match=r"shape \(0, 6\) has no values"):
        standardise_columns(COUNTS, reference=np.ones((0, 6)))
