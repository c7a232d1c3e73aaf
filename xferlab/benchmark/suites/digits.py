"""The suite `digits`: MNIST, USPS and MNIST-M by the published protocols, SVHN where present."""

from __future__ import annotations

import dataclasses

from xferlab.benchmark.suite import Suite, SuiteHeader, SuiteRequest, SuiteTask
from xferlab.core.settings import Setting
from xferlab.data.digits import digits_domain, digits_present
from xferlab.data.task import TransferTask
from xferlab.models.spec import NetworkSpec
from xferlab.training.options import TrainingOptions

FULL_STEPS = 50_000
SHORT_STEPS = 600
LENET = NetworkSpec(
    backbone="lenet",
    input_shape=(28, 28, 1),
    hidden=(20, 50, 500),
    dropout=0.5,
    bottleneck=256,
    heads=(("class", 10),),
    batch_norm="joint",
)
DANN_NETWORK = dataclasses.replace(
    LENET, input_shape=(28, 28, 3), hidden=(32, 48, 100, 100), dropout=0.0, bottleneck=0
)
TRAINING = TrainingOptions(
    steps=SHORT_STEPS,
    batch_sizes=(64, 64),
    optimiser="sgd",
    lr=0.01,
    momentum=0.9,
    nesterov=True,
    weight_decay=1e-3,
    schedule="dann",
    augment="shift_and_noise",
    evaluations=3,
)
METHODS = ("source_only", "dan", "dann", "mcc", "target_only")


def digits(request: SuiteRequest) -> Suite:
    """MNIST→USPS, USPS→MNIST, MNIST→MNIST-M (SVHN→MNIST if present), published numbers beside."""
    steps = request.steps or SHORT_STEPS
    tasks = [
        _task("mnist", "usps", LENET, steps, request),
        _task("usps", "mnist", LENET, steps, request),
        _task("mnist", "mnistm", DANN_NETWORK, steps, request),
    ]
    if digits_present("svhn", data_dir=request.data_dir):
        tasks.append(_task("svhn", "mnist", DANN_NETWORK, steps, request))
    return Suite(
        header=SuiteHeader(
            name="digits",
            title=f"digits: {steps} of {FULL_STEPS} steps",
            protocol=_protocol(steps, tasks),
            published="digits",
        ),
        tasks=tuple(tasks),
        methods=METHODS,
        seeds=3,
    )


def _task(
    source: str, target: str, network: NetworkSpec, steps: int, request: SuiteRequest
) -> SuiteTask:
    source_domain, target_domain = (
        digits_domain(name, channels=network.input_shape[-1], data_dir=request.data_dir)
        for name in (source, target)
    )
    name = f"{source}->{target}"
    task = TransferTask(name, (source_domain,), target_domain, Setting.UNSUPERVISED_DA)
    return SuiteTask(
        task=task, network=network, training=dataclasses.replace(TRAINING, steps=steps)
    )


def _protocol(steps: int, tasks: list[SuiteTask]) -> tuple[str, ...]:
    sizes = {
        domain.name: len(domain.splits["train"].labels)
        for each in tasks
        for domain in (*each.task.sources, each.task.target)
    }
    counts = ", ".join(f"{name} {count}" for name, count in sizes.items())
    shortened = "" if steps >= FULL_STEPS else f"SHORTENED: {steps} of {FULL_STEPS} steps; "
    return (
        f"{shortened}source training split labelled, target training split unlabelled, scores on"
        f" the target test split. Training examples: {counts}.",
        "mnist<->usps: LeNet 20-50-500 with dropout 0.5 and a 256-d batch-norm bottleneck for every"
        " method (published: no bottleneck for source-only); mnist->mnistm: conv 32-48, dense"
        " 100-100 (Ganin et al.).",
        "SGD, Nesterov momentum 0.9, lr 0.01 (1 + 10 p)^-0.75, weight decay 1e-3, 64 + 64 examples"
        " a step (published mnist<->usps: 128 + 128; usps->mnist lr 0.1).",
    )
