"""The training data of a suite on the device: one copy for all packs that see the same."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from xferlab.benchmark.runs.plan import Pack
from xferlab.core.roles import Roles
from xferlab.core.settings import Setting
from xferlab.data.feeds.resident import Resident, check_batch_sizes, to_resident


class Residents:
    """Puts training splits on the device, padded to one length for each network.

    Programs of one network then fit all of its tasks. Safe for several threads.
    """

    def __init__(self, packs: Sequence[Pack]):
        """Takes the packs that share programs."""
        self._pad = _common_lengths(packs)
        self._loaded: dict[Any, Resident] = {}
        self._lock = threading.Lock()

    def shared(self, pack: Pack, setting: Setting) -> Resident:
        """Returns what a setting shows of a pack's task, loaded once."""
        key = (pack.task.fingerprint, setting)
        with self._lock:
            if key not in self._loaded:
                self._loaded[key] = self.load(pack, setting)
            return self._loaded[key]

    def load(self, pack: Pack, setting: Setting) -> Resident:
        """Returns a copy of its own. Raises InputError for a batch larger than its split."""
        splits = pack.task.training_arrays(setting, oracle=pack.runs[0][0].oracle)
        check_batch_sizes(splits, pack.suite_task.training.sizes)
        return to_resident(splits, pad_to=self._pad[pack.suite_task.network])


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
