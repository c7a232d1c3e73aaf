"""The suite `new_digits`: digits turned by quarters, half of the classes new; no download."""

from __future__ import annotations

import dataclasses

from xferlab.benchmark.suites.header import SuiteHeader
from xferlab.benchmark.suites.quick import DIGITS_NETWORK, DIGITS_TRAINING
from xferlab.benchmark.suites.suite import Suite, SuiteRequest, SuiteTask
from xferlab.core.batch import EpisodicTest
from xferlab.core.settings import Setting
from xferlab.data.domain import Domain
from xferlab.data.made.turned_digits import turned_digits
from xferlab.data.task import TransferTask

SHOTS = (1, 5)
WAYS, QUERIES, EPISODES = 5, 15, 300
BATCH = WAYS * (1 + QUERIES)
STEPS = 250
METHODS = ("source_only", "prototypical", "maml", "nearest_neighbour")


def new_digits(request: SuiteRequest) -> Suite:
    """scikit-learn's digits turned by quarters: 5 new classes told apart from 1 or 5 examples."""
    base, novel = turned_digits("base"), turned_digits("novel")
    steps = request.steps or STEPS
    return Suite(
        header=SuiteHeader(
            name="new_digits",
            title="new_digits: turned digits, classes that training has not seen",
            protocol=_protocol(steps),
            validator="source_accuracy",
        ),
        tasks=tuple(_task(base, novel, shots, steps) for shots in SHOTS),
        methods=METHODS,
        seeds=5,
    )


def _task(base: Domain, novel: Domain, shots: int, steps: int) -> SuiteTask:
    task = TransferTask(
        name=f"{WAYS} ways, {shots} shot{'s' * (shots > 1)}",
        sources=(base,),
        target=novel,
        setting=Setting.FEW_SHOT,
        episodes=EpisodicTest(ways=WAYS, shots=shots, queries=QUERIES, count=EPISODES),
    )
    network = dataclasses.replace(DIGITS_NETWORK, heads=(("class", base.num_classes),))
    training = dataclasses.replace(
        DIGITS_TRAINING, steps=steps, batch_sizes=(BATCH, BATCH), evaluations=1
    )
    return SuiteTask(task=task, network=network, training=training)


def _protocol(steps: int) -> tuple[str, ...]:
    return (
        "Base classes are the digits 0 to 4 by 0, 90, 180 and 270 degrees, new ones 5 to 9; no"
        " original is in both. Training sees the base's training split alone.",
        "source_only learns to tell the 20 base classes apart, and answers by the nearest class"
        " mean of its features; nearest_neighbour by that of the pixels.",
        f"Every method: the same encoder, {steps} steps of Adam, lr 2e-3, cosine, {BATCH} examples"
        " a step. prototypical and maml have one episode of 5 ways and 1 shot a step. maml"
        " normalises queries by each other, as its authors do.",
    )
