"""The suite `quick`: real handwritten digits and the moons, no download, minutes on a laptop."""

from __future__ import annotations

import dataclasses

from xferlab.benchmark.suites.header import SuiteHeader
from xferlab.benchmark.suites.suite import Suite, SuiteRequest, SuiteTask
from xferlab.core.settings import Setting
from xferlab.data.domain import Domain
from xferlab.data.made.moons import moons
from xferlab.data.made.optdigits import optdigits
from xferlab.data.task import TransferTask
from xferlab.models.spec import NetworkSpec
from xferlab.training.options import TrainingOptions

DIGITS_NETWORK = NetworkSpec(
    backbone="small_conv",
    input_shape=(16, 16, 3),
    hidden=(12, 24),
    bottleneck=64,
    heads=(("class", 10),),
    batch_norm="joint",
)
MOONS_NETWORK = NetworkSpec(
    backbone="mlp", input_shape=(2,), hidden=(32, 32), heads=(("class", 2),), batch_norm="joint"
)
DIGITS_TRAINING = TrainingOptions(
    steps=250,
    batch_sizes=(32, 32),
    optimiser="adam",
    lr=2e-3,
    schedule="cosine",
    augment="shift_and_noise",
    evaluations=5,
)
MOONS_TRAINING = dataclasses.replace(DIGITS_TRAINING, augment="noise", lr=3e-3, steps=2000)
DEFAULT_METHODS = (
    "source_only", "ada_bn", "dan", "deep_coral", "dann", "cdan_e", "mcc", "bnm", "shot",
    "target_only",
)  # fmt: skip
"""Not `mme`, a method for shots: these tasks have none. `--methods=all` has a row of it, as it
runs wherever it sees two domains; without shots it is minimax entropy on the source's labels
alone, for which its paper claims nothing. The suite `few_shots` shows what it is for."""


def quick(request: SuiteRequest) -> Suite:
    """scikit-learn's digits under two target looks, and the moons; about 4 minutes on 2 cores."""
    clean = optdigits("optdigits", half="a")
    targets = [optdigits(look, half="b") for look in ("optdigits_scan", "optdigits_photo")]
    tasks = [
        SuiteTask(
            task=_task(clean, target),
            network=DIGITS_NETWORK,
            training=_with_steps(DIGITS_TRAINING, request),
        )
        for target in targets
    ]
    tasks.append(
        SuiteTask(
            task=_task(moons(), moons(rotation_degrees=35.0)),
            network=MOONS_NETWORK,
            training=_with_steps(MOONS_TRAINING, request),
        )
    )
    return Suite(
        header=SuiteHeader(
            name="quick",
            title="quick: handwritten digits and intertwining moons",
            protocol=_protocol(tasks[0].training.steps, tasks[-1].training.steps),
        ),
        tasks=tuple(tasks),
        methods=DEFAULT_METHODS,
        seeds=5,
    )


def _task(source: Domain, target: Domain) -> TransferTask:
    name = f"{source.name}->{target.name}"
    return TransferTask(name, (source,), target, Setting.UNSUPERVISED_DA)


def _with_steps(options: TrainingOptions, request: SuiteRequest) -> TrainingOptions:
    return dataclasses.replace(options, steps=request.steps or options.steps)


def _protocol(digits_steps: int, moons_steps: int) -> tuple[str, ...]:
    return (
        "Source and target are made of disjoint originals; the target's training split is seen"
        " without labels, scores are on its test split.",
        f"Every method: the same network, {digits_steps} steps (moons {moons_steps}) of Adam,"
        " lr 2e-3 (moons 3e-3), cosine, 32 + 32 examples a step, its paper's default"
        " hyper-parameters.",
    )
