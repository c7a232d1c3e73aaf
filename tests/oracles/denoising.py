"""mSDA from its definition: least squares over every corrupted copy, no expectation worked out."""

from __future__ import annotations

import itertools

import numpy as np


def denoise_layer(rows, corruption, ridge):
    """W of Chen et al., section 3: copies with every subset of features at zero.

    Each copy of a row and the row itself are one equation of a linear regression with a bias,
    weighted by the copy's probability; the ridge is one further equation for each feature.
    """
    n, d = rows.shape
    inputs, outputs = [], []
    for mask in itertools.product([0, 1], repeat=d):
        kept = sum(mask)
        probability = (1 - corruption) ** kept * corruption ** (d - kept)
        scale = np.sqrt(probability)
        inputs.append(scale * np.column_stack([rows * np.array(mask), np.ones(n)]))
        outputs.append(scale * rows)
    inputs.append(np.sqrt(ridge) * np.eye(d, d + 1))
    outputs.append(np.zeros((d, d)))
    solution, *_ = np.linalg.lstsq(np.concatenate(inputs), np.concatenate(outputs), rcond=None)
    return solution.T


def msda(fitted, rows, *, layers, corruption, ridge):
    """The rows beside the hidden layers of a stack that is fitted to other rows."""
    outputs = [rows]
    for _ in range(layers):
        weight = denoise_layer(fitted, corruption, ridge)
        fitted, rows = (
            np.tanh(np.array([weight[:, :-1] @ row + weight[:, -1] for row in part]))
            for part in (fitted, rows)
        )
        outputs.append(rows)
    return np.concatenate(outputs, axis=1)
