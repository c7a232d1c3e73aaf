"""What protocols do to inputs before training: scaling of rows, columns and channels, in NumPy.

Every function returns new arrays. Those that estimate statistics take them from `reference`, by
default from the inputs themselves: give the source's inputs to scale both domains alike, nothing to
scale each domain by its own. No function sees a label.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Shaped

from xferlab.core.errors import InputError


def row_sums_to_one(inputs: Shaped[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
    """Returns counts as shares: x_ij / sum_j x_ij; a row whose sum is zero stays as it is.

    Args:
        inputs: non-negative counts [n, d].

    Returns:
        float64 [n, d].

    >>> row_sums_to_one(np.array([[1, 3], [0, 0]])).tolist()
    [[0.25, 0.75], [0.0, 0.0]]
    """
    inputs = np.asarray(inputs, np.float64)
    return inputs / _nonzero(inputs.sum(axis=1, keepdims=True))


def standardise_columns(
    inputs: Shaped[np.ndarray, "n d"],
    *,
    reference: Shaped[np.ndarray, "m d"] | None = None,
) -> Float[np.ndarray, "n d"]:
    """Returns columns of mean zero and variance one: (x_ij - mean_j) / std_j.

    A column that is constant in the reference is centred and not scaled.

    Args:
        inputs: numbers [n, d].
        reference: the examples from which mean and deviation are taken; by default the inputs.

    Returns:
        float64 [n, d].

    Raises:
        InputError: see `standardise_channels`.

    >>> standardise_columns(np.array([[1, 5], [3, 5]])).tolist()
    [[-1.0, 0.0], [1.0, 0.0]]
    """
    return _standardise(inputs, reference, axes=(0,))


def standardise_channels(
    windows: Shaped[np.ndarray, "n ... c"],
    *,
    reference: Shaped[np.ndarray, "m ... c"] | None = None,
) -> Float[np.ndarray, "n ... c"]:
    """Returns channels of mean zero and variance one over all examples and time steps.

    (x_itc - mean_c) / std_c, where mean and deviation are those of all (i, t) of the reference. A
    channel that is constant there is centred and not scaled.

    Args:
        windows: numbers [n, ..., c], channels last: windows of sensors, or spectrograms.
        reference: the examples from which mean and deviation are taken; by default the windows.

    Returns:
        float64 [n, ..., c].

    Raises:
        InputError: the reference has other channels, or no example.

    References:
        Ragab, Eldele, Tan, Foo, Chen, Wu, Kwoh, Li. "AdaTime: A Benchmarking Suite for Domain
        Adaptation on Time Series Data". ACM TKDD 17, 2023. arXiv:2203.08321. Its code scales each
        split of each domain by its own statistics, with n - 1 in the variance where this has n.
    """
    return _standardise(windows, reference, axes=tuple(range(np.ndim(windows) - 1)))


def standardise_examples(inputs: Shaped[np.ndarray, "n ..."]) -> Float[np.ndarray, "n ..."]:
    """Returns examples of mean zero and variance one each: (x_i - mean(x_i)) / std(x_i).

    On a log-mel spectrogram this removes how loud the recording is. A constant example becomes
    zero.

    Args:
        inputs: numbers [n, ...].

    Returns:
        float64 [n, ...].

    >>> standardise_examples(np.array([[1, 3], [7, 7]])).tolist()
    [[-1.0, 1.0], [0.0, 0.0]]
    """
    inputs = np.asarray(inputs, np.float64)
    axes = tuple(range(1, inputs.ndim))
    centred = inputs - inputs.mean(axis=axes, keepdims=True)
    return centred / _nonzero(inputs.std(axis=axes, keepdims=True))


def _standardise(
    inputs: np.ndarray, reference: np.ndarray | None, *, axes: tuple[int, ...]
) -> np.ndarray:
    """Returns the inputs scaled by mean and deviation of the reference over some axes."""
    inputs = np.asarray(inputs, np.float64)
    reference = inputs if reference is None else np.asarray(reference, np.float64)
    if reference.ndim != inputs.ndim or reference.shape[-1] != inputs.shape[-1]:
        raise InputError(
            f"inputs of shape {inputs.shape} cannot be scaled by a reference of shape "
            f"{reference.shape}. Needed: as many axes and as many entries in the last; give the "
            "inputs of another domain of the same data set."
        )
    if not reference.size:
        raise InputError(
            f"a reference of shape {reference.shape} has no values. Needed: one example or more."
        )
    return scaled_by(inputs, *mean_and_deviation(reference, axes=axes))


def mean_and_deviation(
    reference: np.ndarray, *, axes: tuple[int, ...] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Returns mean and population deviation over some axes, float64; 0 of what is constant.

    Args:
        reference: numbers [m, ..., c].
        axes: over which both are taken; by default all but the last.
    """
    reference = np.asarray(reference, np.float64)
    axes = tuple(range(reference.ndim - 1)) if axes is None else axes
    # Of equal values the deviation is often not zero but the rounding of their mean.
    constant = reference.max(axis=axes) == reference.min(axis=axes)
    return reference.mean(axis=axes), np.where(constant, 0.0, reference.std(axis=axes))


def scaled_by(inputs: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Returns (inputs - mean) / deviation in float64; where the deviation is 0, not divided."""
    return (np.asarray(inputs, np.float64) - mean) / _nonzero(deviation)


def _nonzero(divisor: np.ndarray) -> np.ndarray:
    """Returns a divisor with ones for its zeros."""
    return np.where(divisor == 0, 1.0, divisor)
