"""The results of a suite on the terminal."""

from __future__ import annotations

import sys
import traceback

from xferlab.benchmark.present import Results
from xferlab.benchmark.tables.selection import LAST
from xferlab.benchmark.text.agreement import agreement_to_terminal
from xferlab.benchmark.text.over_tasks import comparison_to_terminal
from xferlab.benchmark.text.per_task import to_terminal
from xferlab.cli.console import Terminal
from xferlab.core.errors import InputError


def print_results(results: Results) -> None:
    """Prints the table, the comparison over tasks without a selection, and where the report is.

    The comparisons under the other rules are in the report and the Markdown file.
    """
    console = Terminal()
    console.print(to_terminal(results.table))
    for comparison in results.comparisons:
        if comparison.rule == LAST:
            console.print(comparison_to_terminal(comparison))
    if any(results.agreement["comparable"]):
        console.print(agreement_to_terminal(results.agreement))
    print(f"report: {results.report.resolve()}")


def print_problems(results: Results) -> int:
    """Prints what did not go as planned, and returns the exit status: 1 if a method failed."""
    for remark in results.remarks:
        print(f"note: {remark}", file=sys.stderr)
    reasons: dict[str, list[str]] = {}
    for failure in results.failures:
        if not isinstance(failure.error, InputError):
            traceback.print_exception(failure.error)
        specs = [spec for spec, _ in failure.pack.runs]
        cells = [f"{spec.method.name} on {spec.task.name}" for spec in specs]
        reasons.setdefault(failure.reason, []).extend(cells)
    for reason, cells in reasons.items():
        print(f"error: could not run {', '.join(dict.fromkeys(cells))}: {reason}", file=sys.stderr)
    return 1 if results.failures else 0
