"""How many features a network has, for those who only declare it."""

from __future__ import annotations

import functools

from flax import nnx

from xferlab.models.networks import Encoder
from xferlab.models.spec import NetworkSpec


@functools.cache
def feature_width(spec: NetworkSpec) -> int:
    """Returns the number of features before a network's heads, d; no weights are made.

    >>> feature_width(NetworkSpec(backbone="mlp", input_shape=(9,), heads=(("class", 2),)))
    9

    Raises:
        InputError: where input and backbone do not fit.
    """
    return nnx.eval_shape(lambda: Encoder(spec, rngs=nnx.Rngs(0))).feature_dim
