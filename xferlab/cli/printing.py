"""The results of a suite on the terminal."""

from __future__ import annotations

from xferlab.benchmark.agreement import agreement_to_terminal
from xferlab.benchmark.comparison_text import comparison_to_terminal
from xferlab.benchmark.presentation import Results
from xferlab.benchmark.rendering import to_terminal
from xferlab.benchmark.selection import LAST
from xferlab.cli.console import Terminal


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
