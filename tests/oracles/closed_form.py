"""The closed-form methods from their papers' formulas, with every matrix written out."""

from __future__ import annotations

import numpy as np
from scipy import integrate, linalg


def nearest_label(features, source_features, labels):
    """One row after the other; the first of equally near examples."""
    return np.array(
        [labels[np.argmin([np.sum((x - s) ** 2) for s in source_features])] for x in features]
    )


def coral(source, target, ridge):
    """Sun et al., algorithm 1: whiten, then re-colour."""
    identity = np.eye(source.shape[1])
    source_covariance, target_covariance = (
        np.cov(rows, rowvar=False) + ridge * identity for rows in (source, target)
    )
    whitened = source @ linalg.inv(linalg.sqrtm(source_covariance))
    return whitened @ linalg.sqrtm(target_covariance)


def marginal_mmd(n, m):
    """Pan et al., equation 2: 1/n² among the source, 1/m² among the target, else -1/(nm)."""
    return np.block(
        [
            [np.full((n, n), 1 / n**2), np.full((n, m), -1 / (n * m))],
            [np.full((m, n), -1 / (n * m)), np.full((m, m), 1 / m**2)],
        ]
    )


def class_mmd(labels, pseudo_labels, label):
    """Long et al., equation 7, entry by entry."""
    n, every = len(labels), np.concatenate([labels, pseudo_labels])
    counts = np.sum(labels == label), np.sum(pseudo_labels == label)
    matrix = np.zeros((len(every), len(every)))
    for i, j in np.ndindex(*matrix.shape):
        if every[i] == every[j] == label:
            sides = int(i >= n), int(j >= n)
            sign = 1 if sides[0] == sides[1] else -1
            matrix[i, j] = sign / (counts[sides[0]] * counts[sides[1]])
    return matrix


def unit_length(matrix):
    return matrix / np.linalg.norm(matrix)


def centring(n):
    return np.eye(n) - np.full((n, n), 1 / n)


def dual_components(rows, mmd, dims, regularisation):
    """The embedding of rows by the paper's problem with the linear kernel K = X X^T:

    eigenvectors of (K L K + mu I)^-1 K H K, as written, of length one, the largest first.
    """
    kernel = rows @ rows.T
    penalty = kernel @ mmd @ kernel + regularisation * np.eye(len(rows))
    values, weights = linalg.eig(linalg.solve(penalty, kernel @ centring(len(rows)) @ kernel))
    chosen = np.argsort(-values.real)[:dims]
    weights = weights.real[:, chosen]
    return kernel @ (weights / np.linalg.norm(weights, axis=0))


def principal_axes(rows, dims):
    """The right singular vectors of the centred rows."""
    return np.linalg.svd(rows - rows.mean(axis=0))[2][:dims].T


def geodesic_flow_kernel(source_axes, target_axes):
    """Gong et al., equation 5, by quadrature of Phi(t) Phi(t)^T over [0, 1].

    Phi(t) follows from the exponential map of the Grassmann manifold at the source subspace: the
    tangent is the one whose tangents of angles are (I - P P^T) P_t (P^T P_t)^-1.
    """
    tangent = target_axes @ linalg.inv(source_axes.T @ target_axes) - source_axes
    left, tangents, right = np.linalg.svd(tangent, full_matrices=False)
    angles = np.arctan(tangents)

    def outer(t):
        frame = source_axes @ right.T * np.cos(t * angles) + left * np.sin(t * angles)
        return (frame @ frame.T).ravel()

    value, _ = integrate.quad_vec(outer, 0, 1, epsabs=1e-12, epsrel=1e-12)
    return value.reshape(len(source_axes), -1)
