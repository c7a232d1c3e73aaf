"""The runs of a suite as a report needs them: those that can be read, and what became of the rest.

A damaged run does not hide the others, and none is left out without a word.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xferlab.benchmark.loading import load_record
from xferlab.benchmark.records import MissingRun, RunRecord
from xferlab.benchmark.store import RunStore
from xferlab.core.errors import InputError


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


def read_runs(store: RunStore, digests: Sequence[str]) -> SuiteRuns:
    """Returns the runs with these digests.

    Raises:
        InputError: If not a single one can be read.
    """
    records, environments, problems = [], [], []
    for digest in digests:
        if not store.has(digest):
            problems.append(MissingRun(digest, "not finished"))
            continue
        try:
            records.append(load_record(store, digest))
        except InputError as error:
            problems.append(MissingRun(digest, str(error)))
            continue
        environments.append(json.loads((store.folder(digest) / "environment.json").read_bytes()))
    if not records:
        example = f", the first: {problems[0].what}" if problems else ""
        raise InputError(
            f"none of the suite's {len(digests)} runs in {str(store.root)!r} can be shown{example};"
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
