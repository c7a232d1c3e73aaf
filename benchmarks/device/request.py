"""What every part is told: sizes, folders and its deadline."""

from __future__ import annotations

import dataclasses
import json
import time
from typing import Any


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """The order for one part, plain JSON on its way to the process that measures.

    Attributes:
        tiny: smallest sizes that still give every row: for two CPU cores and tests.
        seconds: what the part may take; it stops before a measurement that will not fit.
        data_dir: folder of the data sets, '' for none.
        out: folder of the page, for runs too.
        started: when the part began, by `time.monotonic` of its own process.
    """

    tiny: bool
    seconds: float
    data_dir: str
    out: str
    started: float = dataclasses.field(default_factory=time.monotonic)

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return self.seconds - (time.monotonic() - self.started)

    def to_text(self) -> str:
        """Returns the order as JSON; the clock of the other process starts anew."""
        fields = dataclasses.asdict(self)
        del fields["started"]
        return json.dumps(fields)

    @classmethod
    def from_text(cls, text: str) -> Request:
        """Returns the order of `to_text`, begun now."""
        fields: dict[str, Any] = json.loads(text)
        return cls(**fields)
