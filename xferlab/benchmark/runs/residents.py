"""The training data of a suite: a device copy of each split for all packs, or a stream."""

from __future__ import annotations

import collections
import os
import threading
import weakref
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from xferlab.benchmark.runs.plan import Pack
from xferlab.core.batch import Batch
from xferlab.core.roles import Roles
from xferlab.core.settings import Setting
from xferlab.data.feeds.resident import check_batch_sizes, pad_rows, to_resident
from xferlab.data.feeds.streamed import Streamed
from xferlab.training.feeding import Feed

PREFETCH = 4
"""Batches that a stream fetches ahead."""


class Residents:
    """Puts training splits on the device, padded to one length for each network.

    Programs of one network then fit all of its tasks. A domain that is the source of one task and
    the target of another is there once. What no waiting pack needs is given back. Safe for several
    threads.
    """

    def __init__(self, packs: Sequence[Pack], feed: str = "auto"):
        """Takes the packs that share programs, and where their data are (`options.FEEDS`)."""
        self._pad = _common_lengths(packs)
        self._feed = feed
        self._waiting = collections.Counter(map(_data_of, packs))
        self._loaded: dict[str, dict[Any, Feed]] = collections.defaultdict(dict)
        self._copies = DeviceCopies()
        self._lock = threading.Lock()

    def shared(self, pack: Pack, setting: Setting) -> Feed:
        """Returns what a setting shows of a pack's task, loaded once."""
        key = (pack.task.fingerprint, setting)
        with self._lock:
            loaded = self._loaded[_data_of(pack)]
            if key not in loaded:
                loaded[key] = self.load(pack, setting)
            return loaded[key]

    def load(self, pack: Pack, setting: Setting) -> Feed:
        """Returns what a setting shows of a pack's task; its splits are shared while in use.

        Raises:
            InputError: a batch larger than its split.
        """
        splits = pack.task.training_arrays(setting, oracle=pack.runs[0][0].oracle)
        check_batch_sizes(splits, pack.suite_task.training.sizes)
        pad_to = self._pad[pack.suite_task.network]
        if self._streams(splits, pad_to):
            return Streamed.of(splits, prefetch=PREFETCH)
        return to_resident(splits, pad_to=pad_to, put=self._copies.put)

    def release(self, pack: Pack) -> None:
        """Gives back what no pack needs once this one is done."""
        with self._lock:
            name = _data_of(pack)
            self._waiting[name] -= 1
            if self._waiting[name] <= 0:
                self._loaded.pop(name, None)

    def _streams(self, splits: Batch, pad_to: Roles[int]) -> bool:
        if self._feed != "auto":
            return self._feed == "streamed"
        parts = zip(splits, pad_to, strict=True)
        return sum(_padded_bytes(part, n) for part, n in parts if part is not None) > memory() // 2


class DeviceCopies:
    """Arrays of the host on the device, each once while anything uses it."""

    def __init__(self) -> None:
        """Starts empty."""
        self._held: dict[tuple[int, int], tuple[np.ndarray, weakref.ref[Array]]] = {}

    def put(self, array: np.ndarray, length: int) -> Array:
        """Returns the array on the device, padded by rows of zeros up to a length."""
        key = (id(array), length)
        own, copy = self._held.get(key, (None, lambda: None))
        kept = copy() if own is array else None
        if kept is None:
            kept = jnp.asarray(pad_rows(array, length))
            self._held[key] = (array, weakref.ref(kept, lambda _: self._held.pop(key, None)))
        return kept


def memory() -> int:
    """Returns the bytes of the device's memory; of a CPU, of the machine's."""
    stats = jax.devices()[0].memory_stats() or {}
    return stats.get("bytes_limit") or os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _data_of(pack: Pack) -> str:
    """Returns what names a pack's data, whether its inputs are features by now or not."""
    return pack.runs[0][0].task.fingerprint


def _padded_bytes(part: Any, length: int) -> int:
    rows = len(part.index)
    return sum(a.nbytes for a in jax.tree.leaves(part.inputs)) * max(rows, length) // max(rows, 1)


def _common_lengths(packs: Sequence[Pack]) -> dict[Any, Roles[int]]:
    """Returns, for each network, the most training examples that a role has in its tasks."""
    lengths: dict[Any, Roles[int]] = {}
    for pack in packs:
        own = pack.task.sizes
        if pack.reverse:
            own = own._replace(source=max(own[:2]), target=max(own[:2]))
        known = lengths.get(pack.suite_task.network, own)
        lengths[pack.suite_task.network] = Roles(*map(max, own, known))
    return lengths
