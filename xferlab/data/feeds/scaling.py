"""How stored inputs become what a network sees: one function for both data paths."""

from __future__ import annotations

from typing import Any

import numpy as np

from xferlab.core.inputs import Modalities, map_parts
from xferlab.core.sparse import SparseBlocks, SparseRows


def scale_inputs(inputs: Any) -> Any:
    """Returns 8-bit images as float32 in [-1, 1], x / 127.5 - 1, sparse rows dense, others as is.

    Only operators are used, so a NumPy array gives a NumPy array and a jax array a jax array,
    traced or not.

    >>> scale_inputs(np.array([0, 51, 255], np.uint8)).tolist()
    [-1.0, -0.6000000238418579, 1.0]
    """
    if isinstance(inputs, Modalities):
        return map_parts(scale_inputs, inputs)
    if isinstance(inputs, SparseRows | SparseBlocks):
        return inputs.to_dense()
    if inputs.dtype != np.uint8:
        return inputs
    return inputs.astype(np.float32) / 127.5 - 1.0
