"""mSDA against regression on every corrupted copy; coordinates against inner products."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from tests.oracles.denoising import denoise_layer, msda
from xferlab.core.errors import InputError
from xferlab.data.features.msda import BLOCK, COLUMNS, fit_msda, msda_coordinates, span_axes

pytestmark = pytest.mark.fast

RNG = np.random.default_rng(0)
COUNTS = RNG.poisson(1.0, (9, 5)).astype(np.float32)
OTHERS = RNG.poisson(1.0, (4, 5)).astype(np.float32)


@pytest.mark.parametrize("corruption", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("ridge", [1e-5, 0.3])
def test_a_layer_is_the_best_of_all_linear_maps(corruption, ridge):
    (weight,) = fit_msda(COUNTS, layers=1, corruption=corruption, ridge=ridge).weights
    expected = denoise_layer(COUNTS.astype(float), corruption, ridge)
    np.testing.assert_allclose(weight, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("layers", [1, 2, 5])
def test_layers_are_stacked(layers):
    options = {"layers": layers, "corruption": 0.5, "ridge": 1e-3}
    outputs = fit_msda(COUNTS, **options)(OTHERS)
    assert outputs.shape == (4, 5 * (layers + 1)) and outputs.dtype == np.float32
    expected = msda(COUNTS.astype(float), OTHERS.astype(float), **options)
    np.testing.assert_allclose(outputs, expected, rtol=1e-3, atol=1e-4)


def test_a_feature_that_never_occurs_stays_zero_and_moves_nothing():
    padded = np.insert(COUNTS, 2, 0, axis=1)
    denoiser, without = fit_msda(padded), fit_msda(COUNTS)
    layers = denoiser(padded).reshape(9, 6, 6)
    np.testing.assert_array_equal(layers[:, :, 2], 0)
    np.testing.assert_allclose(
        np.delete(layers, 2, axis=2).reshape(9, 30), without(COUNTS), atol=1e-5
    )


def test_a_common_word_is_restored_from_its_companion():
    """Two words that always occur together: each is guessed from the other."""
    together = np.repeat(RNG.integers(0, 2, (50, 1)), 2, axis=1)
    (weight,) = fit_msda(together, layers=1).weights
    assert weight[0, 1] > 0.3 and weight[0, 1] == pytest.approx(weight[1, 0], rel=1e-3)


def energetic_rows(n, d, rank):
    """Rows of a given rank whose directions differ a hundredfold in size."""
    scales = np.geomspace(1, 0.01, rank)
    return (RNG.normal(size=(n, rank)) * scales @ RNG.normal(size=(rank, d))).astype(np.float32)


@pytest.mark.parametrize(("n", "d", "rank"), [(20, COLUMNS + 7, 20), (12, 30, 5), (30, 6, 6)])
def test_axes_keep_inner_products(n, d, rank):
    rows = energetic_rows(n, d, rank)
    others = RNG.normal(size=(8, d)).astype(np.float32)
    axes = span_axes(rows)
    assert axes.shape == (d, min(n, d)) and axes.dtype == np.float32
    gram = axes.T @ axes
    np.testing.assert_allclose(gram[:rank, :rank], np.eye(rank), atol=1e-5)
    np.testing.assert_array_equal(axes[:, rank:], 0)
    energies = ((rows @ axes) ** 2).sum(axis=0)
    assert (np.diff(energies) <= 1e-4 * energies[0]).all()
    for left in (rows, others):
        scale = np.linalg.norm(left, axis=1)[:, None] * np.linalg.norm(rows, axis=1)
        error = np.abs((left @ axes) @ (rows @ axes).T - left @ rows.T) / scale
        assert error.max() < 1e-5


def test_distances_of_other_rows_differ_by_a_constant_each():
    rows, others = energetic_rows(12, 30, 12), RNG.normal(size=(8, 30))
    axes = span_axes(rows)
    difference = cdist(others, rows, "sqeuclidean") - cdist(
        others @ axes, rows @ axes, "sqeuclidean"
    )
    outside = (others**2).sum(axis=1) - ((others @ axes) ** 2).sum(axis=1)
    np.testing.assert_allclose(difference, np.repeat(outside[:, None], 12, axis=1), atol=1e-3)


def test_axes_of_rows_of_zeros():
    np.testing.assert_array_equal(span_axes(np.zeros((3, 4))), np.zeros((4, 3)))


def test_coordinates_of_the_wide_representation():
    denoiser = fit_msda(COUNTS, layers=3, corruption=0.3, ridge=0.01)
    many = np.tile(OTHERS, (BLOCK // 4 + 2, 1))
    stacked = np.concatenate([COUNTS, many])
    coordinates = msda_coordinates(COUNTS, stacked, layers=3, corruption=0.3, ridge=0.01)
    assert coordinates.shape == (len(stacked), 9) and coordinates.dtype == np.float32
    np.testing.assert_allclose(
        coordinates @ coordinates[:9].T,
        denoiser(stacked) @ denoiser(COUNTS).T,
        rtol=1e-4,
        atol=1e-4,
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layers": 0}, "layers=0 .* 1 or more"),
        ({"corruption": 1.0}, r"corruption=1.0 .* \[0, 1\)"),
        ({"corruption": -0.1}, "corruption=-0.1"),
        ({"corruption": float("nan")}, "corruption=nan"),
        ({"ridge": 0.0}, "ridge=0.0 .* above zero"),
    ],
)
def test_an_option_out_of_range_is_named(options, message):
    with pytest.raises(InputError, match=message):
        fit_msda(COUNTS, **options)


@pytest.mark.parametrize(
    "rows", [np.zeros(3), np.zeros((0, 3)), np.full((2, 2), np.nan)], ids=["1d", "empty", "nan"]
)
def test_rows_that_are_no_finite_matrix(rows):
    with pytest.raises(InputError, match="finite numbers"):
        fit_msda(rows)


@pytest.mark.parametrize("rows", [np.zeros((3, 4)), np.zeros(5)], ids=["width", "1d"])
def test_rows_of_another_width(rows):
    with pytest.raises(InputError, match="5 features"):
        fit_msda(COUNTS)(rows)
