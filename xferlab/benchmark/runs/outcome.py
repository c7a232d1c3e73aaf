"""What did not go as planned while a suite ran: packs that failed, records that were repaired."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from xferlab.benchmark.runs.plan import Pack
from xferlab.benchmark.store.folders import RunStore
from xferlab.core.errors import InputError

FAILED = "failed"
"""The state of a pack that could not run; its steps are then all done with."""


def describe_progress(store: RunStore, packs: Sequence[Pack]) -> str:
    """Returns in words how many runs of these are finished in a store, and how many begun."""
    digests = {spec.digest: pack for pack in packs for spec, _ in pack.runs}
    left = [pack for digest, pack in digests.items() if not store.has(digest)]
    begun = sum(store.checkpoint_folder(pack.runs[0][0].digest).is_dir() for pack in left)
    return (
        f"{len(digests) - len(left)} of {len(digests)} runs are finished and {begun} more saved"
        f" midway in {str(store.root)!r}"
    )


class Failure(NamedTuple):
    """A pack that could not run, and why."""

    pack: Pack
    error: Exception

    @property
    def reason(self) -> str:
        """The message; of an error that is not addressed to users with its type."""
        expected = isinstance(self.error, InputError)
        return str(self.error) if expected else f"{type(self.error).__name__}: {self.error}"


class Outcome(NamedTuple):
    """What did not go as planned.

    Attributes:
        failures: packs that could not run.
        repaired: digest → sentence, for runs that were damaged and are trained anew.
    """

    failures: list[Failure]
    repaired: dict[str, str]
