"""`xferlab bench`: a suite, from data to table and report."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from absl import flags
from ml_collections import ConfigDict

from xferlab.benchmark.collection import present_collection
from xferlab.benchmark.own.modules import load_module
from xferlab.benchmark.present import Results, run_suite
from xferlab.benchmark.progress import show_progress
from xferlab.benchmark.runs.episodic import fault_of_pair
from xferlab.benchmark.runs.methods import find_methods, find_recipe
from xferlab.benchmark.runs.options import MOST_JOBS, MOST_SEEDS, BenchOptions, for_debugging
from xferlab.benchmark.runs.plan import Candidate, Pack, expand_grid, would_test_on_training_labels
from xferlab.benchmark.runs.suite_run import plan_suite
from xferlab.benchmark.suites.suite import Suite, SuiteRequest, SuiteTask
from xferlab.benchmark.suites.sweeps import parse_sweeps
from xferlab.benchmark.suites.table import COLLECTIONS, SUITES
from xferlab.cli.console import Terminal
from xferlab.cli.parsing import define_presentation_flags, define_suite_flags, parse
from xferlab.cli.printing import print_problems, print_results
from xferlab.core.checks import shown
from xferlab.core.errors import InputError, unknown_name
from xferlab.core.names import NameTable
from xferlab.evaluation.metric_table import metric_named
from xferlab.methods.base import Method
from xferlab.methods.episodic.table import EPISODIC
from xferlab.methods.recipes import NO_RECIPE, Recipe
from xferlab.methods.table import METHODS
from xferlab.training.stage import make_stage


def define_flags() -> flags.FlagValues:
    """Returns the command's flags."""
    values = flags.FlagValues()
    flags.DEFINE_string(
        "config", "", "experiment file whose get_config() sets flags", flag_values=values
    )
    define_suite_flags(values)
    define_presentation_flags(values)
    flags.DEFINE_string(
        "methods", "", "comma-separated names, or all; empty: the suite's own", flag_values=values
    )
    flags.DEFINE_integer(
        "seeds",
        0,
        "0: the suite's own number",
        lower_bound=0,
        upper_bound=MOST_SEEDS,
        flag_values=values,
    )
    flags.DEFINE_multi_string(
        "sweep", [], "hyper-parameters to try: METHOD.HYPER=VALUE,VALUE", flag_values=values
    )
    flags.DEFINE_integer(
        "width", 0, "runs that train in one program; 0: by device", lower_bound=0,
        flag_values=values,
    )  # fmt: skip
    flags.DEFINE_integer(
        "jobs", 0, "programs that train side by side; 0: by device", lower_bound=0,
        upper_bound=MOST_JOBS, flag_values=values,
    )  # fmt: skip
    flags.DEFINE_bool(
        "keep_weights", False, "keep the trained network of every run, for xferlab predict",
        flag_values=values,
    )  # fmt: skip
    flags.DEFINE_float(
        "checkpoint_seconds", 60.0, "least time between two checkpoints", lower_bound=0.0,
        flag_values=values,
    )  # fmt: skip
    return values


def run(argv: Sequence[str]) -> int:
    """Run a suite: every task, method and seed that is not recorded yet; then its report."""
    values = define_flags()
    parse(values, argv)
    apply_config(values)
    data_dir = Path(values.data_dir) if values.data_dir else None
    request = SuiteRequest(data_dir=data_dir, steps=values.steps)
    options = _options(values)
    if values.suite in COLLECTIONS:
        return _run_collection(values, request, options)
    suite = SUITES[values.suite](request)
    packs = plan_suite(suite, _candidates(values, suite), options)
    results = _run(suite, packs, options)
    return print_problems(results)


def _options(values: flags.FlagValues) -> BenchOptions:
    options = BenchOptions(
        out=Path(values.out).expanduser(),
        seeds=values.seeds,
        width=values.width,
        jobs=values.jobs,
        checkpoint_seconds=values.checkpoint_seconds,
        metric=values.metric,
        validator=values.validator,
        interval=values.interval,
        feed=values.feed,
        mesh=values.mesh,
        keep_weights=values.keep_weights,
    )
    return for_debugging(options) if values.debug else options


def _candidates(values: flags.FlagValues, suite: Suite) -> list[Candidate]:
    recipe = find_recipe(values.recipe)
    return choose_candidates(suite, values.methods, values.method, values.sweep, recipe)


def _run(suite: Suite, packs: Sequence[Pack], options: BenchOptions) -> Results:
    with show_progress(packs, Terminal(stderr=True)) as report:
        results = run_suite(suite, packs, options, report)
    print_results(results)
    return results


def _run_collection(values: flags.FlagValues, request: SuiteRequest, options: BenchOptions) -> int:
    """Runs the suites of a collection one after the other, and returns the exit status.

    A method that is asked for runs in the suites whose setting it fits; where it is left out, and
    why, is said.

    Raises:
        InputError: no suite has a method that can run.
    """
    title, names = COLLECTIONS[values.suite]
    plans: list[tuple[Suite, list[Pack]]] = []
    left_out: list[str] = []
    for suite in (SUITES[name](request) for name in names):  # All are planned before any trains.
        wanted = _candidates(values, suite)
        fitting = [each for each in wanted if _fits(each, suite, options, left_out)]
        if fitting:
            plans.append((suite, plan_suite(suite, fitting, options)))
    if not plans:
        raise InputError(f"no suite of {values.suite!r} can run what is asked for: {left_out[0]}")
    results: dict[str, Results] = {}
    status = 0
    for suite, packs in plans:
        name = suite.header.name
        results[name] = _run(suite, packs, options)
        status = max(status, print_problems(results[name]))
    for sentence in left_out:
        print(f"note: {sentence}", file=sys.stderr)
    print(f"overview: {present_collection(values.suite, title, results).resolve()}")
    return status


def _fits(candidate: Candidate, suite: Suite, options: BenchOptions, left_out: list[str]) -> bool:
    """Tells whether a candidate can run in a suite; why one that is not the suite's own cannot."""
    if candidate.name in suite.methods:
        return True
    try:
        plan_suite(suite, [candidate], options)
    except InputError as error:
        left_out.append(f"{candidate.name} is left out of {suite.header.name}: {error}")
        return False
    return True


def apply_config(values: flags.FlagValues) -> None:
    """Sets the flags that an experiment file names and the command line does not.

    Raises:
        InputError: the file cannot be loaded, has no get_config(), or names what is no flag.
    """
    if not values.config:
        return
    content = read_config(Path(values.config))
    for name in content:
        if name == "config" or name not in values:
            raise unknown_name("flag in --config", name, values)
    told = define_flags()
    try:
        texts = [text for name, value in content.items() for text in _as_flags(name, value)]
        parse(told, ["bench", *texts])
    except InputError as error:
        raise InputError(f"config {values.config!r}: {error}") from error
    for name in content:
        if not values[name].present:
            values[name].value = told[name].value


def _as_flags(name: str, value: Any) -> list[str]:
    """Returns what the value of an experiment file is on the command line, a flag for each."""
    listed = value if isinstance(value, list | tuple) else [value]
    for each in listed:
        if not isinstance(each, str | int | float):
            raise InputError(f"{name} is {shown(each)}. Give a text, a number, or a list of them")
    return [f"--{name}={each}" for each in listed]


def read_config(path: Path) -> Mapping[str, Any]:
    """Returns what the get_config() of an experiment file returns."""
    if not path.is_file():
        raise InputError(f"config {str(path)!r} does not exist; give the path of a Python file")
    try:
        get_config = load_module(path).get_config
    except AttributeError as error:
        raise InputError(
            f"config {str(path)!r} has no get_config(). Needed: a function that returns an"
            " ml_collections.ConfigDict of flags, as the files in experiments/ have"
        ) from error
    try:
        content = get_config()
    except Exception as error:
        raise InputError(
            f"get_config() of config {str(path)!r} failed ({type(error).__name__}: {error})"
        ) from error
    if not isinstance(content, Mapping | ConfigDict):
        raise InputError(
            f"get_config() of config {str(path)!r} returns {shown(content)}. Needed: an"
            " ml_collections.ConfigDict of flags, as the files in experiments/ return"
        )
    return dict(content.items())


def choose_candidates(
    suite: Suite,
    methods: str,
    extra: Sequence[str],
    sweeps: Sequence[str],
    recipe: Recipe = NO_RECIPE,
) -> list[Candidate]:
    """Returns the methods that the flags name, each once, with their hyper-parameter grids.

    Raises:
        InputError: for an unknown method, and a sweep over a method that does not run.
    """
    names = _split(methods)
    if methods and not names:
        raise InputError(
            f"--methods={methods} names no method; give names, all, or leave the flag out"
        )
    if "all" in map(str.lower, names):
        if len(names) > 1:
            raise InputError(f"--methods={methods}: all stands alone; leave the other names out")
        names = _trained(suite)
    names = names or list(suite.methods)
    candidates = find_methods([*names, *extra], recipe)
    own: dict[str, Mapping[str, Sequence[Any]]] = {
        label: suite.sweeps[name]
        for label in candidates
        if (name := label.partition("+")[0]) in suite.sweeps
    }
    asked = parse_sweeps(sweeps, NameTable("method in --sweep", candidates).resolve)
    for name, values in (own | asked).items():
        candidates[name] = expand_grid(candidates[name], values)
    return list(candidates.values())


def _trained(suite: Suite) -> list[str]:
    """Returns all methods that train and that the suite can score."""
    tasks = [each.task for each in suite.tasks]
    probed = metric_named(suite.header.metric).probe is not None
    episodic = any(task.episodes for task in tasks)  # Which any features answer.
    return [
        name
        for name, method in {**METHODS, **EPISODIC}.items()
        if not any(would_test_on_training_labels(method, task) for task in tasks)
        and not any(fault_of_pair(method, task) for task in tasks)
        and (probed or episodic or _trains_a_head(method))
        and (not episodic or all(method.needs.within(task.setting) for task in tasks))
        and all(_has_what_it_trains(method, each) for each in suite.tasks)
    ]


def _trains_a_head(method: Method) -> bool:
    """Tells whether a method predicts classes: a phase of a stage trains more than features."""
    phases = [phase for stage in method.stages() for phase in stage.method.phases()]
    return any(phase.trains is None or "heads" in phase.trains for phase in phases)


def _has_what_it_trains(method: Method, task: SuiteTask) -> bool:
    """Tells whether the rules of a method's stages match parameters of the task's network."""
    try:
        for stage in method.stages():
            if stage.rates:
                make_stage(task.network, stage, task.training, steps=1)
    except InputError:
        return False
    return True


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
