"""Suites of activities from a phone's sensors, from one person to another: AdaTime's protocol."""

from __future__ import annotations

import functools
from typing import NamedTuple

from xferlab.benchmark.suites.header import SuiteHeader
from xferlab.benchmark.suites.pairs import pair, with_steps
from xferlab.benchmark.suites.suite import Suite, SuiteRequest, SuiteTask
from xferlab.core.errors import InputError
from xferlab.data.catalogue.load import load_raw, split_raw
from xferlab.data.catalogue.sets.table import DATA_SETS
from xferlab.data.domain import Domain
from xferlab.data.features.standardising import standardise_channels
from xferlab.models.spec import NetworkSpec
from xferlab.training.options import TrainingOptions


class Scenarios(NamedTuple):
    """The ten pairs of people that AdaTime takes from a data set.

    `windows` and `budget` say what is known of its windows, and of its number of steps.
    """

    dataset: str
    title: str
    pairs: tuple[tuple[int, int], ...]
    windows: str = "; how far they overlap in time is not stated"
    budget: str = "AdaTime: 40 epochs, whatever their number of steps"


HAR = Scenarios(
    "uci_har",
    "UCI HAR",
    ((2, 11), (6, 23), (7, 13), (9, 18), (12, 16), (18, 27), (20, 5), (24, 8), (28, 27), (30, 20)),
    windows=", 70 % and 30 %, which overlap in time",
    budget="AdaTime: 40 epochs, about as many",
)
WISDM = Scenarios(
    "wisdm",
    "WISDM",
    ((7, 18), (20, 30), (35, 31), (17, 23), (6, 19), (2, 11), (33, 12), (5, 26), (28, 4), (23, 32)),
)
HHAR = Scenarios(
    "hhar",
    "HHAR",
    ((0, 6), (1, 6), (2, 7), (3, 8), (4, 5), (5, 0), (6, 1), (7, 4), (8, 3), (0, 2)),
)
TRAINING = TrainingOptions(
    steps=300,
    batch_sizes=(32, 32),
    optimiser="adam",
    lr=1e-3,
    weight_decay=1e-4,
    augment="noise",
    evaluations=3,
)
METHODS = (
    "source_only", "ada_bn", "dan", "deep_coral", "dann", "cdan_e", "mcc", "bnm", "target_only",
)  # fmt: skip


def har_subjects(request: SuiteRequest) -> Suite:
    """The ten pairs of AdaTime on UCI HAR: six activities, a person each; macro F1."""
    return _suite("har_subjects", HAR, request)


def wisdm_users(request: SuiteRequest) -> Suite:
    """The ten pairs of AdaTime on its windows of WISDM; macro F1."""
    return _suite("wisdm_users", WISDM, request)


def hhar_users(request: SuiteRequest) -> Suite:
    """The ten pairs of AdaTime on its windows of HHAR, one phone; macro F1."""
    return _suite("hhar_users", HHAR, request)


def _suite(name: str, scenarios: Scenarios, request: SuiteRequest) -> Suite:
    people = {str(person) for persons in scenarios.pairs for person in persons}
    domains = {person: _person(scenarios.dataset, person, request) for person in people}
    training = with_steps(TRAINING, request)
    tasks = [pair(domains[str(a)], domains[str(b)]) for a, b in scenarios.pairs]
    target = tasks[0].target
    network = NetworkSpec(
        backbone="temporal_conv",
        input_shape=target.input_shape,
        hidden=(32, 64, 64),
        dropout=0.5,
        heads=(("class", target.num_classes),),
        batch_norm="separate",
    )
    return Suite(
        header=SuiteHeader(
            name=name,
            title=f"{name}: {scenarios.title}, the ten pairs of AdaTime",
            protocol=(
                f"Windows of 128 steps and {target.input_shape[-1]} channels, each channel"
                " standardised by the training windows of its subject; AdaTime's split of every"
                f" subject into training and test windows{scenarios.windows}.",
                "Every method: AdaTime's 1-D network at half its width (32-64-64 channels, dropout"
                f" 0.5), {training.steps} steps ({scenarios.budget}) of Adam, lr 1e-3, weight decay"
                " 1e-4, 32 + 32 windows a step, and its paper's default hyper-parameters (AdaTime:"
                " swept for each data set and method).",
            ),
            published=name,
            metric="macro_f1",
            validator="source_accuracy",
        ),
        tasks=tuple(SuiteTask(task=task, network=network, training=training) for task in tasks),
        methods=METHODS,
        seeds=5,
    )


def _person(dataset: str, name: str, request: SuiteRequest) -> Domain:
    raw = load_raw(dataset, request.data_dir, [name])[name]
    if raw.test is None:
        raise InputError(
            f"the windows of {dataset}/{name} have no test split: they were cut from the original"
            f" recordings. The suite needs AdaTime's: remove the .npz files of {dataset}."
            f" {DATA_SETS[dataset].by_hand}"
        )
    domain = split_raw(name, raw)
    reference = domain.splits["train"].inputs
    return domain.map_inputs(functools.partial(standardise_channels, reference=reference))
