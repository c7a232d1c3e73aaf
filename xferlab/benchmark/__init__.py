"""Benchmark: from finished runs to honest tables, figures and reports."""

from etils import epy

with epy.lazy_api_imports(globals()):
    from xferlab.benchmark.html.report import write_report
    from xferlab.benchmark.store.records import (
        Curve,
        Embedding,
        Evaluation,
        Plane,
        RunRecord,
    )
    from xferlab.benchmark.tables.agreement import measure_agreement
    from xferlab.benchmark.tables.over_tasks import Comparison, compare_methods
    from xferlab.benchmark.tables.per_task import Table, build_table
    from xferlab.benchmark.tables.published import (
        Published,
        benchmarks,
        load_numbers,
        load_published,
        primary_rows,
    )
    from xferlab.benchmark.tables.selection import explain, select
    from xferlab.benchmark.tables.spec import TableSpec
    from xferlab.benchmark.text.per_task import to_csv, to_latex, to_markdown, to_terminal

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
