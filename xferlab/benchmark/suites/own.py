"""A suite of one task from a user's own data: `.npz` files, image folders or named domains."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xferlab.benchmark.suites.header import SuiteHeader
from xferlab.benchmark.suites.own_network import choose_for_each, scale_notes
from xferlab.benchmark.suites.suite import Suite, SuiteRequest, SuiteTask
from xferlab.core.batch import EpisodicTest
from xferlab.core.checks import check_type, shown, whole_numbers
from xferlab.core.errors import InputError
from xferlab.core.inputs import parts_of
from xferlab.core.seeds import digest
from xferlab.core.settings import Setting, View
from xferlab.data.catalogue.domains import DOMAINS
from xferlab.data.classes import class_notes
from xferlab.data.clean_inputs import is_sparse
from xferlab.data.domain import Domain
from xferlab.data.features.alignment import (
    alignment_notes,
    number_alike,
    standardise_alike,
)
from xferlab.data.labels import MISSING
from xferlab.data.readers.arrays import domain_from_npz
from xferlab.data.readers.folders import domain_from_folder
from xferlab.data.stream import as_stream
from xferlab.data.task import TransferTask
from xferlab.evaluation.metric_table import usual_metric
from xferlab.models.spec import NetworkSpec, PlainInput, network_heads
from xferlab.training.options import TrainingOptions

IMAGE_SIZE = 32
IN_ORDER = (
    "come in order, once, each batch predicted before it is trained on. Scores are of these"
    " predictions; of a method that does not adapt, of its network."
)
"""What a protocol says of an online target."""
OWN = "Data of the user's own."
LONGEST_FILE = 200
"""Bytes of the longest name of a suite's files, without their endings."""


def load_domain(text: str, data_dir: Path | None) -> Domain:
    """Returns the domain of an `.npz` file, an image folder or a name of the catalogue.

    Raises:
        InputError: for what is none of them, and for data that is no valid domain.
    """
    check_type("a domain", text, str, "a name, the path of an .npz file, or of a folder of images")
    if text.endswith(".npz"):
        return domain_from_npz(text)
    if Path(text).is_dir():
        return domain_from_folder(text, image_size=IMAGE_SIZE)
    try:
        entry = DOMAINS[text]
    except InputError as error:
        message = f"{error}, the path of an .npz file, or of a folder of images"
        raise InputError(message) from error
    return entry.load(data_dir)


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
        target: what is scored: with labels of the test split; its classes are the source's or some
            of them, or as the setting says.
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
    task: TransferTask, network: str, request: SuiteRequest, *, standardise: bool = True
) -> Suite:
    """Returns the suite of one task; what is chosen for the data stands in its protocol.

    Args:
        task: as `own_task` makes it of one's own data.
        network: a backbone's name; '' chooses by the inputs, see `choose_for_each`.
        request: number of steps.
        standardise: whether the columns of float vectors, and the channels of float windows and
            images, are brought to mean zero and variance one (see `standardise_alike`). 8-bit
            images reach the network as x / 127.5 - 1, sparse inputs as they are.

    Raises:
        InputError: an unknown network, or inputs whose axes seem to stand in another order.
    """
    setting, first = task.setting, task.sources[0]
    read_apart = [first, task.target] if setting.own_inputs else [first]
    choices = choose_for_each(read_apart, network)
    scales = [
        note
        for domain in read_apart
        for note in scale_notes(domain, standardise=standardise, over=_scaled_over(setting))
    ]
    sentences = [sentence for choice in choices for sentence in choice.sentences]
    aligned = (note for each in task.sources for note in alignment_notes(each, task.target))
    beside = (*_order(task), *class_notes(task.class_map), *aligned, *_shot_notes(task))
    task = _standardised(task) if standardise else task
    header = SuiteHeader(
        name=_file_name(task),
        title=task.name,
        protocol=(OWN, *dict.fromkeys((*sentences, *scales, *beside))),
        validator="source_accuracy" if _hides_target(setting) else "information_maximisation",
        **_metrics(task),
    )
    return Suite(
        header=header,
        tasks=(_suite_task(task, [choice.inputs for choice in choices], request.steps or 1000),),
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
    """
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


def _standardised(task: TransferTask) -> TransferTask:
    """Returns the task with float inputs of mean zero and variance one; each space by itself."""
    sources, target = task.sources, task.target
    if task.setting.own_inputs:
        (target,) = _scaled([target], [target])
        return dataclasses.replace(task, sources=tuple(_scaled(sources, sources)), target=target)
    seen = sources if _unseen_at_first(task.setting) else (*sources, target)
    *scaled, target = _scaled((*sources, target), seen)
    return dataclasses.replace(task, sources=tuple(scaled), target=target)


def _scaled(domains: Sequence[Domain], seen: Sequence[Domain]) -> Sequence[Domain]:
    return standardise_alike(domains, seen=seen) if _has_floats(domains[0]) else domains


def _hides_target(setting: Setting) -> bool:
    """Tells whether no training input of the target is seen, here where there are no shots."""
    return setting.target is View.ABSENT


def _unseen_at_first(setting: Setting) -> bool:
    """Tells whether no training input of the target is there when inputs are scaled."""
    return setting.online or _hides_target(setting)


def _scaled_over(setting: Setting) -> str:
    """Returns in words which inputs the scale is taken from."""
    if setting.own_inputs:
        return "each domain by its own training inputs"
    if _unseen_at_first(setting):
        return "both over the training inputs of the source"
    return "both over the training inputs of source and target"


def _has_floats(domain: Domain) -> bool:
    """Tells whether there is anything to standardise; large images are not copied for nothing."""
    parts = parts_of(domain.splits["train"].inputs)
    return any(part.dtype == np.float32 and not is_sparse(part) for part in parts)


def _suite_task(
    task: TransferTask, inputs: Sequence[tuple[PlainInput, ...]], steps: int
) -> SuiteTask:
    """Returns the task with its network and the options of its training.

    `inputs` are the chosen backbones of the source, and those of a target with its own.
    """
    ((backbone, shape, hidden), *others), *of_target = inputs
    network = NetworkSpec(
        backbone=backbone,
        input_shape=shape,
        hidden=hidden,
        further_inputs=tuple(others),
        target_inputs=tuple(each for own in of_target for each in own),
        bottleneck=128,
        heads=network_heads(task.heads),
        batch_norm="separate" if of_target else "joint",
    )
    training = TrainingOptions(
        steps=steps,
        batch_sizes=_batch_sizes(task),
        optimiser="adam",
        lr=1e-3,
        schedule="cosine",
        augment="noise",
        evaluations=1 if task.setting.online or task.episodes else 10,
    )
    return SuiteTask(task=task, network=network, training=training)


def _batch_sizes(task: TransferTask) -> tuple[int, ...]:
    """Returns up to 64 examples of each role; as many as an episode has where those are scored."""
    most = task.episodes.examples if task.episodes else 64
    return tuple(min(most, size) for size in task.sizes[: 3 if task.shots else 2])


def _check_domain(value: object, role: str) -> None:
    if not isinstance(value, Domain):
        raise InputError(
            f"{role} is {shown(value)}. Give a Domain, such as xferlab.domain_from_arrays and the"
            " readers of xferlab.data return; a task may have several sources, and one target"
        )
