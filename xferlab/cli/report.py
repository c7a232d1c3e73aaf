"""`xferlab report`: table and report from finished runs, without training."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from absl import flags

from xferlab.benchmark.collection import present_collection
from xferlab.benchmark.present import report_suite, suites_of
from xferlab.benchmark.runs.options import BenchOptions, check_presentation
from xferlab.benchmark.suites.table import COLLECTIONS
from xferlab.cli.parsing import define_presentation_flags, parse
from xferlab.cli.printing import print_results
from xferlab.core.errors import InputError


def run(argv: Sequence[str]) -> int:
    """Make tables and the HTML report anew from the finished runs of a folder."""
    values = flags.FlagValues()
    flags.DEFINE_string("out", "runs", "folder of the runs", flag_values=values)
    flags.DEFINE_string(
        "suite", "", "only this suite; empty: every one of the folder, in turn", flag_values=values
    )
    define_presentation_flags(values)
    parse(values, argv)
    options = BenchOptions(
        out=Path(values.out),
        metric=values.metric,
        validator=values.validator,
        interval=values.interval,
    )
    check_presentation(options)
    status = 0
    found = suites_of(options.out)
    shown = {}
    for name in [found.resolve(values.suite)] if values.suite else list(found):
        try:
            shown[name] = report_suite(options, name)
            print_results(shown[name])
        except InputError as error:
            if len(found) == 1 or values.suite:
                raise
            print(f"error: {name}: {error}", file=sys.stderr)
            status = 2
    for name, (title, suites) in COLLECTIONS.items():
        if all(each in shown for each in suites):
            results = {each: shown[each] for each in suites}
            print(f"overview: {present_collection(name, title, results).resolve()}")
    return status
