"""`RunSpec`: everything that decides a run's numbers, as plain data; its digest is the identity."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from xferlab.benchmark.suites.sweeps import Value
from xferlab.core.seeds import canonical_json, digest, stable_seed
from xferlab.models.spec import NetworkSpec
from xferlab.training.options import TrainingOptions


@dataclasses.dataclass(frozen=True, kw_only=True)
class TaskSpec:
    """A task by name and content.

    Attributes:
        name: what tables call it.
        sources: names of the source domains.
        target: name of the target domain.
        setting: the label of its setting.
        views: what the setting shows of source, target and shots, as numbers (`View`).
        fingerprint: changes with any byte of its domains.
    """

    name: str
    sources: tuple[str, ...]
    target: str
    setting: str
    views: tuple[int, ...]
    fingerprint: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class MethodSpec:
    """A method by name, its hyper-parameters that differ from the defaults, and its source.

    `source` is the digest of the file that defines the method and of all that this imports, see
    `xferlab.benchmark.runs.sources`: an edited loss is another method. `recipe` is the digest of
    the functions that change its stages, '' where none do; their names stand in `name`, after '+'.
    """

    name: str
    hyper: tuple[tuple[str, Value], ...] = ()
    source: str = ""
    recipe: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunSpec:
    """One run: task, method, network, training options and the index of the seed.

    Attributes:
        task: what is learnt from what.
        method: and its hyper-parameters.
        network: the network that it trains.
        training: budget and optimiser.
        seed: index of the seed.
        sees: the label of a setting that shows more than the suite's task, '' for none: the
            method's need, or a stage's. Such a run is an oracle.
        deterministic: whether the method draws nothing, so that one run says all.
        code: digest of the code that all runs share, see `xferlab.benchmark.runs.sources`.
        arithmetic: the precision of the arithmetic, where it is not JAX's default.
        start: digest of the kept run with whose weights this one begins, '' for none.
        kept: of a run of kept stages, each of them as JSON; such a run has no row in a table.
        inputs: digest of the kept run of a network whose features are the inputs of this run, ''
            where these are the task's.
        key: the seed of the run's key, where a suite names it; None for a hash.
    """

    task: TaskSpec
    method: MethodSpec
    network: NetworkSpec
    training: TrainingOptions
    seed: int
    sees: str = ""
    deterministic: bool = False
    code: str = ""
    arithmetic: str = ""
    start: str = ""
    kept: tuple[str, ...] = ()
    inputs: str = ""
    key: int | None = None

    @property
    def digest(self) -> str:
        """The run's identity: 16 hex digits of the hash of its JSON."""
        return digest(self.to_json())

    @property
    def random_seed(self) -> int:
        """The seed of the run's key: a hash of task and seed index, unless the spec names one.

        The method is left out on purpose: the runs of all methods with one seed index start from
        the same weights and see the same batches, so that tests over seeds are paired.
        """
        if self.key is not None:
            return self.key
        return stable_seed("kept" if self.kept else "run", self.task.name, self.seed)

    @property
    def title(self) -> str:
        """What messages call the run: 'dann on a->b, seed 0'."""
        return f"{self.method.name} on {self.task.name}, seed {self.seed}"

    @property
    def oracle(self) -> bool:
        """Whether the run is shown, in a stage or throughout, more than the suite's task shows."""
        return bool(self.sees)

    @property
    def hyper_json(self) -> str:
        """Canonical JSON of the hyper-parameters that differ from the defaults; '' for none."""
        return canonical_json(dict(self.method.hyper)) if self.method.hyper else ""

    def to_json(self) -> dict[str, Any]:
        """Returns the spec as plain JSON values, without what equals a default.

        A new field with a default thus changes no digest. A changed default would make old digests
        mean other numbers: tests/benchmark/store/test_spec.py holds the table of defaults.
        """
        return {
            name: _differing(part) if dataclasses.is_dataclass(part) else part
            for name, part in _differing(self).items()
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RunSpec:
        """Returns the spec of plain JSON values. Raises TypeError or KeyError for another form."""
        return cls(
            task=TaskSpec(**_tuples(data["task"])),
            method=MethodSpec(**_tuples(data["method"])),
            network=NetworkSpec(**_tuples(data["network"])),
            training=TrainingOptions(**_tuples(data["training"])),
            seed=data["seed"],
            **{name: _tuples(data[name]) for name in _PLAIN if name in data},
        )


_PLAIN = ("sees", "deterministic", "code", "arithmetic", "start", "kept", "inputs", "key")
"""The fields of a run that a spec on disk may leave out."""


def _differing(part: Any) -> dict[str, Any]:
    """Returns the fields of a dataclass that have no default or another value than it."""
    return {
        f.name: value
        for f in dataclasses.fields(part)
        if (value := getattr(part, f.name)) != f.default
    }


def _tuples(value: Any) -> Any:
    """Returns JSON values with every list, however deep, as a tuple."""
    if isinstance(value, Mapping):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(_tuples(item) for item in value) if isinstance(value, list | tuple) else value
