"""`xferlab.compare`: methods on two domains of one's own, from Python."""

from __future__ import annotations

import dataclasses
import tempfile
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from xferlab.benchmark.present import run_suite
from xferlab.benchmark.progress import show_bars
from xferlab.benchmark.runs.methods import find_methods, find_recipe
from xferlab.benchmark.runs.options import BenchOptions
from xferlab.benchmark.runs.plan import Candidate, expand_grid
from xferlab.benchmark.runs.suite_run import plan_suite
from xferlab.benchmark.suites.own import own_suite, own_task
from xferlab.benchmark.suites.suite import Suite, SuiteRequest
from xferlab.benchmark.suites.sweeps import Value
from xferlab.benchmark.text.shown_table import ShownTable
from xferlab.core.batch import EpisodicTest
from xferlab.core.checks import check_type, shown, whole_number
from xferlab.core.errors import InputError
from xferlab.core.files import folder_of
from xferlab.core.settings import Setting
from xferlab.data.domain import Domain
from xferlab.methods.base import Method
from xferlab.methods.closed_form.base import ClosedFormMethod
from xferlab.methods.recipes import NO_RECIPE, Recipe
from xferlab.methods.table import AnyMethod
from xferlab.models.spec import NetworkSpec
from xferlab.training.options import TrainingOptions

Named = str | type[AnyMethod]
Methods = Sequence[Named | AnyMethod] | Mapping[Named, Mapping[str, Value | Sequence[Value]]]
"""What `compare` takes for methods."""


def compare(
    source: Domain | Sequence[Domain],
    target: Domain,
    *,
    methods: Methods = ("source_only", "dann"),
    seeds: int = 5,
    steps: int = 0,
    out: str | Path = "",
    network: str | NetworkSpec = "",
    training: TrainingOptions | None = None,
    standardise: bool = True,
    recipe: str = "",
    setting: Setting = Setting.UNSUPERVISED_DA,
    shots: Sequence[int] = (),
    episodes: EpisodicTest | None = None,
    metric: str = "",
    validator: str = "",
    progress: bool = True,
) -> ShownTable:
    """Trains methods from one domain to another and returns the table of their scores.

    Target labels of the training split are hidden from every method but target_only; scores are on
    the target's test split. The table prints itself, by `print` and in a notebook, and has
    `to_frame()`, `to_markdown()` and `to_latex()`; so have those of further heads and metrics,
    which stand in its `by_metric`.

    Args:
        source: labelled domain, or several with the same classes.
        target: domain of the same input shape, and of the same classes or some of them, unless the
            setting says otherwise.
        methods: names (`xferlab list`), path/to/file.py:Class, classes, or methods with values of
            their own (`MyMethod(weight=0.3)`); the first one is the baseline unless source_only is
            among them. A mapping gives values of hyper-parameters too, of
            which the table's rules choose: {"source_only": {}, "dann": {"weight": [0.1, 1]},
            "pca": {"dims": 5}}. Beside a method's own fields, `lr` and `weight_decay` may be given
            for one that trains.
        seeds: number of runs of each method.
        steps: training steps of a run; 0 for those of `training`.
        out: folder that keeps runs and report, and from which the same call goes on where it was;
            '' keeps nothing.
        network: a `NetworkSpec`; or a backbone (`xferlab list`), with ',' between those of several
            modalities, and with ';' before those of a target with its own inputs; '' chooses by the
            shape of the inputs. What is chosen stands under the table.
        training: budget and optimiser; None for Adam at 1e-3, cosine, up to 64 examples of each
            domain a step, and a budget by the size of the data, which stands under the table.
        standardise: whether float inputs are brought to mean zero and variance one by column (of
            vectors) or channel, by the training inputs of both domains.
        recipe: how all of the methods are trained: a name (`xferlab list`), several with '+'
            between them, or path/to/file.py:function; '' for their own stages. One method by a
            recipe of the package is named 'dann+lp_ft'.
        setting: what methods see of both domains, how their classes are related, and whether each
            has an input space of its own, such as `Setting.OPEN_SET_DA`. Under `Setting.TEST_TIME`
            the target's test split comes in order and is scored as it comes.
        shots: rows of the target's training split whose labels a setting such as
            `Setting.SEMI_SUPERVISED` shows, as `xferlab.data.draw_shots` returns them.
        episodes: by which a target of new classes is scored under `Setting.FEW_SHOT`, such as
            `xferlab.data.EpisodicTest(ways=5, shots=1)`.
        metric: of the table, or several with ',' between them: 'accuracy,knn_probe'. '' for the
            accuracy, and the usual metric of each further head; where the setting shows no label,
            as `Setting.UNSUPERVISED`, for both probes of the features.
        validator: by which the middle column chooses checkpoint and hyper-parameters without target
            labels (`xferlab list`); '' for the usual one.
        progress: whether a bar is shown while methods train, in a terminal or a notebook.

    Raises:
        InputError: domains that do not fit together, an unknown method or hyper-parameter, or an
            argument of another type or outside its range.
        Exception: what the only method raised, where no method could run; with others a method that
            could not run is a row that says why, and a warning.
        KeyboardInterrupt: if the user interrupts; it says what is kept.
    """
    _check_names(recipe=recipe, metric=metric, validator=validator)
    candidates = _candidates(methods, find_recipe(recipe))
    request = SuiteRequest(steps=whole_number("steps", steps, least=0))
    seeds = whole_number("seeds", seeds, least=1)
    check_type(
        "network", network, (str, NetworkSpec),
        "a NetworkSpec, names of `xferlab list`, or '' to choose by the inputs",
    )  # fmt: skip
    check_type("setting", setting, Setting, "a Setting, such as Setting.UNSUPERVISED_DA")
    task = own_task(source, target, setting=setting, shots=shots, episodes=episodes)
    suite = own_suite(task, network, request, standardise=standardise, training=training)
    options = BenchOptions(out=Path(), seeds=seeds, metric=metric, validator=validator)
    if out != "":
        options = dataclasses.replace(options, out=folder_of(out))
        return _table(suite, candidates, options, progress=progress)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        options = dataclasses.replace(options, out=Path(name))
        try:
            return _table(suite, candidates, options, progress=progress)
        except KeyboardInterrupt as stopped:
            raise type(stopped)("nothing is kept; name a folder by out= to go on later") from None


def _check_names(**names: object) -> None:
    for name, value in names.items():
        check_type(name, value, str, "a name of `xferlab list`, or '' for the usual one")


def _table(
    suite: Suite, candidates: Sequence[Candidate], options: BenchOptions, *, progress: bool
) -> ShownTable:
    """Returns the table of a suite, and warns of what did not go as planned."""
    packs = plan_suite(suite, candidates, options)
    with show_bars(packs, wanted=progress) as report:
        results = run_suite(suite, packs, options, report)
    failed = [(f.pack.runs[0][0].method.name, f.reason) for f in results.failures]
    reasons = dict.fromkeys(f"{name} could not run: {reason}" for name, reason in failed)
    for text in (*results.remarks, *reasons):
        warnings.warn(text, stacklevel=3)
    return results.table


def _candidates(methods: Any, recipe: Recipe = NO_RECIPE) -> list[Candidate]:
    """Returns the methods with the values that a mapping gives for their hyper-parameters."""
    if isinstance(methods, str | bytes) or not isinstance(methods, Iterable):
        raise InputError(
            f"methods is {shown(methods)}. Give a list of names, such as ['source_only', 'dann'],"
            " or a mapping of names to hyper-parameters"
        )
    names = list(methods)
    if not names:
        raise InputError("methods is empty; name at least one, such as ['source_only', 'dann']")
    for name in names:
        if not isinstance(name, str | type | Method | ClosedFormMethod):
            raise InputError(
                f"method {shown(name)} is no name. Give a name of `xferlab list`, or"
                " path/to/file.py:Class or the class itself for a method of your own"
            )
    candidates = find_methods(names, recipe).values()
    grids = methods.values() if isinstance(methods, Mapping) else [{}] * len(names)
    for name, grid in zip(names, grids, strict=True):
        if not isinstance(grid, Mapping):
            raise InputError(
                f"methods[{name!r}] is {shown(grid)}. Give a mapping of hyper-parameters to"
                " values, such as {'weight': [0.1, 1]}, or {} for the defaults"
            )
    return [expand_grid(c, grid) if grid else c for c, grid in zip(candidates, grids, strict=True)]
