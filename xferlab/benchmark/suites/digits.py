"""The suites `digits` and `digits_full`: MNIST, USPS, MNIST-M, and SVHN where it is present.

`digits_full` has the published schedule, `digits` one that two CPU cores can do; data, networks and
tasks are the same.
"""

from __future__ import annotations

import dataclasses

from xferlab.benchmark.suites.header import SuiteHeader
from xferlab.benchmark.suites.pairs import pair, with_steps
from xferlab.benchmark.suites.suite import Suite, SuiteRequest, SuiteTask
from xferlab.data.catalogue.digits import digits_domain, digits_present
from xferlab.models.spec import NetworkSpec
from xferlab.training.options import TrainingOptions

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
    LENET,
    input_shape=(28, 28, 3),
    hidden=(32, 48),
    head_hidden=(100, 100),
    dropout=0.0,
    bottleneck=0,
)
FULL = TrainingOptions(
    steps=50_000,
    batch_sizes=(64, 64),
    optimiser="sgd",
    lr=0.01,
    momentum=0.9,
    nesterov=True,
    weight_decay=1e-3,
    schedule="dann",
    augment="shift_and_noise",
    evaluations=20,
)
SHORT = dataclasses.replace(FULL, steps=600, evaluations=3)
METHODS = (
    "source_only", "dan", "jan", "dann", "cdan", "mcd", "mcc", "shot", "target_only",
)  # fmt: skip


def digits(request: SuiteRequest) -> Suite:
    """MNIST→USPS, USPS→MNIST, MNIST→MNIST-M at a short schedule, published numbers beside."""
    training = with_steps(SHORT, request)
    schedule = (
        f"SHORTENED SCHEDULE: {_schedule(training)} Compare gains over source_only rather than"
        " levels."
    )
    return _suite("digits", f"digits: {training.steps} steps", schedule, training, request)


def digits_full(request: SuiteRequest) -> Suite:
    """MNIST→USPS, USPS→MNIST, MNIST→MNIST-M at the published schedule: hours on a GPU."""
    training = with_steps(FULL, request)
    title = f"digits_full: {training.steps} of {FULL.steps} steps"
    return _suite("digits_full", title, _schedule(training), training, request)


def _schedule(training: TrainingOptions) -> str:
    return (
        f"{training.steps} of {FULL.steps} steps of SGD, Nesterov momentum 0.9, lr 0.01"
        " (1 + 10 p)^-0.75, weight decay 1e-3, 64 + 64 examples a step (published mnist<->usps:"
        " 128 + 128; usps->mnist lr 0.1)."
    )


def _suite(
    name: str, title: str, schedule: str, training: TrainingOptions, request: SuiteRequest
) -> Suite:
    tasks = [
        _task("mnist", "usps", LENET, training, request),
        _task("usps", "mnist", LENET, training, request),
        _task("mnist", "mnistm", DANN_NETWORK, training, request),
    ]
    if digits_present("svhn", data_dir=request.data_dir):
        tasks.append(_task("svhn", "mnist", DANN_NETWORK, training, request))
    return Suite(
        header=SuiteHeader(
            name=name, title=title, protocol=(schedule, *_protocol(tasks)), published="digits"
        ),
        tasks=tuple(tasks),
        methods=METHODS,
        seeds=3,
    )


def _task(
    source: str, target: str, network: NetworkSpec, training: TrainingOptions, request: SuiteRequest
) -> SuiteTask:
    source_domain, target_domain = (
        digits_domain(name, channels=network.input_shape[-1], data_dir=request.data_dir)
        for name in (source, target)
    )
    return SuiteTask(task=pair(source_domain, target_domain), network=network, training=training)


def _protocol(tasks: list[SuiteTask]) -> tuple[str, ...]:
    sizes = {
        domain.name: len(domain.splits["train"].labels)
        for each in tasks
        for domain in (*each.task.sources, each.task.target)
    }
    counts = ", ".join(f"{name} {count}" for name, count in sizes.items())
    return (
        "Source training split labelled, target training split unlabelled, scores on"
        f" the target test split. Training examples: {counts}.",
        "mnist<->usps: LeNet 20-50-500 with dropout 0.5 and a 256-d batch-norm bottleneck for every"
        " method (published: no bottleneck for source-only); mnist->mnistm: conv 32-48 as the"
        " encoder, dense 100-100 in the head (Ganin et al.). Every method has its paper's default"
        " hyper-parameters.",
    )
