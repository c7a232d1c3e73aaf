"""The suite `fine_tuning`: a network from another domain and a few labels; no download."""

from __future__ import annotations

import dataclasses

import numpy as np

from xferlab.benchmark.suites.header import SuiteHeader
from xferlab.benchmark.suites.quick import DIGITS_NETWORK, DIGITS_TRAINING
from xferlab.benchmark.suites.suite import Suite, SuiteRequest, SuiteTask
from xferlab.core.settings import Setting
from xferlab.data.domain import Domain
from xferlab.data.made.optdigits import optdigits
from xferlab.data.shots import draw_shots
from xferlab.data.task import TransferTask

PER_CLASS = (2, 10)
"""Labelled target examples of each class."""
BATCH = 32
METHODS = (
    "target_only",
    "target_only+pretrained+linear_probe",
    "target_only+pretrained",
    "target_only+pretrained+lp_ft",
    "target_only+pretrained+layer_decay",
    "target_only+pretrained+lora",
)


def fine_tuning(request: SuiteRequest) -> Suite:
    """scikit-learn's digits photographed, 2 and 10 of a class, from a network for clean ones."""
    steps = request.steps or DIGITS_TRAINING.steps
    return Suite(
        header=SuiteHeader(
            name="fine_tuning",
            title="fine_tuning: photographed digits from a network for clean ones",
            protocol=_protocol(steps),
        ),
        tasks=tuple(_task(count, steps) for count in PER_CLASS),
        methods=METHODS,
        seeds=5,
    )


def few_of(domain: Domain, per_class: int) -> Domain:
    """Returns a domain with so many training examples of each class; its test split stays."""
    rows = np.array(draw_shots(domain, per_class))
    few = domain.splits["train"].take(rows)
    return dataclasses.replace(domain, splits={"train": few, "test": domain.splits["test"]})


def _task(count: int, steps: int) -> SuiteTask:
    """Returns the task that shows so many examples of each class, with their labels."""
    source, target = optdigits("optdigits", half="a"), optdigits("optdigits_photo", half="b")
    task = TransferTask(
        name=f"{source.name}->{target.name}, {count} a class",
        sources=(source,),
        target=few_of(target, count),
        setting=Setting.SUPERVISED,
    )
    sizes = (BATCH, min(BATCH, len(task.target.splits["train"].labels)))
    training = dataclasses.replace(DIGITS_TRAINING, steps=steps, batch_sizes=sizes)
    return SuiteTask(task=task, network=DIGITS_NETWORK, training=training)


def _protocol(steps: int) -> tuple[str, ...]:
    return (
        "Source and target are made of disjoint originals. The target's training split has a few"
        " examples of each class, which are seen with their labels; scores are on its test split."
        " Examples are drawn once: intervals are over seeds of training, not over draws.",
        "target_only is trained from scratch. pretrained: from a network that is trained on the"
        " labelled source, with new heads. linear_probe: the heads alone. lp_ft: half of the steps"
        " the heads, then all (Kumar et al., ICLR 2022).",
        f"Every row: the same network, {steps} steps of Adam, lr 2e-3, cosine in each stage, up to"
        f" {BATCH} examples a step, the network of the last step. No option was tuned for this"
        " table.",
    )
