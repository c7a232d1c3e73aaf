"""What is recorded of a run while it trains; plain JSON, so that a checkpoint can hold it."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from xferlab.benchmark.runs.scoring import Score
from xferlab.benchmark.store.outputs import KeptOutputs
from xferlab.benchmark.store.predictions import FurtherHeads
from xferlab.core.tree_files import arrays_from_json, arrays_to_json
from xferlab.training.logs import TermLog


@dataclasses.dataclass
class RunJournal:
    """The lines of metrics.jsonl so far, and what every evaluation predicted."""

    lines: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    predictions: list[list[int]] = dataclasses.field(default_factory=list)
    embedding_before: list[list[float]] | None = None
    diverged: bool = False
    kept: KeptOutputs = dataclasses.field(default_factory=KeptOutputs)
    further: FurtherHeads = dataclasses.field(default_factory=FurtherHeads)

    def add_log(self, step: int, log: TermLog) -> None:
        """Records the terms since the previous log, or the fault that ends the run's records."""
        if self.diverged:
            return
        if log.bad_step is not None:
            self._fail(log.bad_step, str(log.bad_term))
            return
        self.lines.append({"kind": "curve", "step": step, "terms": log.means})

    def add_score(self, step: int, score: Score) -> None:
        """Records one evaluation; outputs that are not finite end the run's records."""
        if self.diverged:
            return
        if score.view is None:
            self._fail(step, "outputs")
            return
        self.lines.append(
            {
                "kind": "evaluation",
                "step": step,
                "metrics": score.metrics,
                "validators": score.validators,
            }
        )
        classes, *further = score.predictions
        self.kept.add(len(self.predictions), score.view)
        self.further.add(len(self.predictions), further)
        self.predictions.append(classes.tolist())

    def _fail(self, step: int, term: str) -> None:
        self.diverged = True
        self.lines.append({"kind": "diverged", "step": step, "term": term})

    def to_json(self) -> dict[str, Any]:
        """Returns the journal as plain JSON."""
        return {
            "lines": self.lines,
            "predictions": self.predictions,
            "embedding_before": self.embedding_before,
            "diverged": self.diverged,
            "kept": arrays_to_json(self.kept.arrays),
            "further": arrays_to_json(self.further.arrays),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> RunJournal:
        """Returns the journal of plain JSON."""
        kept = KeptOutputs(arrays_from_json(data["kept"]))
        further = FurtherHeads(arrays_from_json(data["further"]))
        return cls(**(data | {"kept": kept, "further": further}))

    def arrays(self) -> dict[str, np.ndarray]:
        """Returns what goes into predictions.npz: predictions by evaluation, features."""
        arrays = {"predictions": np.asarray(self.predictions, np.int32), **self.further.arrays}
        if self.embedding_before is not None:
            arrays["embedding_before"] = np.asarray(self.embedding_before, np.float32)
        return arrays
