"""Batches drawn on the host by grain: the path for domains that do not fit on the device.

The batch of a step is a pure function of (arrays, batch sizes, seed, step), computed at once for
the whole batch; the only state of the iterator is the next step. Splits are arrays in host memory.
Inputs come as they are stored: `scaling.scale_inputs` belongs into the step, so that 8-bit images
cross to the device as bytes.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import numpy as np

from xferlab.core.batch import Batch, Labelled, Unlabelled
from xferlab.core.errors import InputError
from xferlab.core.optional import require
from xferlab.core.roles import Roles
from xferlab.core.settings import Setting
from xferlab.data.feeds.samplers import SHUFFLED, GroupRows, group_rows
from xferlab.data.task import TransferTask

MAX_STEPS = 2**31 - 1
MAX_THREADS = 4


def stream_batches(
    task: TransferTask,
    *,
    setting: Setting | None = None,
    batch_sizes: Roles[int] | None = None,
    seed: int = 0,
    first_step: int = 0,
    prefetch_batches: int = 0,
    sampler: str = SHUFFLED,
) -> Any:
    """Returns a grain iterator over the batches of steps first_step, first_step + 1, ....

    Each role is shuffled anew in every epoch, on its own epoch clock: n examples are all visited
    once before one is visited again, and batches run on across the boundary.

    Args:
        task: whose training splits are read.
        setting: what a method may see; by default the task's own.
        batch_sizes: examples per step of each role; None for 64 of each.
        seed: of the order; the same seed gives the same batches.
        first_step: where to begin: a resumed run asks for the step that it is at.
        prefetch_batches: how many are drawn ahead in threads, which changes no batch. It pays where
            drawing one takes milliseconds (large images); 128 digits take 0.07 ms, and handing
            them from thread to thread ten times that.
        sampler: a name of `samplers.SAMPLERS`: how examples are drawn.

    Returns:
        An iterator of `Batch` (NumPy) with get_state and set_state, which Orbax can save too.

    Raises:
        InputError: a batch size below one, a sampler that does not fit, or grain is not installed.
    """
    sizes = Roles(64, 64, 64) if batch_sizes is None else batch_sizes
    if min(sizes) < 1:
        raise InputError(f"batch_sizes {batch_sizes} are not possible. Allowed: 1 or more each.")
    grain = require("grain", "grain")
    arrays = task.training_arrays(setting)
    groups = group_rows(sampler, arrays, sizes, task.heads[0].size, task.setting.classes)
    streams = [
        None if part is None else _Stream(part, own, size, (seed, role))
        for role, (part, own, size) in enumerate(zip(arrays, groups, sizes, strict=True))
    ]

    def batch_at(step: int) -> Batch:
        return Batch._make(None if stream is None else stream.draw(step) for stream in streams)

    reading = grain.ReadOptions(
        num_threads=min(prefetch_batches, MAX_THREADS), prefetch_buffer_size=prefetch_batches
    )
    return iter(
        grain.MapDataset.range(first_step, MAX_STEPS).map(batch_at).to_iter_dataset(reading)
    )


class _Stream:
    """The batches of one role."""

    def __init__(
        self,
        arrays: Labelled | Unlabelled,
        groups: GroupRows | None,
        batch_size: int,
        seed: tuple[int, int],
    ):
        self._arrays = arrays
        self._groups = groups or [np.arange(len(arrays.index))]
        self._batch_size = batch_size
        self._seed = seed
        # Prefetching threads work on neighbouring steps: one or two epochs are current at a time.
        self._order = functools.lru_cache(maxsize=4 * len(self._groups))(self._shuffle)

    def _shuffle(self, group: int, epoch: int) -> np.ndarray:
        """Returns the rows of a group in the order of one epoch; group 0 is seeded as a whole."""
        seed = [*self._seed, epoch, group] if group else [*self._seed, epoch]
        return np.random.default_rng(seed).permutation(self._groups[group])

    def _drawn(self, group: int, turns: np.ndarray) -> np.ndarray:
        """Returns the rows that stand at a group's turns, which are consecutive."""
        epochs, offsets = np.divmod(turns, len(self._groups[group]))
        orders = [
            self._order(group, int(epoch))[offsets[epochs == epoch]] for epoch in np.unique(epochs)
        ]
        return np.concatenate(orders)

    def draw(self, step: int) -> Labelled | Unlabelled:
        """Returns the examples of one step; the positions take turns between the groups."""
        positions = np.arange(step * self._batch_size, (step + 1) * self._batch_size)
        turns, group_of = np.divmod(positions, len(self._groups))
        chosen = np.empty_like(positions)
        for group in np.unique(group_of):
            chosen[group_of == group] = self._drawn(int(group), turns[group_of == group])
        return jax.tree.map(lambda array: array[chosen], self._arrays)
