"""Benchmark: from finished runs to honest tables, figures and reports."""

from etils import epy

with epy.lazy_api_imports(globals()):
    from xferlab.benchmark.agreement import measure_agreement
    from xferlab.benchmark.comparison import Comparison, compare_methods
    from xferlab.benchmark.published import (
        Published,
        benchmarks,
        load_numbers,
        load_published,
        primary_rows,
    )
    from xferlab.benchmark.records import (
        Curve,
        Embedding,
        Evaluation,
        Plane,
        RunRecord,
    )
    from xferlab.benchmark.rendering import to_csv, to_latex, to_markdown, to_terminal
    from xferlab.benchmark.report import write_report
    from xferlab.benchmark.selection import explain, select
    from xferlab.benchmark.tables import Table, TableSpec, build_table

__all__ = [
    "Comparison",
    "Curve",
    "Embedding",
    "Evaluation",
    "Plane",
    "Published",
    "RunRecord",
    "Table",
    "TableSpec",
    "benchmarks",
    "build_table",
    "compare_methods",
    "explain",
    "load_numbers",
    "load_published",
    "measure_agreement",
    "primary_rows",
    "select",
    "to_csv",
    "to_latex",
    "to_markdown",
    "to_terminal",
    "write_report",
]
