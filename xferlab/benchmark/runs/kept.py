"""Kept stages as runs of their own: their packs, and the training of a run that begins with one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from xferlab.benchmark.runs.kept_spec import kept_setting, kept_spec
from xferlab.benchmark.runs.plan import Pack, Run
from xferlab.benchmark.store.folders import RunStore
from xferlab.benchmark.store.manifest import KEPT_STAGES
from xferlab.benchmark.store.spec import RunSpec
from xferlab.core.errors import InputError
from xferlab.core.tree_files import tree_from_bytes, tree_to_bytes
from xferlab.methods.base import Method, Stage
from xferlab.models.nets import Params
from xferlab.training.recipe import stages_of
from xferlab.training.run import Member, Training

WEIGHTS = "weights.npz"
"""The file of a kept run with its parameters and statistics."""


def kept_packs(packs: Sequence[Pack], width: int) -> list[Pack]:
    """Returns the packs of all kept runs that runs of these begin with, each run once.

    The runs of a pack differ in the seed alone, so what it holds depends on the number of seeds and
    the width, not on the rows that were asked for.

    Args:
        packs: of a suite.
        width: largest number of runs in a pack.
    """
    groups: dict[str, dict[str, Pack]] = {}
    for pack in packs:
        for spec, method in pack.runs:
            if spec.start:
                own = _kept_pack(pack, spec, method)
                ((kept, _),) = own.runs
                seedless = dataclasses.replace(kept, seed=0).digest
                groups.setdefault(seedless, {}).setdefault(kept.digest, own)
    return [pack for group in groups.values() for pack in _joined(list(group.values()), width)]


def _kept_pack(pack: Pack, spec: RunSpec, method: Any) -> Pack:
    """Returns the kept run with which a run begins, as a pack of its own."""
    stages = tuple(stage for stage in stages_of(method, pack.recipe) if stage.kept)
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
        stages = pack.stages or _own(stages_of(trained, pack.recipe))
        member = Member(trained, spec.training, spec.random_seed, stages)
        if spec.start:
            member = member._replace(start=_weights(spec, store, failures))
        members.append(member)
    return members


def _own(stages: Sequence[Stage]) -> tuple[Stage, ...]:
    return tuple(stage for stage in stages if not stage.kept)


def _weights(
    spec: RunSpec, store: RunStore, failures: Mapping[str, Exception]
) -> tuple[Params, Params]:
    begins = f"{spec.method.name} on {spec.task.name}, seed {spec.seed}, begins with kept stages"
    failed = failures.get(spec.start)
    if failed is not None:
        raise InputError(f"{begins} that could not run: {failed}") from failed
    files = store.read(spec.start)
    for line in files["metrics"]:
        if line["kind"] == "diverged":
            raise InputError(
                f"{begins} that diverged at step {line['step']} in {line['term']!r}. Give them a"
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


def describe_kept(packs: Sequence[Pack]) -> tuple[str, ...]:
    """Returns a sentence about each row of a suite that begins with kept stages, for its protocol.

    Rows are per task where tasks differ in what is said.
    """
    sentences = []
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
