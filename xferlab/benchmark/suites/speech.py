"""The suite `fsdd_speakers`: spoken digits of a speaker whom training has not heard labelled."""

from __future__ import annotations

from xferlab.benchmark.suites.header import SuiteHeader
from xferlab.benchmark.suites.pairs import with_steps
from xferlab.benchmark.suites.suite import Suite, SuiteRequest, SuiteTask
from xferlab.core.settings import Setting
from xferlab.data.catalogue.load import domain_of
from xferlab.data.domain import Domain
from xferlab.data.features.standardising import standardise_examples
from xferlab.data.left_out import leave_one_out
from xferlab.models.spec import NetworkSpec
from xferlab.training.options import TrainingOptions

SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
TRAINING = TrainingOptions(
    steps=300,
    batch_sizes=(32, 32),
    optimiser="adam",
    lr=1e-3,
    schedule="cosine",
    augment="noise",
    evaluations=3,
)
METHODS = (
    "source_only", "ada_bn", "dan", "deep_coral", "dann", "cdan_e", "mcc", "bnm",
)  # fmt: skip


def fsdd_speakers(request: SuiteRequest) -> Suite:
    """Spoken digits: five speakers with labels, the sixth without, each left out in turn."""
    sources = {name: _speaker(name, "published", request) for name in SPEAKERS}
    targets = {name: _speaker(name, "transductive", request) for name in SPEAKERS}
    training = with_steps(TRAINING, request)
    tasks = leave_one_out(sources, targets=targets, setting=Setting.UNSUPERVISED_DA)
    network = NetworkSpec(
        backbone="temporal_conv",
        input_shape=targets["george"].input_shape,
        hidden=(32, 64, 64),
        heads=(("class", 10),),
        batch_norm="separate",
    )
    return Suite(
        header=SuiteHeader(
            name="fsdd_speakers",
            title="fsdd_speakers: spoken digits, each speaker left out",
            protocol=(
                "Source: the takes 5 to 49 of five speakers, labelled (takes 0 to 4 for"
                " validation). Target: the takes 5 to 49 of the sixth, unlabelled and tested"
                " (target_only would be tested on what it is trained on).",
                "Inputs: log-mel spectrograms, each with mean zero and variance one. Every method:"
                f" a 1-D network of 32-64-64 channels over time, {training.steps} steps of Adam,"
                " lr 1e-3, cosine, 32 + 32 recordings a step, its paper's default"
                " hyper-parameters.",
            ),
        ),
        tasks=tuple(SuiteTask(task=task, network=network, training=training) for task in tasks),
        methods=METHODS,
        seeds=5,
    )


def _speaker(name: str, split: str, request: SuiteRequest) -> Domain:
    domain = domain_of("fsdd", name, request.data_dir, split=split)
    return domain.map_inputs(standardise_examples)
