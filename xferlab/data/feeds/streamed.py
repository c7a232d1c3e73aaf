"""Training splits whose inputs stay on the host: the path for domains too large for the device.

Which examples a step draws is what `resident.draw_batch` says of the same splits without their
inputs, which then are fetched row by row: a streamed run sees the batches of a resident one. The
batch of a step is a pure function of the key and the step, so there is no data position to store.
Inputs come as they are stored: `scaling.scale_inputs` belongs into the step, so that 8-bit images
cross to the device as bytes.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, Key

from xferlab.core.batch import Batch, Episodes, Part
from xferlab.core.errors import InputError
from xferlab.core.inputs import Inputs, in_memory
from xferlab.core.optional import require
from xferlab.core.roles import Roles
from xferlab.core.settings import ClassRelation, Setting
from xferlab.data.feeds.resident import Resident, draw_batch, to_resident, with_sampler
from xferlab.data.feeds.samplers import SHUFFLED
from xferlab.data.task import TransferTask

MAX_STEPS = 2**31 - 1
MAX_THREADS = 4
AHEAD = 32
"""Steps whose examples are drawn in one call."""


@dataclasses.dataclass(frozen=True, eq=False)
class Streamed:
    """What a setting shows of a task, its inputs on the host and the rest on the device.

    Attributes:
        drawn: the splits with the row numbers of their inputs in the place of these.
        inputs: of each role, [n, ...]; anything with a length that returns the rows of an array of
            positions. None where the role is hidden.
        prefetch: batches that are fetched ahead in threads, which changes none of them. It pays
            where one takes milliseconds (large images); 128 digits take 0.07 ms, and handing them
            from thread to thread ten times that.
    """

    drawn: Resident
    inputs: Roles[Inputs | None]
    prefetch: int = 0

    @classmethod
    def of(cls, splits: Batch, *, prefetch: int = 0) -> Streamed:
        """Returns the feed of whole splits (NumPy, as `TransferTask.training_arrays` gives them).

        Raises:
            InputError: grain is not installed.
        """
        require("grain", "grain")
        numbered = Batch._make(map(_numbered, splits))
        inputs = Roles(*(None if part is None else part.inputs for part in splits))
        return cls(to_resident(numbered), inputs, prefetch)

    def with_sampler(
        self,
        sampler: str | Episodes,
        batch_sizes: Roles[int],
        classes: int,
        relation: ClassRelation = "equal",
    ) -> Streamed:
        """Returns the feed as a sampler draws from it, see `resident.with_sampler`."""
        drawn = with_sampler(self.drawn, sampler, batch_sizes, classes, relation)
        return dataclasses.replace(self, drawn=drawn)

    @property
    def sizes(self) -> Roles[Int[Array, ""]]:
        """How many examples each role has; 0 where it is hidden."""
        return self.drawn.sizes

    def batches(
        self, key: Key[Array, "*runs"], first_step: int, batch_sizes: Roles[int]
    ) -> Iterator[Batch]:
        """Returns a grain iterator over the batches of steps first_step, first_step + 1, ....

        Args:
            key: the key of a run's data order, or of several runs; batches are stacked then.
            first_step: where to begin: a resumed run asks for the step that it is at.
            batch_sizes: examples per step of each role.

        Returns:
            An iterator of `Batch` (NumPy) with get_state and set_state, which Orbax can save too.
        """
        grain = require("grain", "grain")
        # Prefetching threads work on neighbouring steps: at most two blocks are current.
        block = functools.lru_cache(maxsize=4)(
            lambda number: jax.device_get(
                _draw_ahead(self.drawn, key, jnp.int32(number * AHEAD), batch_sizes)
            )
        )

        def batch_at(step: int) -> Batch:
            drawn = jax.tree.map(lambda array: array[step % AHEAD], block(step // AHEAD))
            return Batch._make(map(_fetched, drawn, self.inputs))

        reading = grain.ReadOptions(
            num_threads=min(self.prefetch, MAX_THREADS), prefetch_buffer_size=self.prefetch
        )
        return iter(
            grain.MapDataset.range(first_step, MAX_STEPS).map(batch_at).to_iter_dataset(reading)
        )


def _numbered(part: Part) -> Part:
    """Returns a role with the numbers of its rows for inputs."""
    return (
        None if part is None else part._replace(inputs=np.arange(len(part.index), dtype=np.int32))
    )


def _fetched(part: Part, inputs: Inputs | None) -> Part:
    """Returns a drawn role with its inputs, of one run [b, ...] or several [runs, b, ...]."""
    if part is None or inputs is None:
        return None
    rows = part.inputs
    fetched = in_memory(inputs[rows.reshape(-1)])
    return part._replace(
        inputs=jax.tree.map(lambda array: array.reshape(*rows.shape, *array.shape[1:]), fetched)
    )


@functools.partial(jax.jit, static_argnums=3)
def _draw_ahead(
    drawn: Resident, key: Key[Array, "*runs"], first: Int[Array, ""], batch_sizes: Roles[int]
) -> Batch:
    """Returns what `AHEAD` steps draw, along a leading axis; several runs lie along the next."""

    def at(step: Array) -> Batch:
        own = functools.partial(draw_batch, drawn, step=step, batch_sizes=batch_sizes)
        return jax.vmap(own)(key) if key.ndim else own(key)

    return jax.lax.map(at, first + jnp.arange(AHEAD))


def stream_batches(
    task: TransferTask,
    *,
    setting: Setting | None = None,
    batch_sizes: Roles[int] | None = None,
    seed: int = 0,
    first_step: int = 0,
    prefetch_batches: int = 0,
    sampler: str | Episodes = SHUFFLED,
) -> Any:
    """Returns a grain iterator over the batches of steps first_step, first_step + 1, ....

    Each role is shuffled anew in every epoch (unless the sampler says otherwise), on its own epoch
    clock: n examples are all visited once before one is visited again, and batches run on across
    the boundary.

    Args:
        task: whose training splits are read.
        setting: what a method may see; by default the task's own.
        batch_sizes: examples per step of each role; None for 64 of each.
        seed: of the order; the same seed gives the same batches.
        first_step: where to begin: a resumed run asks for the step that it is at.
        prefetch_batches: how many are fetched ahead in threads, see `Streamed`.
        sampler: how examples are drawn: a name of `samplers.SAMPLERS`, or `Episodes`.

    Returns:
        An iterator of `Batch` (NumPy) with get_state and set_state, which Orbax can save too.

    Raises:
        InputError: a batch size below one, a sampler that does not fit, or grain is not installed.
    """
    sizes = Roles(64, 64, 64) if batch_sizes is None else batch_sizes
    if min(sizes) < 1:
        raise InputError(f"batch_sizes {batch_sizes} are not possible. Allowed: 1 or more each.")
    feed = Streamed.of(task.training_arrays(setting), prefetch=prefetch_batches)
    feed = feed.with_sampler(sampler, sizes, task.heads[0].size, task.setting.classes)
    return feed.batches(jax.random.key(seed), first_step, sizes)
