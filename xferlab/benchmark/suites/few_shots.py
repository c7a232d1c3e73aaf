"""The suite `few_shots`: how much a few labelled target examples add; no download."""

from __future__ import annotations

import dataclasses

from xferlab.benchmark.suites.header import SuiteHeader
from xferlab.benchmark.suites.quick import DIGITS_NETWORK, DIGITS_TRAINING
from xferlab.benchmark.suites.suite import Suite, SuiteRequest, SuiteTask
from xferlab.core.settings import Setting
from xferlab.data.made.optdigits import optdigits
from xferlab.data.shots import draw_shots
from xferlab.data.task import TransferTask

SHOTS = (0, 3)
"""Labelled target examples of each class."""
BATCH = 32
METHODS = ("source_only", "dann", "mcc", "mme", "target_only")


def few_shots(request: SuiteRequest) -> Suite:
    """scikit-learn's digits photographed, with 0 and 3 labelled examples of each class."""
    steps = request.steps or DIGITS_TRAINING.steps
    return Suite(
        header=SuiteHeader(
            name="few_shots",
            title="few_shots: handwritten digits, with a few labels of the target",
            protocol=_protocol(steps),
        ),
        tasks=tuple(_task(count, steps) for count in SHOTS),
        methods=METHODS,
        seeds=5,
    )


def _task(count: int, steps: int) -> SuiteTask:
    """Returns the task that shows so many shots of each class."""
    source, target = optdigits("optdigits", half="a"), optdigits("optdigits_photo", half="b")
    drawn = draw_shots(target, count or max(SHOTS))
    task = TransferTask(
        name=f"{source.name}->{target.name}, {count} shots",
        sources=(source,),
        target=target,
        setting=Setting.SEMI_SUPERVISED if count else Setting.UNSUPERVISED_DA,
        shots=drawn,
    )
    sizes = (BATCH, BATCH, min(BATCH, len(drawn))) if count else (BATCH, BATCH)
    training = dataclasses.replace(DIGITS_TRAINING, steps=steps, batch_sizes=sizes)
    return SuiteTask(task=task, network=DIGITS_NETWORK, training=training)


def _protocol(steps: int) -> tuple[str, ...]:
    return (
        "Source and target are made of disjoint originals. Of the target's training split a method"
        " sees the shots with their labels and the other examples without; scores are on the"
        " target's test split.",
        "Shots are drawn once: intervals are over seeds of training, not over draws of shots."
        " source_only learns from source and shots. Without shots the examples that would be"
        " three a class are left out.",
        f"Every method: the same encoder, {steps} steps of Adam, lr 2e-3, cosine, {BATCH} source,"
        f" {BATCH} target examples and all shots, up to {BATCH}, a step; its paper's default"
        " hyper-parameters. mme brings a classifier of its own, as in its paper.",
    )
