"""A suite of one task from a user's own data: `.npz` files, image folders or named domains."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xferlab.benchmark.suites.header import SuiteHeader
from xferlab.benchmark.suites.pairs import pair
from xferlab.benchmark.suites.suite import Suite, SuiteRequest, SuiteTask
from xferlab.core.checks import check_type, shown
from xferlab.core.errors import InputError
from xferlab.data.catalogue.domains import DOMAINS
from xferlab.data.domain import Domain, describe_inputs
from xferlab.data.features.alignment import (
    alignment_notes,
    dominant_column,
    number_alike,
    standardise_alike,
)
from xferlab.data.readers.arrays import domain_from_npz
from xferlab.data.readers.folders import domain_from_folder
from xferlab.data.split import is_sparse
from xferlab.data.task import TransferTask
from xferlab.evaluation.metric_table import usual_metric
from xferlab.models.backbones import BACKBONES
from xferlab.models.spec import NetworkSpec, network_heads
from xferlab.training.options import TrainingOptions

IMAGE_SIZE = 32
OWN = "Data of the user's own."


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
) -> Suite:
    """Returns the suite of one task; what is chosen for the data stands in its protocol.

    Args:
        source: labelled examples.
        target: unlabelled ones, with labels of the test split for the scores; its classes are the
            source's or some of them.
        network: a backbone's name; '' chooses by the inputs, see `choose_network`.
        request: number of steps.
        standardise: whether the columns of float vectors, and the channels of float windows and
            images, are brought to mean zero and variance one (see `standardise_alike`). 8-bit
            images reach the network as x / 127.5 - 1, sparse inputs as they are.

    Raises:
        InputError: what is no domain, domains that do not fit together, an unknown network, or
            inputs whose axes seem to stand in another order.
    """
    _check_domain(source, "source")
    _check_domain(target, "target")
    target = number_alike(source, target)
    task = pair(source, target)
    backbone, chosen = choose_network(source, network)
    floats = source.input_dtype == np.float32 and not is_sparse(source.splits["train"].inputs)
    if standardise and floats:
        task = pair(*standardise_alike(source, target))
    notes = (
        chosen,
        *_scale_notes(source, standardised=standardise and floats),
        *alignment_notes(source, target),
    )
    header = SuiteHeader(
        name=_file_name(task),
        title=task.name,
        protocol=(OWN, *notes),
        further_metrics=tuple(usual_metric(head) for head in source.others),
    )
    return Suite(
        header=header,
        tasks=(_suite_task(task, backbone, request.steps or 1000),),
        methods=("source_only", "dann"),
        seeds=5,
    )


def _file_name(task: TransferTask) -> str:
    """Returns the name of the files of a pair: each pair of a folder has its own table."""
    return f"own-{task.sources[0].name}-to-{task.target.name}"


def _suite_task(task: TransferTask, backbone: str, steps: int) -> SuiteTask:
    """Returns the task with its network and the options of its training."""
    network = NetworkSpec(
        backbone=backbone,
        input_shape=task.source.input_shape,
        hidden={"small_conv": (32, 64), "mlp": (256,)}.get(backbone, ()),
        bottleneck=128,
        heads=network_heads(task.source.heads),
        batch_norm="joint",
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


def choose_network(domain: Domain, asked: str) -> tuple[str, str]:
    """Returns the backbone for a domain's inputs, and a sentence that says why it is this one.

    Args:
        domain: `small_conv` is chosen for images [n, h, w, c], `temporal_conv` for windows
            [n, time, channels], `mlp` for all else and for what these are too small for.
        asked: the name of a backbone; '' chooses.

    Raises:
        InputError: an unknown name; none is asked for, and the inputs look as if channels were the
            first axis of an example.
    """
    form = describe_inputs(domain.splits["train"].inputs)
    if asked:
        BACKBONES[asked]
        return asked, f"Inputs: {form}. Network: {asked}, as asked for."
    shape = domain.input_shape
    _check_order(shape, form)
    kind, backbone = _KINDS.get(len(shape), ("numbers without a known order", "mlp"))
    if backbone != "mlp" and min(shape[:-1]) < _LEAST[backbone]:
        kind, backbone = f"{kind}, too small for {backbone}", "mlp"
    hint = " Grey images need an axis of channels, images[..., None]." if len(shape) == 2 else ""
    return backbone, f"Inputs: {form}, taken as {kind}. Network: {backbone}, chosen by this.{hint}"


_KINDS = {
    1: ("vectors", "mlp"),
    2: ("windows [time, channels]", "temporal_conv"),
    3: ("images [height, width, channels]", "small_conv"),
}
_LEAST = {"temporal_conv": 8, "small_conv": 4}
"""Time steps, or pixels, that these need."""


def _check_order(shape: tuple[int, ...], form: str) -> None:
    """Raises InputError where the last axis of windows or images does not look like channels."""
    if len(shape) == 2 and shape[0] < shape[1]:
        raise InputError(
            f"inputs {form} would be windows of {shape[0]} time steps and {shape[1]} channels."
            " If time is the last axis, give inputs.transpose(0, 2, 1); grey images need an axis of"
            " channels, images[..., None]. If this is right, choose network temporal_conv"
        )
    if len(shape) == 3 and shape[0] <= 4 < shape[2]:
        raise InputError(
            f"inputs {form} would be images of {shape[0]} rows and {shape[2]} channels. If channels"
            " are the first axis, give inputs.transpose(0, 2, 3, 1). If this is right, choose a"
            " network, such as mlp"
        )


def _scale_notes(source: Domain, *, standardised: bool) -> list[str]:
    """Returns how inputs reach the network."""
    if source.input_dtype == np.uint8:
        return ["8-bit images reach the network as x / 127.5 - 1."]
    if standardised:
        what = "column" if len(source.input_shape) == 1 else "channel"
        return [
            f"Inputs are standardised: each {what} less its mean, divided by its standard"
            " deviation, both over the training inputs of source and target; no label is seen."
        ]
    inputs = source.splits["train"].inputs
    return [
        "Inputs reach the network in their own units.",
        *filter(None, [dominant_column(inputs)]),
    ]


def _check_domain(value: object, role: str) -> None:
    if not isinstance(value, Domain):
        raise InputError(
            f"{role} is {shown(value)}. Give one Domain, such as xferlab.domain_from_arrays and"
            " the readers of xferlab.data return; examples of several can be put into one"
        )


def _batch_size(domain: Domain) -> int:
    return min(64, len(domain.splits["train"].labels))
