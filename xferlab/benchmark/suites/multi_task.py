"""The suite `multi_task`: two heads of different kinds, labels partly missing; no download."""

from __future__ import annotations

import dataclasses

from xferlab.benchmark.suites.header import SuiteHeader
from xferlab.benchmark.suites.quick import DIGITS_NETWORK, DIGITS_TRAINING
from xferlab.benchmark.suites.suite import Suite, SuiteRequest, SuiteTask
from xferlab.core.settings import Setting
from xferlab.data.made.slanted import SLANT, slanted_digits
from xferlab.data.task import TransferTask

KNOWN = 0.5
"""Share of the source's training examples with a class, and of those with a slant."""
TARGETS = ("optdigits_photo", "optdigits_scan")
METHODS = ("source_only", "dann", "deep_coral", "mcc", "target_only")
"""What aligns under two heads; ways of weighing these have a suite of their own, unequal_heads."""


def multi_task(request: SuiteRequest) -> Suite:
    """scikit-learn's digits: which digit it is and how far it leans, half of the labels missing."""
    training = dataclasses.replace(DIGITS_TRAINING, steps=request.steps or DIGITS_TRAINING.steps)
    heads = (*DIGITS_NETWORK.heads, (SLANT.name, SLANT.size, SLANT.kind))
    network = dataclasses.replace(DIGITS_NETWORK, heads=heads)
    source = slanted_digits("optdigits", half="a", class_known=KNOWN, slant_known=KNOWN)
    targets = [slanted_digits(name, half="b") for name in TARGETS]
    return Suite(
        header=SuiteHeader(
            name="multi_task",
            title="multi_task: handwritten digits, their class and their slant",
            protocol=_protocol(training.steps),
            further_metrics=(f"{SLANT.name}/rmse", f"{SLANT.name}/r2"),
        ),
        tasks=tuple(
            SuiteTask(
                task=TransferTask(
                    f"{source.name}->{target.name}", (source,), target, Setting.UNSUPERVISED_DA
                ),
                network=network,
                training=training,
            )
            for target in targets
        ),
        methods=METHODS,
        seeds=5,
    )


def _protocol(steps: int) -> tuple[str, ...]:
    return (
        "Two heads on one encoder: the class of a digit (10 classes, cross entropy) and its slant"
        " (a number, squared error), each a term of weight 1; a method aligns the features that"
        " both share. The slant is measured on the scan before it is photographed or blurred, in"
        " standard deviations of all digits.",
        f"Source and target are made of disjoint originals. Of the source's training examples"
        f" {KNOWN:.0%} have a class and {KNOWN:.0%} a slant, drawn apart from each other; a quarter"
        " has neither. The target shows no label; scores are on its test split.",
        f"Every method: the same encoder, {steps} steps of Adam, lr 2e-3, cosine, 32 source and 32"
        " target examples a step; its paper's default hyper-parameters. Checkpoints are selected by"
        " the class head alone, but the oracle's by the table's metric.",
    )
