"""`xferlab.train`: one method on two domains of one's own, and the trained network."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Sequence
from pathlib import Path

from xferlab.benchmark.progress import show_bars
from xferlab.benchmark.runs.methods import find_methods, find_recipe
from xferlab.benchmark.runs.options import BenchOptions
from xferlab.benchmark.runs.plan import Candidate, Pack
from xferlab.benchmark.runs.suite_run import plan_suite, train_suite
from xferlab.benchmark.store.records import RunRecord
from xferlab.benchmark.store.spec import RunSpec
from xferlab.benchmark.suites.own import own_suite, own_task
from xferlab.benchmark.suites.suite import Suite, SuiteRequest
from xferlab.benchmark.trained.run import TrainedRun, load_run
from xferlab.core.checks import check_type, whole_number
from xferlab.core.errors import InputError
from xferlab.core.files import folder_of
from xferlab.core.settings import Setting
from xferlab.data.domain import Domain
from xferlab.methods.base import Method
from xferlab.methods.closed_form.base import ClosedFormMethod
from xferlab.models.spec import NetworkSpec
from xferlab.training.options import TrainingOptions


def train(
    source: Domain | Sequence[Domain],
    target: Domain,
    method: str | type[Method] | Method = "dann",
    *,
    seed: int = 0,
    steps: int = 0,
    network: str | NetworkSpec = "",
    training: TrainingOptions | None = None,
    recipe: str = "",
    setting: Setting = Setting.UNSUPERVISED_DA,
    shots: Sequence[int] = (),
    standardise: bool = True,
    out: str | Path = "",
    progress: bool = True,
) -> TrainedRun:
    """Trains a method from one domain to another and returns the trained network.

    The target may have no label at all: `domain_from_arrays("field", inputs)`.

    Args:
        source: labelled domain, or several with the same classes.
        target: domain of the same input shape, and of the same classes or some of them, unless the
            setting says otherwise.
        method: a name (`xferlab list`), with recipes behind it if any ('target_only+lp_ft');
            path/to/file.py:Class; a class, decorated by `xferlab.method`; or a method with values
            of its own, `MyMethod(weight=0.3)`.
        seed: of the run.
        steps: training steps; 0 for those of `training`.
        network: the network, or the name of a backbone; '' chooses by the shape of the inputs.
        training: budget and optimiser; None for the usual ones, see `xferlab.compare`.
        recipe: how the method is trained, see `xferlab.compare`.
        setting: what the method sees of both domains.
        shots: rows of the target's training split whose labels such a setting shows.
        standardise: whether float inputs are standardised, see `xferlab.compare`.
        out: folder that keeps the run, from which the same call has it back; '' keeps nothing but
            what is returned.
        progress: whether a bar is shown, in a terminal or a notebook.

    Raises:
        InputError: domains that do not fit together, an unknown method, a closed-form one, which
            trains no network, or a run that diverged.
        KeyboardInterrupt: if the user interrupts.
    """
    seed = whole_number("seed", seed, least=0, most=9999)
    check_type("setting", setting, Setting, "a Setting, such as Setting.UNSUPERVISED_DA")
    request = SuiteRequest(steps=whole_number("steps", steps, least=0))
    candidates = list(find_methods([method], find_recipe(recipe)).values())
    _check_trains(candidates[0])
    task = own_task(source, target, setting=setting, shots=shots)
    suite = own_suite(task, network, request, standardise=standardise, training=training)
    own = type(method) if isinstance(method, Method) else method
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name) if out == "" else folder_of(out)
        options = BenchOptions(out=folder, seeds=seed + 1, width=1, keep_weights=True)
        packs = packs_of_seed(suite, candidates, options, seed)
        with show_bars(packs, wanted=progress) as report:
            ran = train_suite(suite, packs, options, report)
        if ran.failures:
            raise ran.failures[0].error
        ((spec, _),) = packs[0].runs
        _check_converged(spec, ran.runs.records)
        return load_run(folder / spec.digest, method=own if candidates[0].source else None)


def packs_of_seed(
    suite: Suite, candidates: Sequence[Candidate], options: BenchOptions, seed: int
) -> list[Pack]:
    """Returns the packs, of one run each, of one seed of a suite."""
    packs = plan_suite(suite, candidates, dataclasses.replace(options, seeds=seed + 1, width=1))
    return [pack for pack in packs if pack.runs[0][0].seed == seed]


def _check_converged(spec: RunSpec, records: Sequence[RunRecord]) -> None:
    for record in records:
        if record.digest == spec.digest and record.diverged:
            raise InputError(
                f"{spec.title}, diverged at step {record.diverged_at} in {record.diverged_term!r}:"
                " there is no trained network. Give a smaller learning rate:"
                " training=TrainingOptions(lr=...)"
            )


def _check_trains(candidate: Candidate) -> None:
    if isinstance(candidate.method, ClosedFormMethod):
        raise InputError(
            f"{candidate.name!r} is of closed form: it trains no network that could be kept. Use"
            " xferlab.compare for its scores, or choose a method that trains"
        )
