"""The runs of a suite as a report needs them: those that can be read, and what became of the rest.

A damaged run does not hide the others, and none is left out without a word.
"""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xferlab.benchmark.store.folders import RunStore
from xferlab.benchmark.store.load import load_record
from xferlab.benchmark.store.manifest import ManifestRun
from xferlab.benchmark.store.records import MissingRun, RunRecord
from xferlab.core.errors import InputError

NOT_FINISHED = "not finished"


@dataclass(frozen=True, eq=False)
class SuiteRuns:
    """The runs of a suite.

    Attributes:
        records: The runs that are finished and sound, in the suite's order.
        environments: What each of them ran on, as `environment.json` has it.
        problems: The others.
    """

    records: tuple[RunRecord, ...]
    environments: tuple[Mapping[str, Any], ...]
    problems: tuple[MissingRun, ...]


def read_runs(store: RunStore, runs: Sequence[ManifestRun]) -> SuiteRuns:
    """Returns the runs of a manifest.

    Raises:
        InputError: If not a single one can be read, though none is known to have failed.
    """
    records, environments, problems = [], [], []
    for run in runs:
        missing = MissingRun(run.digest, NOT_FINISHED, run.task, run.method, run.seed)
        if not store.has(run.digest):
            if run.failed:
                missing = dataclasses.replace(missing, what=run.failed, failed=True)
            problems.append(missing)
            continue
        try:
            records.append(load_record(store, run.digest))
        except InputError as error:
            problems.append(dataclasses.replace(missing, what=str(error)))
            continue
        environment = store.folder(run.digest) / "environment.json"
        environments.append(json.loads(environment.read_bytes()))
    if not records and not any(problem.failed for problem in problems):
        example = f", the first: {problems[0].what}" if problems else ""
        raise InputError(
            f"none of the suite's {len(runs)} runs in {str(store.root)!r} can be shown{example};"
            " run `xferlab bench` with the same --out to train what is missing"
        )
    return SuiteRuns(tuple(records), tuple(environments), tuple(problems))


def describe_environments(environments: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Returns what the runs ran on in words: a name and its value, with counts where runs differ.

    >>> describe_environments([{"python": "3.11", "versions": {"jax": "0.10"}}])
    {'jax': '0.10', 'python': '3.11'}
    """
    found: dict[str, Counter[str]] = {}
    for environment in environments:
        flat = dict(environment.get("versions", {})) | dict(environment)
        flat.pop("versions", None)
        for name, value in flat.items():
            found.setdefault(name, Counter())[str(value)] += 1
    return {name: _in_words(values) for name, values in found.items()}


def _in_words(values: Counter[str]) -> str:
    """Returns the value, or every value with the number of its runs."""
    if len(values) == 1:
        return next(iter(values))
    return ", ".join(f"{value} ({count} runs)" for value, count in values.most_common())
