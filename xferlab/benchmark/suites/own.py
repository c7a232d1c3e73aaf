"""A suite of one task from a user's own data: `.npz` files, image folders or named domains."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xferlab.benchmark.suites.header import SuiteHeader
from xferlab.benchmark.suites.own_network import choose_for_each, scale_notes
from xferlab.benchmark.suites.pairs import pair
from xferlab.benchmark.suites.suite import Suite, SuiteRequest, SuiteTask
from xferlab.core.checks import check_type, shown
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
from xferlab.data.readers.arrays import domain_from_npz
from xferlab.data.readers.folders import domain_from_folder
from xferlab.data.task import TransferTask
from xferlab.evaluation.metric_table import usual_metric
from xferlab.models.spec import NetworkSpec, PlainInput, network_heads
from xferlab.training.options import TrainingOptions

IMAGE_SIZE = 32
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


def own_suite(
    source: Domain,
    target: Domain,
    network: str,
    request: SuiteRequest,
    *,
    standardise: bool = True,
    setting: Setting = Setting.UNSUPERVISED_DA,
) -> Suite:
    """Returns the suite of one task; what is chosen for the data stands in its protocol.

    Args:
        source: labelled examples.
        target: unlabelled ones, with labels of the test split for the scores; its classes are the
            source's or some of them, or as the setting says.
        network: a backbone's name; '' chooses by the inputs, see `choose_for_each`.
        request: number of steps.
        standardise: whether the columns of float vectors, and the channels of float windows and
            images, are brought to mean zero and variance one (see `standardise_alike`). 8-bit
            images reach the network as x / 127.5 - 1, sparse inputs as they are.
        setting: what is shown of both, how their classes are related, and whether the target's
            inputs have a space of their own.

    Raises:
        InputError: what is no domain, domains that do not fit together, an unknown network, or
            inputs whose axes seem to stand in another order.
    """
    _check_domain(source, "source")
    _check_domain(target, "target")
    if setting.classes == "equal":
        target = number_alike(source, target)
    _check_two_domains_suffice(setting)
    task = pair(source, target, setting=setting)
    read_apart = [source, target] if setting.own_inputs else [source]
    choices = choose_for_each(read_apart, network)
    scales = [
        note
        for domain in read_apart
        for note in scale_notes(domain, standardise=standardise, over=_scaled_over(setting))
    ]
    sentences = [sentence for choice in choices for sentence in choice.sentences]
    beside = (*class_notes(task.class_map), *alignment_notes(source, target))
    notes = (*dict.fromkeys((*sentences, *scales)), *beside)
    task = _standardised(task) if standardise else task
    header = SuiteHeader(
        name=_file_name(task),
        title=task.name,
        protocol=(OWN, *notes),
        validator="source_accuracy" if _hides_target(setting) else "information_maximisation",
        **_metrics(source, setting),
    )
    return Suite(
        header=header,
        tasks=(_suite_task(task, [choice.inputs for choice in choices], request.steps or 1000),),
        methods=("source_only", "dann"),
        seeds=5,
    )


def _metrics(source: Domain, setting: Setting) -> dict[str, Any]:
    """Returns the metrics of a table: by probes where no label is shown, as nothing classifies."""
    if max(setting.views) < View.LABELS:
        return {"metric": "linear_probe", "further_metrics": ("knn_probe",)}
    return {"further_metrics": tuple(usual_metric(head) for head in source.others)}


def _file_name(task: TransferTask) -> str:
    """Returns the name of the files of a pair and a setting: each of a folder has its own table.

    A label is any text, and names may be long: a file's has neither slashes nor 200 bytes.
    """
    usual = task.setting == Setting.UNSUPERVISED_DA
    setting = "" if usual else "-" + re.sub(r"[^\w.+-]+", "-", task.setting.label)
    name = f"own-{task.sources[0].name}-to-{task.target.name}{setting}"
    if len(name.encode()) <= LONGEST_FILE:
        return name
    return f"own-{digest([task.sources[0].name, task.target.name, setting])}"


def _standardised(task: TransferTask) -> TransferTask:
    """Returns the task with float inputs of mean zero and variance one; each space by itself."""
    source, target = task.source, task.target
    if task.setting.own_inputs:
        source, target = (
            standardise_alike(each, each)[0] if _has_floats(each) else each
            for each in (source, target)
        )
    elif _has_floats(source):
        unseen = _hides_target(task.setting)
        source, target = standardise_alike(source, target, by_source=unseen)
    return dataclasses.replace(task, sources=(source,), target=target)


def _hides_target(setting: Setting) -> bool:
    """Tells whether no training input of the target is seen, here where there are no shots."""
    return setting.target is View.ABSENT


def _scaled_over(setting: Setting) -> str:
    """Returns in words which inputs the scale is taken from."""
    if setting.own_inputs:
        return "each domain by its own training inputs"
    if _hides_target(setting):
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
        batch_sizes=(_batch_size(task.source), _batch_size(task.target)),
        optimiser="adam",
        lr=1e-3,
        schedule="cosine",
        augment="noise",
    )
    return SuiteTask(task=task, network=network, training=training)


def _check_two_domains_suffice(setting: Setting) -> None:
    if setting.shots is not View.ABSENT:
        raise InputError(
            f"setting {setting.label!r} shows shots, and two domains say not which examples these"
            " are. Choose another setting here; a suite of your own has tasks with them:"
            " TransferTask(..., shots=draw_shots(target, 3))"
        )
    if setting.classes == "novel":
        raise InputError(
            f"setting {setting.label!r} is scored by episodes, and two domains say not of which."
            " Choose another setting here; a suite of your own has tasks with them:"
            " TransferTask(..., Setting.FEW_SHOT, episodes=EpisodicTest(ways=5, shots=1))"
        )


def _check_domain(value: object, role: str) -> None:
    if not isinstance(value, Domain):
        raise InputError(
            f"{role} is {shown(value)}. Give one Domain, such as xferlab.domain_from_arrays and"
            " the readers of xferlab.data return; examples of several can be put into one"
        )


def _batch_size(domain: Domain) -> int:
    return min(64, len(domain.splits["train"].labels))
