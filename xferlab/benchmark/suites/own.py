"""A suite of one task from a user's own data, as it was read (`suites.own_data`)."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from xferlab.benchmark.suites.header import SuiteHeader
from xferlab.benchmark.suites.own_budget import budget_sentence, usual_training
from xferlab.benchmark.suites.own_network import choose_for_each, scale_notes
from xferlab.benchmark.suites.own_scaling import (
    Prepared,
    hides_target,
    scaled_over,
    standardised,
)
from xferlab.benchmark.suites.suite import Suite, SuiteRequest, SuiteTask
from xferlab.core.batch import EpisodicTest
from xferlab.core.checks import shown, whole_numbers
from xferlab.core.errors import InputError
from xferlab.core.inputs import parts_of
from xferlab.core.seeds import digest
from xferlab.core.settings import Setting, View
from xferlab.data.classes import class_notes
from xferlab.data.domain import Domain
from xferlab.data.features.alignment import alignment_notes, number_alike, order_columns_alike
from xferlab.data.labels import MISSING
from xferlab.data.stream import as_stream
from xferlab.data.task import TransferTask
from xferlab.evaluation.metric_table import usual_metric
from xferlab.models.spec import NetworkSpec, PlainInput, network_heads
from xferlab.training.options import TrainingOptions

IN_ORDER = (
    "come in order, once, each batch predicted before it is trained on. Scores are of these"
    " predictions; of a method that does not adapt, of its network."
)
"""What a protocol says of an online target."""
OWN = "Data of the user's own."
NO_LABELS = (
    "No label of the target's test examples is known: nothing here says how many are right. Shown"
    " are scores that need no target label, by which methods can be compared only with care;"
    " predictions are kept with every run."
)
"""What a protocol says of a target without labels."""
LONGEST_FILE = 200
"""Bytes of the longest name of a suite's files, without their endings."""


def own_task(
    source: Domain | Sequence[Domain],
    target: Domain,
    *,
    setting: Setting = Setting.UNSUPERVISED_DA,
    shots: Sequence[int] = (),
    episodes: EpisodicTest | None = None,
) -> TransferTask:
    """Returns the task from a domain, or several, to another.

    Args:
        source: labelled examples; several domains of the same classes are numbered by the first.
        target: what is scored: by labels of the test split, or without any by what needs none; its
            classes are the source's or some of them, or as the setting says.
        setting: what is shown of both, how their classes are related, and whether the target's
            inputs have a space of their own. Online, the target's test split comes in order.
        shots: rows of the target's training split that are shown with their labels, as
            `draw_shots` returns them; where the setting shows any.
        episodes: by which a target of new classes is scored, as under `Setting.FEW_SHOT`.

    Raises:
        InputError: what is no domain, domains that do not fit together, shots that are none, or
            episodes that the target has too few classes or examples for.
    """
    _check_domain(target, "target")
    first, *others = _sources(source)
    if setting.classes == "equal":
        target = number_alike(first, target)
    if not setting.own_inputs:
        target = order_columns_alike(first, target)
        others = [order_columns_alike(first, each) for each in others]
    if setting.online and not target.transductive:
        target = as_stream(target)
    sources = (first, *(number_alike(first, each) for each in others))
    name = f"{'+'.join(each.name for each in sources)}->{target.name}"
    rows = whole_numbers("shots", shots, least=0)
    return TransferTask(name, sources, target, setting, rows, episodes)


def _sources(source: Any) -> tuple[Domain, ...]:
    """Returns the domains. Raises InputError for none, what is none, or two of one name."""
    sources = tuple(source) if isinstance(source, list | tuple) else (source,)
    if not sources:
        raise InputError("source is empty; give a Domain, or several of them")
    for each in sources:
        _check_domain(each, "source")
    names = [each.name for each in sources]
    if len(set(names)) < len(names):
        raise InputError(
            f"two of the sources {', '.join(names)} have the same name; give each its own, such as"
            " dataclasses.replace(domain, name='lab 2')"
        )
    return sources


def own_suite(
    task: TransferTask,
    network: str | NetworkSpec,
    request: SuiteRequest,
    *,
    standardise: bool = True,
    training: TrainingOptions | None = None,
) -> Suite:
    """Returns the suite of one task; what is chosen for the data stands in its protocol.

    Args:
        task: as `own_task` makes it of one's own data.
        network: the network itself; or a backbone's name, '' for one chosen by the inputs, see
            `choose_for_each`.
        request: number of steps; 0 for those of `training`.
        training: budget and optimiser; None for those of `usual_training`.
        standardise: whether the columns of float vectors, and the channels of float windows and
            images, are brought to mean zero and variance one (see `standardise_alike`). 8-bit
            images reach the network as x / 127.5 - 1, sparse inputs as they are.

    Raises:
        InputError: an unknown network, or one that reads other inputs; inputs whose axes seem to
            stand in another order.
    """
    setting, first = task.setting, task.sources[0]
    read_apart = [first, task.target] if setting.own_inputs else [first]
    network, sentences = _network(task, network, read_apart)
    scales = [
        note
        for domain in read_apart
        for note in scale_notes(domain, standardise=standardise, over=scaled_over(setting))
    ]
    aligned = (note for each in task.sources for note in alignment_notes(each, task.target))
    beside = (*_order(task), *class_notes(task.class_map), *aligned, *_shot_notes(task))
    prepared = standardised(task) if standardise else Prepared.of(task)
    budget = training or usual_training(task)
    chosen = () if training or request.steps else (budget_sentence(budget),)
    header = SuiteHeader(
        name=_file_name(task),
        title=task.name,
        protocol=(OWN, *dict.fromkeys((*_unlabelled(task), *sentences, *scales, *chosen, *beside))),
        validator="source_accuracy" if hides_target(setting) else "information_maximisation",
        **_metrics(task),
    )
    if request.steps:
        budget = dataclasses.replace(budget, steps=request.steps)
    own, preparation = prepared
    return Suite(
        header=header,
        tasks=(SuiteTask(task=own, network=network, training=budget, preparation=preparation),),
        methods=("source_only", "dann"),
        seeds=5,
    )


def _shot_notes(task: TransferTask) -> Iterator[str]:
    """Yields how many labelled examples of the target there are."""
    if task.shots:
        yield (
            f"{len(task.shots)} training examples of the target are shots: labelled where the"
            " setting shows them, and left out of its other training examples. They are drawn once:"
            " intervals are over seeds of training, not over draws of shots."
        )


def _order(task: TransferTask) -> list[str]:
    """Returns what must be known of the order in which the target comes, in sentences."""
    return [f"The {task.sizes.target} target examples {IN_ORDER}"] if task.setting.online else []


def _metrics(task: TransferTask) -> dict[str, Any]:
    """Returns the metrics of a table: by probes where no label is shown, as nothing classifies.

    Where the target's test examples are of known and of unknown classes, HOS has a table beside.
    Without a single label of them, the scores of validators that need none.
    """
    if _is_unlabelled(task):
        shown = [] if hides_target(task.setting) else ["information_maximisation"]
        shown += ["source_accuracy"] if task.setting.source is View.LABELS else []
        return {"metric": shown[0], "further_metrics": tuple(shown[1:])} if shown else {}
    if max(task.setting.views) < View.LABELS:
        return {"metric": "linear_probe", "further_metrics": ("knn_probe",)}
    further = tuple(usual_metric(head) for head in task.source.others)
    labels = task.held_out().target_test.by_head[0].values
    found = set(np.unique(np.asarray(labels)).tolist()) - {MISSING}
    known = {label for label in found if label < task.heads[0].size}
    of_unknown = ("hos", "os_star", "unk") if known and found - known else ()
    return {"further_metrics": (*of_unknown, *further)}


def _file_name(task: TransferTask) -> str:
    """Returns the name of the files of a pair and a setting: each of a folder has its own table.

    A label is any text, and names may be long: a file's has neither slashes nor 200 bytes.
    """
    usual = task.setting == Setting.UNSUPERVISED_DA
    setting = "" if usual else "-" + re.sub(r"[^\w.+-]+", "-", task.setting.label)
    sources = "+".join(each.name for each in task.sources)
    name = f"own-{sources}-to-{task.target.name}{setting}"
    if len(name.encode()) <= LONGEST_FILE:
        return name
    return f"own-{digest([sources, task.target.name, setting])}"


def _is_unlabelled(task: TransferTask) -> bool:
    """Tells whether no class of the target's test examples is known."""
    return task.target.splits["test"].unlabelled


def _unlabelled(task: TransferTask) -> tuple[str, ...]:
    """Returns what must be known of a target without labels, in sentences."""
    return (NO_LABELS,) if _is_unlabelled(task) else ()


def _network(
    task: TransferTask, asked: str | NetworkSpec, domains: Sequence[Domain]
) -> tuple[NetworkSpec, list[str]]:
    """Returns the network, given or chosen, and sentences that say which it is.

    `domains` are those that are read by an encoder of their own.
    """
    if isinstance(asked, NetworkSpec):
        _check_reads(asked, domains)
        return asked, [f"Network: {asked.backbone}, as it is given."]
    choices = choose_for_each(domains, asked)
    sentences = [sentence for choice in choices for sentence in choice.sentences]
    return _chosen_network(task, [choice.inputs for choice in choices]), sentences


def _check_reads(network: NetworkSpec, domains: Sequence[Domain]) -> None:
    """Raises InputError for a network that reads other inputs than those of the domains."""
    for domain, reads in zip(domains, (network, network.of_target), strict=False):
        parts = parts_of(domain.splits["train"].inputs)
        shapes = [part.shape[1:] for part in parts]
        taken = [branch.input_shape for branch in reads.branches]
        if shapes != taken:
            raise InputError(
                f"domain {domain.name!r} has inputs of shape {shapes}, and the network reads"
                f" {taken}. Give NetworkSpec(input_shape={shapes[0]})"
            )


def _chosen_network(task: TransferTask, inputs: Sequence[tuple[PlainInput, ...]]) -> NetworkSpec:
    """Returns the network of the chosen backbones: of the source, and of a target's own inputs."""
    ((backbone, shape, hidden), *others), *of_target = inputs
    return NetworkSpec(
        backbone=backbone,
        input_shape=shape,
        hidden=hidden,
        further_inputs=tuple(others),
        target_inputs=tuple(each for own in of_target for each in own),
        bottleneck=128,
        heads=network_heads(task.heads),
        batch_norm="separate" if of_target else "joint",
    )


def _check_domain(value: object, role: str) -> None:
    if not isinstance(value, Domain):
        raise InputError(
            f"{role} is {shown(value)}. Give a Domain, such as xferlab.domain_from_arrays and the"
            " readers of xferlab.data return; a task may have several sources, and one target"
        )
