"""Kept stages as runs of their own: their packs, and the training of a run that begins with one."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from xferlab.benchmark.runs.kept_spec import features_spec, kept_setting, kept_spec
from xferlab.benchmark.runs.plan import Pack, Run
from xferlab.benchmark.store.folders import RunStore
from xferlab.benchmark.store.manifest import KEPT_STAGES
from xferlab.benchmark.store.model_files import MODEL, ModelFile, named_arrays
from xferlab.benchmark.store.spec import RunSpec
from xferlab.benchmark.suites.kept_features import KeptFeatures
from xferlab.benchmark.suites.suite import SuiteTask
from xferlab.core.errors import InputError
from xferlab.core.tree_files import tree_from_bytes, tree_to_bytes
from xferlab.data.features.preparation import BothPrepared
from xferlab.methods.base import Method, Stage
from xferlab.models.nets import Params
from xferlab.training.feeding import stages_under
from xferlab.training.recipe import stages_of
from xferlab.training.run import Member, Training

WEIGHTS = "weights.npz"
"""The file of a kept run with its parameters and statistics."""


def kept_packs(packs: Sequence[Pack], width: int) -> list[Pack]:
    """Returns the packs of all kept runs that runs of these need, each run once; see `kept_waves`.

    Args:
        packs: of a suite.
        width: largest number of runs in a pack.
    """
    return list(itertools.chain(*kept_waves(packs, width)))


def kept_waves(packs: Sequence[Pack], width: int) -> tuple[list[Pack], list[Pack]]:
    """Returns the packs of kept runs that give runs of these their inputs, then their beginnings.

    The first are trained before the second, which may be on features too. The runs of a pack
    differ in the seed alone, so what it holds depends on the number of seeds and the width, not on
    the rows that were asked for.

    Args:
        packs: of a suite.
        width: largest number of runs in a pack.
    """
    features: dict[str, Pack] = {}
    groups: dict[str, dict[str, Pack]] = {}
    for pack in packs:
        given, inputs = pack.suite_task.features, pack.runs[0][0].inputs
        if given and inputs not in features:
            features[inputs] = _features_pack(pack.suite_task, given)
        for spec, method in pack.runs:
            if spec.start:
                own = _kept_pack(pack, spec, method)
                ((kept, _),) = own.runs
                seedless = dataclasses.replace(kept, seed=0).digest
                groups.setdefault(seedless, {}).setdefault(kept.digest, own)
    begun = [pack for group in groups.values() for pack in _joined(list(group.values()), width)]
    return list(features.values()), begun


def _features_pack(suite_task: SuiteTask, features: KeptFeatures) -> Pack:
    """Returns the kept run whose features a task's runs are given, as a pack of its own."""
    spec = features_spec(suite_task, features)
    before = dataclasses.replace(suite_task.before_features, training=spec.training)
    run: Run = spec, features.stages[-1].method
    return Pack(before, before.task, (run,), stages=features.stages)


def _kept_pack(pack: Pack, spec: RunSpec, method: Any) -> Pack:
    """Returns the kept run with which a run begins, as a pack of its own."""
    stages = tuple(stage for stage in _stages(pack, method) if stage.kept)
    kept = kept_spec(pack.suite_task, pack.task, stages, spec.seed)
    task = pack.task.with_setting(kept_setting(stages, pack.task))
    suite_task = dataclasses.replace(pack.suite_task, task=task, training=kept.training)
    return Pack(suite_task, task, ((kept, method),), stages=stages)


def _joined(packs: Sequence[Pack], width: int) -> Iterator[Pack]:
    for begin in range(0, len(packs), width):
        alike = packs[begin : begin + width]
        runs: tuple[Run, ...] = tuple(run for pack in alike for run in pack.runs)
        yield alike[0]._replace(runs=runs)


def members_of(pack: Pack, store: RunStore, failures: Mapping[str, Exception]) -> list[Member]:
    """Returns the runs of a pack as they begin: with their stages, and the weights of kept runs.

    Args:
        pack: of methods that train.
        store: has the kept runs.
        failures: why kept runs could not run, by digest.

    Raises:
        InputError: a kept run that diverged or could not run.
    """
    members = []
    for spec, method in pack.runs:
        trained = cast(Method, method)
        stages = pack.stages or tuple(each for each in _stages(pack, trained) if not each.kept)
        member = Member(trained, spec.training, spec.random_seed, stages)
        if spec.start:
            begins = f"{spec.title}, begins with kept stages"
            member = member._replace(start=kept_weights(spec.start, begins, store, failures))
        members.append(member)
    return members


def _stages(pack: Pack, method: Any) -> tuple[Stage, ...]:
    """Returns the stages of a run of a pack, kept ones too."""
    return stages_under(stages_of(method, pack.recipe), pack.task.setting)


def kept_weights(
    digest: str, needed: str, store: RunStore, failures: Mapping[str, Exception]
) -> tuple[Params, Params]:
    """Returns the parameters and statistics of a kept run, by network.

    Args:
        digest: of the kept run.
        needed: what needs it, the first words of messages, such as 'dann begins with stages'.
        store: has the kept runs.
        failures: why kept runs could not run, by digest.

    Raises:
        InputError: a kept run that diverged or could not run.
    """
    failed = failures.get(digest)
    if failed is not None:
        raise InputError(f"{needed} that could not run: {failed}") from failed
    files = store.read(digest)
    for line in files["metrics"]:
        if line["kind"] == "diverged":
            raise InputError(
                f"{needed} that diverged at step {line['step']} in {line['term']!r}. Give them a"
                " smaller learning rate, such as Stage(..., options=(('lr', 1e-3),))"
            )
    weights = tree_from_bytes(files["weights"])
    return weights["params"], weights.get("statistics", {})


def weights_files(training: Training) -> list[dict[str, bytes]]:
    """Returns the file that each finished kept run has beside those of any run."""
    return [
        {WEIGHTS: tree_to_bytes({"params": params, "statistics": statistics})}
        for params, statistics in training.weights()
    ]


def model_files(pack: Pack, training: Training) -> list[dict[str, bytes]]:
    """Returns the file of each run's trained network, see `store.model_files`."""
    task = pack.suite_task.task
    prepared = pack.suite_task.preparation or BothPrepared.of(task.sources[0], task.target)
    shared = {
        f"inputs/{role}/{name}": array
        for role, own in (("source", prepared.source), ("target", prepared.target))
        for name, array in own.to_arrays().items()
    }
    notes = {
        "class_names": list(task.scored_classes),
        "heads": [[*head.form, list(head.names)] for head in task.heads],
        "source_domains": training.network.source_domains,
        "inputs": {"source": prepared.source.to_json(), "target": prepared.target.to_json()},
    }
    each = zip(training.weights(), training.method_states(), strict=True)
    return [
        {MODEL: ModelFile(shared | named_arrays(*weights, state), notes).to_bytes()}
        for weights, state in each
    ]


def describe_kept(packs: Sequence[Pack]) -> tuple[str, ...]:
    """Returns sentences about kept runs for the protocol of a suite.

    One about each row that begins with kept stages, per task where tasks differ in what is said,
    after those about features for inputs.
    """
    sentences = [
        f"Inputs: features of {pack.suite_task.network.backbone}, trained by"
        f" {pack.runs[0][0].method.name.removesuffix(' (kept)')} for"
        f" {pack.suite_task.training.steps} steps on {', '.join(_seen(pack.runs[0][0]))}; once"
        " for each source, whatever the seed, and kept for all rows and targets."
        for pack in kept_waves(packs, 1)[0]
    ]
    for pack in packs:
        spec, method = pack.runs[0]
        if spec.start:
            ((kept, _),) = _kept_pack(pack, spec, method).runs
            sentences.append(
                f"{KEPT_STAGES} {spec.method.name} begins with"
                f" {kept.method.name.removesuffix(' (kept)')}, trained for {kept.training.steps}"
                f" steps (its own do not count them) on {', '.join(_seen(kept))}; once for each"
                " seed, and kept for all rows and tasks that begin with the same."
            )
    return tuple(dict.fromkeys(sentences))


def _seen(kept: RunSpec) -> list[str]:
    """Returns in words what a kept run sees of each role."""
    words = {1: "without labels", 2: "with labels"}
    named = zip(("the source", "the target", "the shots"), kept.task.views, strict=True)
    return [f"{role} {words[view]}" for role, view in named if view]
