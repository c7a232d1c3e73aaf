"""Suites on features of networks that were fine-tuned on each source, as in the CORAL paper."""

from __future__ import annotations

from xferlab.benchmark.suites.header import SuiteHeader
from xferlab.benchmark.suites.kept_features import KeptFeatures
from xferlab.benchmark.suites.office_caltech import (
    FEATURE_METHODS,
    OFFICE_CALTECH,
    TRAINING,
    feature_network,
)
from xferlab.benchmark.suites.pairs import all_pairs, with_steps
from xferlab.benchmark.suites.suite import Suite, SuiteRequest, SuiteTask
from xferlab.data.catalogue.load import domain_of
from xferlab.data.domain import Domain
from xferlab.data.readers.images import resize_images
from xferlab.models.spec import NetworkSpec
from xferlab.training.options import TrainingOptions

IMAGE_SIZE = 128
FINE_TUNED = NetworkSpec(
    backbone="efficientnet_lite0_imagenet",
    input_shape=(IMAGE_SIZE, IMAGE_SIZE, 3),
    heads=(("class", 10),),
    batch_norm="frozen",
)
FINE_TUNING = TrainingOptions(
    steps=100,
    batch_sizes=(32, 32),
    optimiser="sgd",
    lr=0.01,
    momentum=0.9,
    nesterov=True,
    weight_decay=1e-3,
    schedule="dann",
    lr_rules=(("encoder/**", 0.1), ("**", 1.0)),
)
"""As networks on photographs are usually adapted, with frozen batch norm; few steps."""


def office_caltech_finetuned(request: SuiteRequest) -> Suite:
    """The 12 pairs of Office-Caltech10 on EfficientNet-Lite0 features fine-tuned on the source."""
    images = {name: _images(name, request) for name in OFFICE_CALTECH}
    training = with_steps(TRAINING, request)
    features = KeptFeatures(network=FINE_TUNED, training=FINE_TUNING)
    network = feature_network(1280, FINE_TUNED.num_classes)
    return Suite(
        header=_header(training),
        tasks=tuple(
            SuiteTask(task=task, network=network, training=training, features=features)
            for task in all_pairs(images, images)
        ),
        methods=FEATURE_METHODS,
        seeds=3,
    )


def _header(training: TrainingOptions) -> SuiteHeader:
    return SuiteHeader(
        name="office_caltech_finetuned",
        title=(
            "office_caltech_finetuned: 12 pairs of Office-Caltech10, EfficientNet-Lite0 features"
            f" fine-tuned on the source at {IMAGE_SIZE} pixels"
        ),
        protocol=(
            "All source examples labelled, all target examples unlabelled and tested (target_only"
            " would be tested on what it is trained on). Inputs: 1280 average-pooled features of"
            " EfficientNet-Lite0, trained on ImageNet and fine-tuned on the labelled source of the"
            " pair alone; the target is not seen by it.",
            f"Fine-tuning: once for each source, whatever the seed: {FINE_TUNING.steps} steps of"
            " SGD, Nesterov momentum 0.9, lr 0.01 (1 + 10 p)^-0.75 for the new head and a tenth of"
            " it for the network, weight decay 1e-3, batch norm frozen, 32 examples a step, images"
            f" of {IMAGE_SIZE} × {IMAGE_SIZE} pixels without augmentation. The network's own size"
            " is 224: numbers at that size do not compare. An earlier recipe (300"
            " steps of Adam, batch norm trained) was dropped after it had lost target accuracy on"
            " amazon.",
            f"Every network on these features: a 256-d batch-norm bottleneck and a linear head,"
            f" {training.steps} steps of Adam, lr 1e-3, cosine, 32 + 32 examples a step. coral: C"
            " by 5-fold cross-validation on the source.",
        ),
    )


def _images(name: str, request: SuiteRequest) -> Domain:
    domain = domain_of("office_caltech10", name, request.data_dir, split="transductive")
    return domain.map_inputs(lambda images: resize_images(images, IMAGE_SIZE))
