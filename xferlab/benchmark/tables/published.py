"""Published numbers: all packaged rows for researchers, and those that stand beside ours.

`published/<benchmark>.csv` has the numbers and `<benchmark>.origins.csv` what many of them share:
protocol, selection, citation, status. docs/published.md says how to read and extend them;
`published_rows` says which rows belong to which task and method of ours.
"""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from xferlab.benchmark.tables.published_rows import (
    FIXED,
    PROTOCOLS,
    PUBLISHED,
    PublishedPart,
    PublishedRows,
)
from xferlab.core.errors import InputError
from xferlab.core.names import NameTable

SEEN = "seen"
COLUMNS = (
    *("origin", "benchmark", "protocol", "source", "target", "method", "backbone", "metric"),
    *("value", "std", "n_seeds", "selection", "citation", "seen_in", "status", "spread_kind"),
    "note",
)
_ORIGINS = ".origins.csv"


@dataclass(frozen=True)
class Published:
    """One published number.

    Attributes:
        task: Name of the task here.
        method: Name of the method here.
        value: What was measured on the target test split, percent.
        std: Spread over runs as printed, None if not printed.
        n_seeds: Number of runs, None if not stated.
        selection: How the checkpoint was chosen, in the words of the source.
        rule: The selection rule of ours it compares with; `fixed` compares with every rule,
            `not stated` with none.
        tolerance_points: How far ours may be from it; None where only the order of methods
            compares.
        protocol: Short name of how it was made.
        sentence: The protocol in a sentence.
        metric: Name of the metric here.
        n_tasks: How many tasks it is an average of.
        primary: Whether tables show this row: one protocol per (task, method).
        citation: Who published it.
        seen_in: The page or file in which it was read.
        status: `seen`; nothing else is accepted.
        note: What a reader must know about this row, often empty.
    """

    task: str
    method: str
    value: float
    std: float | None
    n_seeds: int | None
    selection: str
    rule: str
    tolerance_points: float | None
    protocol: str
    sentence: str
    metric: str
    n_tasks: int
    primary: bool
    citation: str
    seen_in: str
    status: str
    note: str


def benchmarks() -> tuple[str, ...]:
    """Returns the names of the packaged tables.

    >>> benchmarks()[:3]
    ('adatime', 'amazon_reviews', 'dg_other')
    """
    names = (entry.name for entry in _folder().iterdir())
    return tuple(sorted(n.removesuffix(_ORIGINS) for n in names if n.endswith(_ORIGINS)))


def load_numbers(benchmark: str) -> pd.DataFrame:
    """Returns all rows of a packaged table, joined with their origin.

    >>> numbers = load_numbers("office_caltech10")
    >>> numbers.query("method == '1NN' and origin == 'collected/surf'")["value"].mean().round(1)
    np.float64(31.4)

    Args:
        benchmark: One of `benchmarks()`.

    Returns:
        One row per number, columns `COLUMNS`: value and std are floats (NaN where not printed),
        n_seeds is an integer or missing, all others are text, '' where unknown. Domains and
        methods are as printed. `status` is `seen` or `recalled`.

    Raises:
        InputError: For an unknown table, or a row whose origin is not in its origin file.
    """
    NameTable("benchmark with published numbers", dict.fromkeys(benchmarks()))[benchmark]
    origins = _read(f"{benchmark}{_ORIGINS}")
    rows = _unfold(_read(f"{benchmark}.csv"), origins)
    unknown = sorted(set(rows["origin"]) - set(origins["origin"]))
    if unknown:
        raise InputError(f"origins {unknown} of {benchmark}.csv are not in {benchmark}{_ORIGINS}")
    numbers = rows.merge(origins, on="origin", validate="many_to_one")
    numbers = numbers.reindex(columns=list(COLUMNS), fill_value="")
    figures = ["value", "std", "n_seeds"]
    numbers[figures] = numbers[figures].replace("", "nan").astype(float)
    return numbers.astype({"n_seeds": "Int64"})


def load_published(suite: str) -> tuple[Published, ...]:
    """Returns the rows that stand in a suite's table, or may be compared with it.

    >>> rows = load_published("digits")
    >>> [row.value for row in primary_rows(rows) if row.method == "dann"]
    [91.7, 95.2, 90.8, 76.66]

    Args:
        suite: A name of `published_rows.PUBLISHED`.

    Raises:
        InputError: For a suite without published numbers, or a row that nobody has read where it
            is printed.
    """
    wanted = PUBLISHED[suite]
    numbers = load_numbers(wanted.benchmark)
    found: dict[tuple[str, ...], Published] = {}
    for part in wanted.parts:
        for row in _part_rows(numbers, wanted, part):
            found.setdefault((row.task, row.method, row.protocol, row.rule), row)
    protocol = {(row.task, row.method): row.protocol for row in reversed(found.values())}
    return tuple(
        replace(row, primary=protocol[row.task, row.method] == row.protocol)
        for row in found.values()
    )


def primary_rows(rows: Iterable[Published]) -> tuple[Published, ...]:
    """Returns the rows that stand in a table: one protocol per (task, method)."""
    return tuple(row for row in rows if row.primary)


def is_comparable(published_rule: str, rule: str) -> bool:
    """Tells whether a published number may be compared with ours under a selection rule.

    >>> is_comparable("oracle", "last"), is_comparable("fixed", "last")
    (False, True)
    """
    return published_rule in (rule, FIXED)


def _folder() -> Any:
    """Returns the folder of the packaged tables."""
    return importlib.resources.files("xferlab.benchmark.tables") / "literature"


def _read(name: str) -> pd.DataFrame:
    """Returns a packaged file, all cells as text."""
    with (_folder() / name).open("r", encoding="utf-8") as file:
        return pd.read_csv(file, dtype=str, keep_default_na=False)


def _unfold(rows: pd.DataFrame, origins: pd.DataFrame) -> pd.DataFrame:
    """Returns one row per number, also of a wide file.

    A wide file has, instead of `value` and `std`, one column per selection (or per metric, where
    the origins state the selection), with cells like `61.13±3.00`.
    """
    if "value" in rows:
        return rows
    field = "metric" if "selection" in origins else "selection"
    shared = [column for column in rows if column in COLUMNS]
    long = rows.melt(id_vars=shared, var_name=field, value_name="cell", ignore_index=False)
    long = long.query("cell != ''").sort_index(kind="stable").reset_index(drop=True)
    parts = long["cell"].str.partition("±")
    return long.drop(columns="cell").assign(value=parts[0], std=parts[2])


def _part_rows(
    numbers: pd.DataFrame, wanted: PublishedRows, part: PublishedPart
) -> Iterator[Published]:
    """Yields the rows of one part of a suite, in the order of its tasks."""
    by_task: dict[str, list[Published]] = {task: [] for task in wanted.tasks.values()}
    for row in numbers.to_dict("records"):
        task = wanted.tasks.get((row["source"], row["target"]))
        known = row["origin"] in part.origins and row["method"] in part.methods
        if task is not None and known and part.selection in ("", row["selection"]):
            by_task[task].append(_published(row, wanted, part))
    for rows in by_task.values():
        yield from rows


def _published(row: Mapping[Any, Any], wanted: PublishedRows, part: PublishedPart) -> Published:
    """Returns one row under our names; InputError unless it was read where it is printed."""
    if row["status"] != SEEN:
        raise InputError(
            f"published number of {row['method']!r} on {row['source']!r} -> {row['target']!r} has"
            f" the status {row['status']!r}; only {SEEN!r} may be shown. Read it at its source or"
            " remove it from `published_rows`."
        )
    std = None if pd.isna(row["std"]) else row["std"]
    tolerance = part.tolerance
    return Published(
        task=wanted.tasks[row["source"], row["target"]],
        method=part.methods[row["method"]],
        value=row["value"],
        std=std,
        n_seeds=None if pd.isna(row["n_seeds"]) else row["n_seeds"],
        selection=row["selection"],
        rule=part.rule,
        tolerance_points=None if tolerance is None else max(tolerance, 2 * (std or 0.0)),
        protocol=part.protocol,
        sentence=PROTOCOLS[part.protocol],
        metric=wanted.metric,
        n_tasks=wanted.n_tasks,
        primary=False,
        citation=row["citation"],
        seen_in=row["seen_in"],
        status=row["status"],
        note=row["note"],
    )
