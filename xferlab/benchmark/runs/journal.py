"""What is recorded of a run while it trains; plain JSON, so that a checkpoint can hold it."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from xferlab.benchmark.runs.scoring import Score
from xferlab.benchmark.store.outputs import KeptOutputs
from xferlab.training.logs import TermLog


@dataclasses.dataclass
class RunJournal:
    """The lines of metrics.jsonl so far, and the predicted classes of every evaluation."""

    lines: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    predictions: list[list[int]] = dataclasses.field(default_factory=list)
    embedding_before: list[list[float]] | None = None
    diverged: bool = False
    kept: KeptOutputs = dataclasses.field(default_factory=KeptOutputs)

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
        if score.outputs is None or score.view is None:
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
        self.kept.add(len(self.predictions), score.view)
        self.predictions.append(score.outputs.classes.tolist())

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
            "kept": self.kept.to_json(),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> RunJournal:
        """Returns the journal of plain JSON."""
        rest = {name: value for name, value in data.items() if name != "kept"}
        return cls(**rest, kept=KeptOutputs.from_json(data["kept"]))

    def arrays(self) -> dict[str, np.ndarray]:
        """Returns what goes into predictions.npz: predicted classes by evaluation, features."""
        arrays: dict[str, np.ndarray] = {"predictions": np.asarray(self.predictions, np.int32)}
        if self.embedding_before is not None:
            arrays["embedding_before"] = np.asarray(self.embedding_before, np.float32)
        return arrays
