"""From a suite to finished runs, and from these to its table, report and the files of both."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from xferlab.benchmark.figures.gains import gain_map_figure
from xferlab.benchmark.figures.ranks import rank_figure
from xferlab.benchmark.html.report import write_report
from xferlab.benchmark.html.sections import Extras, Section
from xferlab.benchmark.runs.executor import OnProgress
from xferlab.benchmark.runs.options import INTERVALS, BenchOptions, check_presentation
from xferlab.benchmark.runs.outcome import Failure
from xferlab.benchmark.runs.plan import Pack
from xferlab.benchmark.runs.suite_run import train_suite
from xferlab.benchmark.store.folders import RunStore
from xferlab.benchmark.store.load_suite import SuiteRuns, describe_environments, read_runs
from xferlab.benchmark.store.manifest import find_manifests, read_manifest
from xferlab.benchmark.store.records import ORACLE, RunRecord
from xferlab.benchmark.store.scores import with_metric, with_scores
from xferlab.benchmark.suites.header import SuiteHeader
from xferlab.benchmark.suites.suite import Suite
from xferlab.benchmark.tables.agreement import measure_agreement
from xferlab.benchmark.tables.over_tasks import Comparison, compare_methods
from xferlab.benchmark.tables.per_task import Table, build_table
from xferlab.benchmark.tables.published import load_published
from xferlab.benchmark.tables.selection import LAST
from xferlab.benchmark.tables.spec import TableSpec
from xferlab.benchmark.text.agreement import agreement_to_markdown
from xferlab.benchmark.text.over_tasks import comparison_to_markdown, make_block
from xferlab.benchmark.text.per_task import make_blocks, to_csv, to_latex, to_markdown
from xferlab.benchmark.text.shown_table import ShownTable
from xferlab.core.bibliography import citation
from xferlab.core.errors import InputError
from xferlab.core.files import disk_errors, write_aside
from xferlab.core.names import NameTable
from xferlab.evaluation.metric_table import LABEL_FREE, metric_named
from xferlab.methods.recipes import REFERENCES
from xferlab.methods.table import ALL_METHODS

AGREEMENT = "Ours beside the published numbers"


@dataclasses.dataclass(frozen=True)
class Results:
    """What a suite left.

    Attributes:
        records: its finished runs.
        table: the numbers of every task; those by other metrics stand in its `further`.
        comparisons: over all tasks, under each selection rule; none for a single task or method.
        agreement: ours beside the published numbers, a row per rule and method; empty without any.
        report: the HTML file.
        remarks: sentences about the folder: what was repaired, what was kept under another name.
        failures: packs that could not run.
    """

    records: tuple[RunRecord, ...]
    table: ShownTable
    comparisons: tuple[Comparison, ...]
    agreement: pd.DataFrame
    report: Path
    remarks: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()


def run_suite(
    suite: Suite, packs: Sequence[Pack], options: BenchOptions, report: OnProgress
) -> Results:
    """Trains what is missing, then writes tables and report from the records alone.

    Raises:
        InputError: see `train_suite`.
    """
    ran = train_suite(suite, packs, options, report)
    results = present(ran.header, ran.runs, options)
    return dataclasses.replace(results, remarks=ran.remarks, failures=ran.failures)


def present(suite: SuiteHeader, runs: SuiteRuns, options: BenchOptions) -> Results:
    """Builds the tables of a suite and writes them, with the report, beside the runs."""
    spec = _table_spec(suite, runs, options)
    store = RunStore(options.out)
    for rule in spec.rules:
        runs = dataclasses.replace(runs, records=with_scores(store, runs.records, rule))
    for metric in options.metrics_of(suite):
        runs = dataclasses.replace(runs, records=with_metric(store, runs.records, metric))
    table = build_table(runs.records, spec)
    table = dataclasses.replace(table, further=_further_tables(suite, runs, table.spec, options))
    table = ShownTable.of(table)
    comparisons = _compare(runs.records, table.spec)
    agreement = measure_agreement(table)
    results = Results(
        runs.records,
        table,
        comparisons,
        agreement,
        options.out / f"{suite.name}.html",
    )
    for suffix, text in _texts(results).items():
        path = options.out / f"{suite.name}.{suffix}"
        with disk_errors(path):
            write_aside(path, text.encode())
    write_report(
        runs.records,
        table,
        results.report,
        versions=describe_environments(runs.environments),
        references=_references(runs.records),
        extras=Extras(
            problems=runs.problems,
            sections=tuple(_sections(results)),
            class_names=suite.class_names,
        ),
    )
    return results


def _table_spec(suite: SuiteHeader, runs: SuiteRuns, options: BenchOptions) -> TableSpec:
    every = (*runs.records, *runs.problems)
    methods = list(dict.fromkeys(run.method for run in every))
    protocol = suite.protocol
    if runs.problems:
        total = len(every)
        protocol = (f"UNFINISHED: {len(runs.records)} of {total} runs.", *protocol)
    metric = options.metrics_of(suite)[0]
    rules = (LAST, options.validator or suite.validator, ORACLE)
    return TableSpec(
        title=suite.title,
        rules=rules[:2] if metric in LABEL_FREE else rules,
        metric=metric,
        baseline=suite.baseline if suite.baseline in methods else methods[0],
        published=load_published(suite.published) if suite.published else (),
        protocol=protocol,
        interval=INTERVALS[options.interval],
        tasks=tuple(dict.fromkeys(run.task for run in every)),
        missing=runs.problems,
    )


def _further_tables(
    suite: SuiteHeader, runs: SuiteRuns, spec: TableSpec, options: BenchOptions
) -> tuple[Table, ...]:
    specs = [_by_metric(spec, each) for each in options.metrics_of(suite)[1:]]
    return tuple(build_table(runs.records, each) for each in specs)


def _by_metric(spec: TableSpec, metric: str) -> TableSpec:
    """Returns a table by another metric; what was said of the protocol is not said again."""
    title = f"{spec.title}, {metric_named(metric).words}"
    return dataclasses.replace(spec, metric=metric, title=title, protocol=(), published=())


def _compare(records: tuple[RunRecord, ...], spec: TableSpec) -> tuple[Comparison, ...]:
    """Returns the comparison under each rule, where there is something to compare."""
    tasks, methods = {run.task for run in records}, {run.method for run in records}
    if min(len(tasks), len(methods)) < 2 or spec.baseline not in methods:
        return ()
    return tuple(compare_methods(records, spec, rule) for rule in spec.rules)


def _texts(results: Results) -> dict[str, str]:
    """Returns the content of every text file by its suffix."""
    agreement = agreement_to_markdown(results.agreement)
    parts = [to_markdown(results.table), *map(comparison_to_markdown, results.comparisons)]
    texts = {
        "md": "\n".join([*parts, f"### {AGREEMENT}\n\n{agreement}\n"] if agreement else parts),
        "csv": to_csv(results.table),
        "tex": to_latex(results.table),
    }
    if results.comparisons:
        frames = [each.methods.assign(rule=each.rule) for each in results.comparisons]
        texts["comparison.csv"] = pd.concat(frames).to_csv(index=False)
    if agreement:
        texts["agreement.csv"] = results.agreement.to_csv(index=False)
    return texts


def _sections(results: Results) -> Iterator[Section]:
    """Yields what the report shows beside tables and cells."""
    for table in results.table.further:
        blocks = {block.task: block for block in make_blocks(table)}
        yield Section(table.spec.measure.words, notes=table.notes, tables=blocks)
    for each in results.comparisons:
        block = make_block(each)
        figures = {f"Differences to {each.spec.baseline}, points": gain_map_figure(each.outcomes)}
        if each.critical_difference is not None:
            figures["Mean ranks over tasks (1 is best)"] = rank_figure(each)
        yield Section(block.task, notes=each.notes, tables={block.task: block}, figures=figures)
    if len(results.agreement):
        yield Section(AGREEMENT, tables={"": results.agreement})


def _references(records: tuple[RunRecord, ...]) -> dict[str, str]:
    """Returns the citation of every method and recipe of the package that has a paper."""
    names = dict.fromkeys(part for r in records for part in r.method.split("+"))
    keys = {name: ALL_METHODS[name].reference for name in names if name in ALL_METHODS}
    keys |= {name: REFERENCES[name] for name in names if name in REFERENCES}
    return {name: citation(key) for name, key in keys.items() if key}


def suites_of(folder: Path) -> NameTable[Path]:
    """Returns the manifests of a folder by the name of their suite.

    Raises:
        InputError: if it holds none.
    """
    found = find_manifests(folder)
    if not found:
        raise InputError(
            f"folder {str(folder)!r} holds no suite; give the --out of a `xferlab bench`"
        )
    return NameTable("suite in that folder", found)


def report_suite(options: BenchOptions, suite: str) -> Results:
    """Builds table and report of a suite from its finished runs, without training.

    Args:
        options: the folder, and what the table shows.
        suite: a name among `suites_of` the folder.

    Raises:
        InputError: if the folder does not hold the suite, or no run of it that can be read.
    """
    check_presentation(options)
    manifest = read_manifest(suites_of(options.out)[suite])
    return present(manifest.header, read_runs(RunStore(options.out), manifest.runs), options)
