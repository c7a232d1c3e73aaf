"""`xferlab train`: one method on one task, with its course printed."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

from absl import flags
from rich.markup import escape
from rich.table import Table

from xferlab.benchmark.present import run_suite
from xferlab.benchmark.progress import show_progress
from xferlab.benchmark.runs.methods import find_methods, find_recipe
from xferlab.benchmark.runs.options import BenchOptions, for_debugging
from xferlab.benchmark.store.records import RunRecord
from xferlab.benchmark.suites.own import own_suite, own_task
from xferlab.benchmark.suites.own_data import Reading, load_domain
from xferlab.benchmark.suites.suite import Suite, SuiteHeader, SuiteRequest
from xferlab.benchmark.suites.table import COLLECTIONS, SUITES
from xferlab.benchmark.train import packs_of_seed
from xferlab.cli.console import Terminal
from xferlab.cli.parsing import define_suite_flags, parse
from xferlab.cli.printing import print_problems
from xferlab.core.errors import InputError
from xferlab.core.names import NameTable
from xferlab.core.settings import NAMED, Setting
from xferlab.data.readers.folders import LARGEST
from xferlab.data.shots import draw_shots
from xferlab.evaluation.metric_table import metric_named

OWN_SETTINGS: NameTable[Setting] = NameTable("setting", {each.label: each for each in NAMED})
"""Settings of one's own data."""


OF_OWN_DATA = ("network", "standardise", "setting", "shots", "label", "sep", "image_size")
"""Flags that go with --source and --target."""


def define_flags() -> flags.FlagValues:
    """Returns the command's flags."""
    values = flags.FlagValues()
    define_suite_flags(values)
    flags.DEFINE_string("task", "", "a task of the suite; empty: its first", flag_values=values)
    flags.DEFINE_integer(
        "seed", 0, "index of the seed", lower_bound=0, upper_bound=9999, flag_values=values
    )
    flags.DEFINE_bool(
        "keep_weights", True, "keep the trained network, for xferlab predict", flag_values=values
    )
    _define_own_data(values)
    return values


def _define_own_data(values: flags.FlagValues) -> None:
    """Defines the flags of data of one's own."""
    what = "a domain's name, an .npz or .csv file, or a folder of images; instead of --suite"
    flags.DEFINE_multi_string(
        "source", [], f"source: {what}; may be given several times", flag_values=values
    )
    flags.DEFINE_string("target", "", f"target: {what}", flag_values=values)
    flags.DEFINE_integer(
        "shots", 0, "--source and --target: labelled examples of each class of the target, drawn at"
        " random, for a setting that shows some", lower_bound=0, flag_values=values,
    )  # fmt: skip
    flags.DEFINE_string(
        "label", "label", "--source and --target: the column of a .csv with the labels; a target"
        " may lack it", flag_values=values,
    )  # fmt: skip
    flags.DEFINE_string(
        "sep", ",", "--source and --target: what stands between the cells of a .csv",
        flag_values=values,
    )  # fmt: skip
    flags.DEFINE_integer(
        "image_size", 32, "--source and --target: height and width to which images of folders are"
        " resized", lower_bound=1, upper_bound=LARGEST, flag_values=values,
    )  # fmt: skip
    flags.DEFINE_string(
        "network", "", "backbone for --source and --target; empty: by input", flag_values=values
    )
    flags.DEFINE_bool(
        "standardise", True, "--source and --target: bring float columns or channels to mean zero"
        " and variance one", flag_values=values,
    )  # fmt: skip
    flags.DEFINE_string(
        "setting", Setting.UNSUPERVISED_DA.label, "--source and --target: what methods see of both,"
        f" and how their classes are related ({', '.join(OWN_SETTINGS)})", flag_values=values,
    )  # fmt: skip


def run(argv: Sequence[str]) -> int:
    """Train one method on one task of a suite, or on your own data; print its course."""
    values = define_flags()
    parse(values, argv)
    request = SuiteRequest(
        data_dir=Path(values.data_dir) if values.data_dir else None, steps=values.steps
    )
    suite = _suite(values, request)
    recipe = find_recipe(values.recipe)
    candidates = list(find_methods(values.method or ["dann"], recipe).values())
    options = BenchOptions(
        out=Path(values.out).expanduser(),
        seeds=values.seed + 1,
        width=1,
        feed=values.feed,
        mesh=values.mesh,
        keep_weights=values.keep_weights,
    )
    options = for_debugging(options) if values.debug else options
    packs = packs_of_seed(suite, candidates, options, values.seed)
    with show_progress(packs, Terminal(stderr=True)) as report:
        results = run_suite(suite, packs, options, report)
    console = Terminal()
    asked = {spec.digest for pack in packs for spec, _ in pack.runs}
    for record in results.records:
        if record.digest in asked:
            console.print(_course(record, suite.header))
            print(f"record: {(options.out / record.digest).resolve()}")
    return print_problems(results)


def _suite(values: flags.FlagValues, request: SuiteRequest) -> Suite:
    """Returns the suite of one task that is asked for; what is chosen for own data is printed."""
    if bool(values.source) != bool(values.target):
        raise InputError("--source and --target belong together; give both or neither")
    for name in ("suite", "task"):
        if values.source and values[name].present:
            raise InputError(
                f"--{name}={values[name].value} chooses a task of a suite; leave it out where"
                " --source and --target name the data"
            )
    for name in OF_OWN_DATA:
        if values[name].present and values[name].value != "" and not values.source:
            raise InputError(
                f"--{name}={values[name].value} goes with --source and --target; a suite has its"
                " own"
            )
    if values.suite in COLLECTIONS:
        raise InputError(
            f"--suite={values.suite} is a collection of suites, and one method is trained on one"
            f" task. Choose a suite of it: {', '.join(COLLECTIONS[values.suite].suites)}"
        )
    if not values.source:
        return _one_task(SUITES[values.suite](request), values.task)
    reading = Reading(
        data_dir=request.data_dir,
        image_size=values.image_size,
        label=values.label,
        sep=values.sep,
    )
    sources = [load_domain(text, reading) for text in values.source]
    target = load_domain(values.target, reading)
    shots = draw_shots(target, values.shots) if values.shots else ()
    task = own_task(sources, target, setting=OWN_SETTINGS[values.setting], shots=shots)
    suite = own_suite(task, values.network, request, standardise=values.standardise)
    print(*suite.header.protocol[1:], sep="\n")
    return suite


def _one_task(suite: Suite, name: str) -> Suite:
    tasks = NameTable("task", {each.task.name: each for each in suite.tasks})
    chosen = tasks[name] if name else suite.tasks[0]
    header = dataclasses.replace(suite.header, name=f"train-{suite.header.name}")
    return dataclasses.replace(suite, header=header, tasks=(chosen,))


def _course(record: RunRecord, header: SuiteHeader) -> Table:
    """Returns a run's terms, score on the target and label-free score at every evaluation."""
    title = f"{record.method} on {record.task}, seed {record.seed}"
    if record.diverged:
        title += f" (diverged at step {record.diverged_at} in {record.diverged_term})"
    terms = list(record.curve.terms)
    places = {step: place for place, step in enumerate(record.curve.steps)}
    validator, metric = header.validator, header.metric
    measure = metric_named(metric)
    scores = (validator, f"target {measure.name.replace('_', ' ')}")
    shown = {each.step: {**each.metrics, **each.validators} for each in record.evaluations}
    table = Table("step", *map(escape, terms), *scores, title=escape(title))
    for evaluation in record.evaluations:
        place = places.get(evaluation.step)
        table.add_row(
            str(evaluation.step),
            *("" if place is None else _number(record.curve.terms[t][place]) for t in terms),
            f"{evaluation.validators[validator]:.3f}",
            f"{measure.scale * shown[evaluation.step][metric]:.{measure.digits}f}"
            + " %" * (measure.unit == "percent"),
        )
    return table


def _number(value: float) -> str:
    """Returns a term's value; nothing where its stage does not run."""
    return "" if math.isnan(value) else f"{value:.4g}"
