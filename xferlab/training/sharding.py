"""Several runs and devices: a mesh with an axis for runs and one for the examples of a batch.

Over 'run' each device trains its own runs and nothing is exchanged. Over 'data' a batch is split
and the compiler keeps the meaning: a loss that couples the batch (MMD, CORAL, a nuclear norm, batch
norm) is that of the whole batch, as on one device. Runs in threads of their own compile a program
once.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from xferlab.core.batch import Batch
from xferlab.core.errors import InputError

RUN, DATA = "run", "data"


def make_mesh(runs: int = 1, data: int = 1) -> Mesh:
    """Returns a mesh of `runs` × `data` devices.

    Raises:
        InputError: if there are fewer devices than that.
    """
    available = len(jax.devices())
    if runs * data > available:
        raise InputError(
            f"a mesh of {runs} × {data} needs {runs * data} devices; there are {available}. Give"
            " numbers whose product is at most that"
        )
    return jax.make_mesh(
        (runs, data),
        (RUN, DATA),
        axis_types=(jax.sharding.AxisType.Auto,) * 2,
        devices=jax.devices()[: runs * data],
    )


def split_batch(batch: Batch, mesh: Mesh | None) -> Batch:
    """Spreads the examples of a batch over the mesh's data axis; call it under `jit`."""
    if mesh is None or mesh.shape[DATA] == 1:
        return batch
    return jax.lax.with_sharding_constraint(batch, NamedSharding(mesh, PartitionSpec(DATA)))


def over_runs(function: Callable[..., Any], mesh: Mesh | None, stacked: tuple[bool, ...]) -> Any:
    """Gives every device its share of stacked runs.

    Args:
        function: takes and returns trees whose leaves have a leading axis of runs.
        mesh: None leaves the function as it is.
        stacked: for each argument, whether it has that axis or is shared.
    """
    if mesh is None or mesh.shape[RUN] == 1:
        return function
    specs = tuple(PartitionSpec(RUN) if own else PartitionSpec() for own in stacked)
    return jax.shard_map(
        function,
        mesh=mesh,
        in_specs=specs,
        out_specs=PartitionSpec(RUN),
        axis_names={RUN},
        check_vma=False,
    )


def stack_runs(function: Any, in_axes: tuple[int | None, ...]) -> Any:
    """Maps over runs; an argument that is shared (None) may be a static Python value."""

    @functools.wraps(function)
    def mapped(*args: Any) -> Any:
        shared = {i: a for i, a in enumerate(args) if in_axes[i] is None}

        def one(*own: Any) -> Any:
            rest = iter(own)
            return function(*(shared[i] if i in shared else next(rest) for i in range(len(args))))

        return jax.vmap(one)(*(a for i, a in enumerate(args) if i not in shared))

    return mapped


def stack(trees: Sequence[Any]) -> Any:
    """Returns the single tree as it is, or several with their leaves stacked."""
    if len(trees) == 1:
        return trees[0]
    return jax.tree.map(lambda *leaves: jnp.stack([jnp.asarray(a) for a in leaves]), *trees)


class FirstAlone:
    """Lets the first call of a function finish before others begin.

    The first call compiles. Threads that call at the same time would each compile the same program.
    """

    def __init__(self, function: Callable[..., Any]):
        """Takes a jitted function."""
        self._function = function
        self._lock = threading.Lock()
        self._compiled = False

    def __call__(self, *args: Any) -> Any:
        """Calls the function."""
        if self._compiled:
            return self._function(*args)
        with self._lock:
            result = jax.block_until_ready(self._function(*args))
            self._compiled = True
            return result
