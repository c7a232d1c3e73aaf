"""`xferlab.compare`: methods on two domains of one's own, from Python."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from xferlab.benchmark.external import find_methods
from xferlab.benchmark.grid import Pack
from xferlab.benchmark.options import BenchOptions
from xferlab.benchmark.own_data import own_suite
from xferlab.benchmark.run import plan_suite, run_suite
from xferlab.benchmark.suite import SuiteRequest
from xferlab.benchmark.tables import Table
from xferlab.data.domain import Domain


def compare(
    source: Domain,
    target: Domain,
    *,
    methods: Sequence[str] = ("source_only", "dann"),
    seeds: int = 5,
    steps: int = 0,
    out: str | Path = "",
) -> Table:
    """Trains methods from one domain to another and returns the table of their scores.

    Target labels of the training split are hidden from every method but target_only; scores are on
    the target's test split. `to_markdown` and its like (`xferlab.benchmark`) print the table.

    Args:
        source: labelled domain.
        target: domain of the same input shape and classes.
        methods: names (`xferlab list`), or path/to/file.py:Class; the first one is the baseline
            unless source_only is among them.
        seeds: number of runs of each method.
        steps: training steps of a run; 0 for 1000.
        out: folder that keeps runs and report, and from which the same call goes on where it was;
            '' keeps nothing.

    Raises:
        InputError: domains that do not fit together, or an unknown method.
    """
    if out:
        return _run(source, target, methods, seeds, steps, Path(out))
    with tempfile.TemporaryDirectory() as folder:
        return _run(source, target, methods, seeds, steps, Path(folder))


def _run(
    source: Domain, target: Domain, methods: Sequence[str], seeds: int, steps: int, out: Path
) -> Table:
    suite = own_suite(source, target, "", SuiteRequest(steps=steps))
    options = BenchOptions(out=out, seeds=seeds)
    packs = plan_suite(suite, list(find_methods(methods).values()), options)
    return run_suite(suite, packs, options, _silent).table


def _silent(pack: Pack, steps: int, state: str) -> None:
    """Reports no progress."""
