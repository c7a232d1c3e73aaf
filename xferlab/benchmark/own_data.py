"""A suite of one task from a user's own data: `.npz` files, image folders or named domains."""

from __future__ import annotations

from pathlib import Path

from xferlab.benchmark.suite import Suite, SuiteHeader, SuiteRequest, SuiteTask
from xferlab.benchmark.suites.pairs import pair
from xferlab.core.checks import check_type
from xferlab.core.errors import InputError
from xferlab.data.catalogue import DOMAINS
from xferlab.data.domain import Domain
from xferlab.data.folder_reader import domain_from_folder
from xferlab.data.readers import domain_from_npz
from xferlab.models.backbones import BACKBONES
from xferlab.models.spec import NetworkSpec
from xferlab.training.options import TrainingOptions

IMAGE_SIZE = 32


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


def own_suite(source: Domain, target: Domain, network: str, request: SuiteRequest) -> Suite:
    """Returns the suite of one task; the network follows from the inputs.

    Args:
        source: labelled examples.
        target: unlabelled ones, with labels of the test split for the scores.
        network: a backbone's name; '' chooses by the inputs: `small_conv` for images,
            `temporal_conv` for windows [time, channels], `mlp` for the rest.
        request: number of steps.
    """
    task = pair(source, target)
    shape = source.input_shape
    backbone = network or {3: "small_conv", 2: "temporal_conv"}.get(len(shape), "mlp")
    BACKBONES[backbone]
    spec = NetworkSpec(
        backbone=backbone,
        input_shape=shape,
        hidden={"small_conv": (32, 64), "mlp": (256,)}.get(backbone, ()),
        bottleneck=128,
        heads=(("class", source.num_classes),),
        batch_norm="joint",
    )
    training = TrainingOptions(
        steps=request.steps or 1000,
        batch_sizes=(_batch_size(source), _batch_size(target)),
        optimiser="adam",
        lr=1e-3,
        schedule="cosine",
        augment="noise",
    )
    return Suite(
        header=SuiteHeader(name="own", title=task.name, protocol=("Data of the user's own.",)),
        tasks=(SuiteTask(task=task, network=spec, training=training),),
        methods=("source_only", "dann"),
        seeds=5,
    )


def _batch_size(domain: Domain) -> int:
    return min(64, len(domain.splits["train"].labels))
