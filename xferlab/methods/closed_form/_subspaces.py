"""The linear algebra that several closed-form methods share: axes, maps, and the MMD problem."""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float
from scipy import linalg
from sklearn.preprocessing import normalize

from xferlab.core.errors import InputError


@dataclasses.dataclass(frozen=True, eq=False)
class Projection:
    """The map x -> (x - centre) matrix; rows may be brought to length one before and after."""

    matrix: Float[np.ndarray, "d f"]
    centre: Float[np.ndarray, " d"] | float = 0.0
    unit_inputs: bool = False
    unit_outputs: bool = False

    def __call__(self, rows: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n f"]:
        """Returns the projected rows."""
        rows = unit_rows(rows) if self.unit_inputs else rows
        projected = (rows - self.centre) @ self.matrix
        return unit_rows(projected) if self.unit_outputs else projected


@dataclasses.dataclass(frozen=True, eq=False)
class CovariancePower:
    """The map x -> x (C + ridge I)^exponent for the covariance C of some rows.

    Outside the axes in which the rows vary the power is that of the ridge, so the map is kept as
    ridge^exponent I + axes diag(gains) axes^T: with few rows of many features no d x d matrix is
    needed.
    """

    floor: float
    axes: Float[np.ndarray, "d r"]
    gains: Float[np.ndarray, " r"]

    @classmethod
    def of(
        cls, rows: Float[np.ndarray, "n d"], *, ridge: float, exponent: float
    ) -> CovariancePower:
        """Returns the power of the covariance of n >= 2 rows, with n - 1 in the denominator."""
        axes, squares = _row_axes(rows - rows.mean(axis=0))
        variances = squares / (len(rows) - 1)
        floor = ridge**exponent
        return cls(floor, axes, (variances + ridge) ** exponent - floor)

    def __call__(self, rows: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
        """Returns the mapped rows."""
        return self.floor * rows + (rows @ self.axes * self.gains) @ self.axes.T


def _row_axes(
    rows: Float[np.ndarray, "n d"],
) -> tuple[Float[np.ndarray, "d r"], Float[np.ndarray, " r"]]:
    """Returns the orthonormal axes that rows span, and the sums of the squares along them.

    They are eigenvectors of the smaller of X X^T and X^T X: several times as quick as singular
    vectors. Axes whose sum is rounding are left out.
    """
    wide = len(rows) < rows.shape[1]
    squares, vectors = np.linalg.eigh(rows @ rows.T if wide else rows.T @ rows)
    kept = squares > squares[-1] * np.finfo(float).eps * max(rows.shape)
    axes = vectors[:, kept]
    if wide:
        axes = rows.T @ (axes / np.sqrt(squares[kept]))
    return axes, squares[kept]


def unit_rows(rows: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
    """Returns rows of Euclidean length one; a row of zeros stays as it is."""
    return np.asarray(normalize(rows))


def principal_axes(rows: Float[np.ndarray, "n d"], dims: int) -> Float[np.ndarray, "d k"]:
    """Returns the orthonormal axes of largest variance as columns, the first first."""
    centred = rows - rows.mean(axis=0)
    return _largest_eigenvectors(centred.T @ centred, dims)


def transfer_projection(
    rows: Float[np.ndarray, "n d"],
    contrasts: Float[np.ndarray, "n c"],
    *,
    dims: int,
    regularisation: float,
    unit_inputs: bool,
    unit_outputs: bool,
) -> Projection:
    """Returns the projection that keeps variance while means come together.

        (K L K + regularisation I) w = phi K H K w,  |w| = 1,  for the smallest phi
        K = X X^T,  L = E E^T / ||E E^T||_F,  H = I - 1 1^T / n

    for rows X of both domains and contrasts E: column c of X^T E is the difference of two means
    that should vanish, so that tr(W^T K E E^T K W) is the sum of the squared lengths of these
    differences after projection. With the linear kernel a row x becomes x X^T W, so new rows need
    no kernel values.

    In coordinates of the r axes that the rows span, each scaled by the root of its sum of squares,
    the n x n problem is one of r x r: w = U b for the left singular vectors U of X, K U = X V S.

    Raises:
        InputError: dims above the rank of the rows or their number minus one; regularisation not
            positive.
    """
    if not regularisation > 0:
        raise InputError(
            f"regularisation={regularisation}. Allowed: above zero, so that the eigenvalue problem "
            "is definite; the papers' is 1"
        )
    rows = unit_rows(rows) if unit_inputs else rows
    axes, squares = _row_axes(rows)
    check_dims(dims, min(len(squares), len(rows) - 1), "the rank of the examples")
    basis = axes * np.sqrt(squares)
    scores = rows @ basis
    differences = scores.T @ (contrasts / np.sqrt(np.linalg.norm(contrasts.T @ contrasts)))
    penalty = differences @ differences.T + regularisation * np.eye(len(squares))
    centred = scores - scores.mean(axis=0)
    weights = _largest_eigenvectors(centred.T @ centred, dims, penalty)
    matrix = _signed(basis @ (weights / np.linalg.norm(weights, axis=0)))
    return Projection(matrix, unit_inputs=unit_inputs, unit_outputs=unit_outputs)


def mean_difference(positive: np.ndarray, negative: np.ndarray) -> Float[np.ndarray, " n"]:
    """Returns the column e for which X^T e is the mean of some rows minus that of others.

    Args:
        positive: bool [n], at least one true; the first rows.
        negative: bool [n], at least one true; the other rows.
    """
    return positive / positive.sum() - negative / negative.sum()


def check_dims(dims: int, limit: int, reason: str) -> None:
    """Raises InputError unless 1 <= dims <= limit."""
    if not 1 <= dims <= limit:
        raise InputError(
            f"dims={dims}. Allowed: 1 to {limit}, {reason}; choose fewer dimensions or give more "
            "data"
        )


def check_subspaces(dims: int, source: np.ndarray, target: np.ndarray) -> None:
    """Raises InputError if one of two domains has no principal subspace of that dimension."""
    limit = min(source.shape[1], len(source) - 1, len(target) - 1)
    check_dims(dims, limit, "features, or examples of the smaller domain minus one")


def _largest_eigenvectors(
    matrix: np.ndarray, dims: int, metric: np.ndarray | None = None
) -> Float[np.ndarray, "d k"]:
    """Returns eigenvectors as columns, the largest first, each with its largest entry positive."""
    width = len(matrix)
    _, vectors = linalg.eigh(matrix, metric, subset_by_index=(width - dims, width - 1))
    return _signed(vectors[:, ::-1])


def _signed(vectors: Float[np.ndarray, "d k"]) -> Float[np.ndarray, "d k"]:
    """Returns the columns, each with its largest entry positive."""
    largest = np.abs(vectors).argmax(axis=0)
    return vectors * np.sign(vectors[largest, np.arange(vectors.shape[1])])
