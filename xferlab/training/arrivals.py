"""What is predicted of a stream of target examples as they come, before they are trained on."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int

from xferlab.core.inputs import Inputs, Modalities
from xferlab.core.outputs import HostArrived, HostOutput
from xferlab.models.nets import Output
from xferlab.models.spec import NetworkSpec


class Arrived(NamedTuple):
    """What was predicted of the n examples of a stream as they came."""

    output: Output
    """[n, ...]; zeros of those that have not come."""
    come: Bool[Array, " n"]
    """Which have come."""


def nothing_yet(
    predict: Callable[[Inputs], Output], spec: NetworkSpec, batch_size: int, size: int
) -> Arrived:
    """Returns the record of a stream before its first batch.

    Args:
        predict: from the target inputs of a batch, as a step sees them, to their outputs.
        spec: the network, which says what inputs it reads.
        batch_size: examples of a batch.
        size: number of examples, n.
    """
    forms = [(batch_size, *branch.input_shape) for branch in spec.of_target.branches]
    first, *further = (jax.ShapeDtypeStruct(form, jnp.float32) for form in forms)
    shapes = jax.eval_shape(predict, Modalities(first, *further) if further else first)
    empty = jax.tree.map(lambda a: jnp.zeros((size, *a.shape[1:]), a.dtype), shapes)
    return Arrived(empty, jnp.zeros(size, bool))


def with_batch(arrived: Arrived, index: Int[Array, " b"], output: Output) -> Arrived:
    """Returns the record with the outputs of a batch; what has come before keeps its first ones."""
    before = arrived.come[index]

    def put(record: Array, own: Array) -> Array:
        earlier = before.reshape(-1, *(1,) * (own.ndim - 1))
        return record.at[index].set(jnp.where(earlier, record[index], own))

    outputs = jax.tree.map(put, arrived.output, output)
    return Arrived(outputs, arrived.come.at[index].set(True))


def arrived_of_each(
    arrived: Arrived | tuple[()], width: int, *, stacked: bool
) -> list[HostArrived | None]:
    """Returns each run's record (NumPy); None of a stage that is not online.

    Args:
        arrived: of a run, or of several along a leading axis; () where the stage is not online.
        width: number of runs.
        stacked: whether there is that axis.
    """
    if not isinstance(arrived, Arrived):
        return [None] * width
    output, come = jax.tree.map(np.asarray, arrived)
    record = HostArrived(HostOutput(*output), come)
    return [jax.tree.map(lambda a, i=i: a[i] if stacked else a, record) for i in range(width)]
