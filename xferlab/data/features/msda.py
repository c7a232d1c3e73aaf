"""mSDA: stacked denoising autoencoders in closed form, and coordinates that make them small.

The representation of d features has d (layers + 1) columns: 30000 for 5000 word counts. `span_axes`
gives coordinates of as many columns as there are reference rows, without loss for whatever sees
inputs through inner products with these rows alone. No function sees a label.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
from jaxtyping import Float
from scipy import linalg

from xferlab.core.errors import InputError

NULL = 1e-12
"""Share of the largest eigenvalue below which an axis is rounding: repeated rows give 1e-17."""
BLOCK = 1000
"""Rows whose whole representation is in memory at a time."""
COLUMNS = 5000
"""Columns that are in memory in float64 at a time."""


@dataclasses.dataclass(frozen=True, eq=False)
class Denoiser:
    """The map from rows to rows and all hidden layers: h_0 = x, h_l = tanh(W_l [h_(l-1); 1]).

    Args:
        weights: W_l of each layer, the bias in the last column.
    """

    weights: tuple[Float[np.ndarray, "d d+1"], ...]

    def __call__(self, rows: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n f"]:
        """Returns [h_0, h_1, ...], float32 with f = d (layers + 1) columns.

        Raises:
            InputError: the rows have another width than those of the fit.
        """
        width = len(self.weights[0])
        if np.ndim(rows) != 2 or np.shape(rows)[1] != width:
            raise InputError(
                f"rows of shape {np.shape(rows)} for a denoiser of {width} features. Allowed: [n, "
                f"{width}], the features of the fit in their order"
            )
        outputs = [np.asarray(rows, np.float32)]
        for weight in self.weights:
            outputs.append(_hidden(outputs[-1], weight))
        return np.concatenate(outputs, axis=1)


def fit_msda(
    rows: Float[np.ndarray, "n d"],
    *,
    layers: int = 5,
    corruption: float = 0.5,
    ridge: float = 1e-5,
) -> Denoiser:
    """Returns a marginalised stacked denoising autoencoder (mSDA), fitted layer by layer.

    A layer restores its inputs from copies of which each feature is set to zero with probability p,
    the mean taken over all copies:

        W = argmin_W sum_i E ||x_i - W x~_i||² + ridge ||W_features||² = P Q^-1
        S = sum_i x_i x_i^T over rows with a bias: x_i = [features; 1], which is never corrupted
        P_jk = S_jk q_k for features j;  q = (1-p, ..., 1-p, 1)
        Q_jk = S_jk q_j q_k for j ≠ k,  Q_jj = S_jj q_j + ridge (no ridge for the bias)

    The next layer is fitted to tanh(W x). All systems are solved in float64, weights and outputs
    are float32.

    Args:
        rows: numbers of any scale, such as word counts as they are; in domain adaptation the
            training rows of source and target together.
        layers: how many, >= 1; 5 in the paper.
        corruption: p in [0, 1); 0.5 for the published tables of product reviews.
        ridge: > 0, in squares of the features' unit.

    Raises:
        InputError: an option out of range, or rows that are no finite matrix.

    References:
        Chen, Xu, Weinberger, Sha. "Marginalized Denoising Autoencoders for Domain Adaptation". ICML
        2012. arXiv:1206.4683.

    The paper's equations have no ridge; it is that of the code behind the mSDA columns of Ganin et
    al., "Domain-Adversarial Training of Neural Networks", JMLR 17, 2016, arXiv:1505.07818.
    """
    _check_options(layers, corruption, ridge)
    hidden = np.asarray(rows)
    if hidden.ndim != 2 or 0 in hidden.shape or not np.isfinite(hidden).all():
        raise InputError(
            f"rows of shape {hidden.shape} to fit mSDA to. Allowed: finite numbers [n, d] with at "
            "least one row and column"
        )
    weights = []
    for _ in range(layers):
        weights.append(_fit_layer(hidden, corruption, ridge))
        hidden = _hidden(hidden, weights[-1])
    return Denoiser(tuple(weights))


def span_axes(rows: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "d r"]:
    """Returns orthonormal axes whose span has all rows in it, those of most energy first.

    With the axes A, the coordinates x A of the rows keep their lengths, distances and inner
    products. Of any other row they keep the inner products with the rows, and the distances to them
    up to what lies outside the span, which is the same towards each. In other words: linear kernel
    PCA without centring, with all components.

        Z Z^T = U diag(v) U^T,  A = Z^T U diag(v)^(-1/2)

    Args:
        rows: Z, finite numbers.

    Returns:
        A, float32, r = min(n, d). Where the rows depend linearly on each other the last columns are
        zero.
    """
    gram = np.zeros((len(rows), len(rows)))
    for block in _column_blocks(rows):
        gram += block @ block.T
    energies, vectors = linalg.eigh(gram, overwrite_a=True)
    order = np.argsort(-energies)[: min(rows.shape)]
    energies, vectors = energies[order], vectors[:, order]
    kept = energies > NULL * energies[0]
    combinations = vectors * np.where(kept, 1 / np.sqrt(np.where(kept, energies, 1)), 0)
    blocks = [(block.T @ combinations).astype(np.float32) for block in _column_blocks(rows)]
    return np.concatenate(blocks)


def msda_coordinates(
    reference: Float[np.ndarray, "n d"],
    rows: Float[np.ndarray, "m d"],
    *,
    layers: int = 5,
    corruption: float = 0.5,
    ridge: float = 1e-5,
) -> Float[np.ndarray, "m r"]:
    """Returns the mSDA representation of rows in the span of that of the reference rows.

    Args:
        reference: the rows that the autoencoder is fitted to and that span the coordinates.
        rows: of any number; a block of them at a time is held in full width.
        layers: see `fit_msda`.
        corruption: see `fit_msda`.
        ridge: see `fit_msda`.

    Returns:
        float32 with r = min(n, d (layers + 1)) columns, see `span_axes`.

    Raises:
        InputError: see `fit_msda`; or the rows have another width than the reference.
    """
    denoiser = fit_msda(reference, layers=layers, corruption=corruption, ridge=ridge)
    axes = span_axes(denoiser(reference))
    coordinates = np.empty((len(rows), axes.shape[1]), np.float32)
    for start in range(0, len(rows), BLOCK):
        block = slice(start, start + BLOCK)
        coordinates[block] = denoiser(rows[block]) @ axes
    return coordinates


def _fit_layer(
    rows: Float[np.ndarray, "n d"], corruption: float, ridge: float
) -> Float[np.ndarray, "d d+1"]:
    """Returns W = P Q^-1 of one layer."""
    biased = np.column_stack([rows, np.ones(len(rows))]).astype(np.float64)
    scatter = biased.T @ biased
    features = np.arange(len(scatter)) < rows.shape[1]
    keep = np.where(features, 1 - corruption, 1.0)
    expected = scatter * keep * keep[:, None]
    np.fill_diagonal(expected, scatter.diagonal() * keep + ridge * features)
    restored = scatter[features] * keep
    factor = linalg.cho_factor(expected, overwrite_a=True)
    return linalg.cho_solve(factor, restored.T).T.astype(np.float32)


def _hidden(
    rows: Float[np.ndarray, "n d"], weight: Float[np.ndarray, "d d+1"]
) -> Float[np.ndarray, "n d"]:
    """Returns tanh(W [x; 1]) of each row, float32."""
    return np.tanh(np.asarray(rows, np.float32) @ weight[:, :-1].T + weight[:, -1])


def _column_blocks(rows: Float[np.ndarray, "n d"]) -> Iterator[Float[np.ndarray, "n b"]]:
    """Yields the columns in float64, some at a time."""
    for start in range(0, rows.shape[1], COLUMNS):
        yield np.asarray(rows[:, start : start + COLUMNS], np.float64)


def _check_options(layers: int, corruption: float, ridge: float) -> None:
    """Raises InputError for an option out of range."""
    if layers < 1:
        raise InputError(f"layers={layers} of mSDA. Allowed: 1 or more; 5 in the paper")
    if not 0 <= corruption < 1:
        raise InputError(
            f"corruption={corruption} of mSDA. Allowed: a probability in [0, 1); 0.5 is usual"
        )
    if not ridge > 0:
        raise InputError(
            f"ridge={ridge} of mSDA. Allowed: above zero, so that features without examples have a "
            "solution; the published tables have 1e-5"
        )
