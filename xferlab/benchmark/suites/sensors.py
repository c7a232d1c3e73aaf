"""The suite `har_subjects`: activities from a phone's sensors, from one person to another."""

from __future__ import annotations

import functools

from xferlab.benchmark.suite import Suite, SuiteHeader, SuiteRequest, SuiteTask
from xferlab.benchmark.suites.pairs import pair, with_steps
from xferlab.data.domain import Domain
from xferlab.data.plain import domain_of
from xferlab.data.preprocessing import standardise_channels
from xferlab.models.spec import NetworkSpec
from xferlab.training.options import TrainingOptions

PAIRS = (
    (2, 11), (6, 23), (7, 13), (9, 18), (12, 16), (18, 27), (20, 5), (24, 8), (28, 27), (30, 20),
)  # fmt: skip
"""The ten scenarios of AdaTime."""
NETWORK = NetworkSpec(
    backbone="temporal_conv",
    input_shape=(128, 9),
    hidden=(32, 64, 64),
    dropout=0.5,
    heads=(("class", 6),),
    batch_norm="separate",
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
    names = {str(subject) for subjects in PAIRS for subject in subjects}
    domains = {name: _subject(name, request) for name in names}
    training = with_steps(TRAINING, request)
    tasks = [pair(domains[str(a)], domains[str(b)]) for a, b in PAIRS]
    return Suite(
        header=SuiteHeader(
            name="har_subjects",
            title="har_subjects: UCI HAR, the ten pairs of AdaTime",
            protocol=(
                "Windows of 128 steps and 9 channels, each channel standardised by the training"
                " windows of its subject; AdaTime's split of every subject into training (70 %)"
                " and test windows, which overlap in time.",
                "Every method: AdaTime's 1-D network at half its width (32-64-64 channels, dropout"
                f" 0.5), {training.steps} steps (AdaTime: 40 epochs, about as many) of Adam, lr"
                " 1e-3, weight decay 1e-4, 32 + 32 windows a step, and its paper's default"
                " hyper-parameters (AdaTime: swept for each data set and method).",
            ),
            published="har_subjects",
            metric="macro_f1",
            validator="source_accuracy",
        ),
        tasks=tuple(SuiteTask(task=task, network=NETWORK, training=training) for task in tasks),
        methods=METHODS,
        seeds=5,
    )


def _subject(name: str, request: SuiteRequest) -> Domain:
    domain = domain_of("uci_har", name, request.data_dir)
    reference = domain.splits["train"].inputs
    return domain.map_inputs(functools.partial(standardise_channels, reference=reference))
