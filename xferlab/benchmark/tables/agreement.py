"""How far our numbers are from the published ones, method by method: levels and gains.

Levels compare under the same selection rule only; rows under another rule are kept for
orientation and say so. Gains over the baseline compare better than levels, because the published
source-only models differ in strength by more than most methods gain.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from xferlab.benchmark.tables.per_task import Table
from xferlab.benchmark.tables.published import Published, is_comparable
from xferlab.benchmark.tables.spec import TableSpec
from xferlab.core.checks import check_type

COLUMNS = (
    *("rule", "method", "comparable", "published_rules", "protocols", "tasks"),
    *("ours_percent", "published_percent", "mean_absolute_difference_points"),
    *("largest_difference_points", "largest_difference_task", "judged", "outside_tolerance"),
    *("gain_tasks", "our_gain_points", "published_gain_points"),
)


def measure_agreement(table: Table) -> pd.DataFrame:
    """Returns one row per (rule, method, comparable) of a table with published numbers.

    Returns:
        Columns `COLUMNS`. `comparable`: the published rule is the rule, or `fixed`. Over the
        `tasks` that have both numbers: ours_percent and published_percent are means, the
        differences are ours minus published, outside_tolerance counts cells of the `judged` ones.
        Over the `gain_tasks` whose protocol has published the baseline too: mean gain over it,
        ours seed by seed. Missing numbers are NaN; no row without a published number.
    """
    check_type("table", table, Table, "the Table that xferlab.compare or build_table returns")
    cells = table.cells.dropna(subset=["published_percent", "mean"])
    compares = [
        is_comparable(theirs, ours)
        for theirs, ours in zip(cells["published_rule"], cells["rule"], strict=True)
    ]
    groups = cells.assign(comparable=compares).groupby(["rule", "method", "comparable"])
    rows = [_row(group, table.spec) for _, group in groups]
    rules, methods = list(table.spec.rules), list(table.cells["method"].unique())
    rows.sort(
        key=lambda row: (
            rules.index(row["rule"]),
            methods.index(row["method"]),
            not row["comparable"],
        )
    )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(cells: pd.DataFrame, spec: TableSpec) -> dict[str, Any]:
    """Returns the agreement of one method under one rule."""
    first = cells.iloc[0]
    difference = cells["mean"] - cells["published_percent"]
    largest = difference.abs().idxmax()
    judged = cells.dropna(subset=["outside_tolerance"])
    row = {name: first[name] for name in ("rule", "method", "comparable")}
    row |= {"published_rules": ", ".join(dict.fromkeys(cells["published_rule"]))}
    row |= {"protocols": ", ".join(dict.fromkeys(cells["published_protocol"]))}
    row |= {"tasks": len(cells), "judged": len(judged)}
    row |= {"ours_percent": cells["mean"].mean()}
    row |= {"published_percent": cells["published_percent"].mean()}
    row |= {"mean_absolute_difference_points": difference.abs().mean()}
    row |= {"largest_difference_points": difference[largest]}
    row |= {"largest_difference_task": cells["task"][largest]}
    row |= {"outside_tolerance": int(judged["outside_tolerance"].to_numpy(bool).sum())}
    return row | _gains(cells, spec)


def _gains(cells: pd.DataFrame, spec: TableSpec) -> dict[str, Any]:
    """Returns mean gains over the baseline, where the same protocol has published it."""
    gains = [
        (cell["difference_points"], cell["published_percent"] - baseline.value)
        for cell in cells.to_dict("records")
        if pd.notna(cell["difference_points"]) and (baseline := _baseline(cell, spec)) is not None
    ]
    ours, published = (pd.Series([gain[i] for gain in gains], dtype=float) for i in (0, 1))
    means = {"our_gain_points": ours.mean(), "published_gain_points": published.mean()}
    return {"gain_tasks": len(gains)} | means


def _baseline(cell: dict[Any, Any], spec: TableSpec) -> Published | None:
    """Returns the published baseline of a cell's task and protocol; its rule first, then any."""
    rows = [
        row
        for row in spec.published
        if (row.task, row.method) == (cell["task"], spec.baseline)
        and (row.protocol, row.metric) == (cell["published_protocol"], spec.metric)
    ]
    same_rule = [row for row in rows if row.rule == cell["published_rule"]]
    return next(iter(same_rule + rows), None)
