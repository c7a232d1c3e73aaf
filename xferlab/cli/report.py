"""`xferlab report`: table and report from finished runs, without training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from absl import flags

from xferlab.benchmark.options import BenchOptions
from xferlab.benchmark.presentation import report_folder
from xferlab.cli.parsing import define_presentation_flags, parse
from xferlab.cli.printing import print_results


def run(argv: Sequence[str]) -> int:
    """Make tables and the HTML report anew from the finished runs of a folder."""
    values = flags.FlagValues()
    flags.DEFINE_string("out", "runs", "folder of the runs", flag_values=values)
    flags.DEFINE_string("suite", "", "only this suite's tasks; empty: all", flag_values=values)
    define_presentation_flags(values)
    parse(values, argv)
    options = BenchOptions(
        out=Path(values.out),
        metric=values.metric,
        validator=values.validator,
        interval=values.interval,
    )
    results = report_folder(options, suite=values.suite)
    print_results(results)
    return 0
