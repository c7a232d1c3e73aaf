"""Suites on the ten classes that Office-31 and Caltech-256 share, and on PACS, from features."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from xferlab.benchmark.suites.header import SuiteHeader
from xferlab.benchmark.suites.pairs import all_pairs, with_steps
from xferlab.benchmark.suites.suite import Suite, SuiteRequest, SuiteTask
from xferlab.data.catalogue.load import domain_of
from xferlab.data.domain import Domain
from xferlab.data.features.standardising import row_sums_to_one, standardise_columns
from xferlab.models.spec import NetworkSpec
from xferlab.training.options import TrainingOptions

OFFICE_CALTECH = ("caltech10", "amazon", "webcam", "dslr")
PACS = ("art_painting", "cartoon", "photo", "sketch")
CLOSED_FORM = (
    "nearest_neighbour", "pca", "gfk", "subspace_alignment", "tca", "jda", "coral", "svm_rbf",
)  # fmt: skip
FEATURE_METHODS = (
    "source_only", "ada_bn", "coral", "dan", "deep_coral", "dann", "cdan_e", "mcc", "bnm", "shot",
)  # fmt: skip
TRAINING = TrainingOptions(
    steps=500, batch_sizes=(32, 32), optimiser="adam", lr=1e-3, schedule="cosine", evaluations=5
)


def office_caltech_surf(request: SuiteRequest) -> Suite:
    """The 12 classical pairs of Office-Caltech10 on SURF features, closed-form methods."""
    domains = {name: _surf(name, request) for name in OFFICE_CALTECH}
    return Suite(
        header=SuiteHeader(
            name="office_caltech_surf",
            title="office_caltech_surf: 12 pairs, SURF 800",
            protocol=(
                "All source examples labelled, all target examples unlabelled and tested. SURF"
                " histograms of 800 bins, each row divided by its sum, then each column"
                " standardised within its domain.",
                "Closed-form methods with fixed hyper-parameters: no seed, no selection; the three"
                " rules agree. coral and svm_rbf choose C by 5-fold cross-validation on the"
                " source.",
            ),
            published="office_caltech_surf",
            baseline="nearest_neighbour",
        ),
        tasks=_tasks(domains, 800, 10, with_steps(TRAINING, request)),
        methods=CLOSED_FORM,
        seeds=1,
    )


def office_caltech_images(request: SuiteRequest) -> Suite:
    """The 12 pairs of Office-Caltech10 on frozen EfficientNet-Lite0 features."""
    load = functools.partial(_features, "office_caltech10_efficientnet", request=request)
    domains = {name: load(name) for name in OFFICE_CALTECH}
    return _feature_suite("office_caltech_images", "Office-Caltech10", domains, 10, request)


def pacs(request: SuiteRequest) -> Suite:
    """The 12 pairs of PACS (art, cartoon, photo, sketch) on frozen EfficientNet-Lite0 features."""
    domains = {name: _features("pacs_efficientnet", name, request=request) for name in PACS}
    return _feature_suite("pacs", "PACS", domains, 7, request)


def _feature_suite(
    name: str, title: str, domains: Mapping[str, Domain], classes: int, request: SuiteRequest
) -> Suite:
    """Returns the suite that adapts a bottleneck and a head on frozen features."""
    training = with_steps(TRAINING, request)
    return Suite(
        header=SuiteHeader(
            name=name,
            title=f"{name}: 12 pairs of {title}, frozen EfficientNet-Lite0 features",
            protocol=(
                "All source examples labelled, all target examples unlabelled and tested"
                " (target_only would be tested on what it is trained on). Inputs:"
                " 1280 average-pooled features of EfficientNet-Lite0 trained on ImageNet, not"
                " fine-tuned; numbers of fine-tuned networks do not compare.",
                f"Every network: a 256-d batch-norm bottleneck and a linear head, {training.steps}"
                " steps of Adam, lr 1e-3, cosine, 32 + 32 examples a step. coral: C by 5-fold"
                " cross-validation on the source.",
            ),
        ),
        tasks=_tasks(domains, 1280, classes, training),
        methods=FEATURE_METHODS,
        seeds=3,
    )


def _tasks(
    domains: Mapping[str, Domain], width: int, classes: int, training: TrainingOptions
) -> tuple[SuiteTask, ...]:
    network = feature_network(width, classes)
    return tuple(
        SuiteTask(task=task, network=network, training=training)
        for task in all_pairs(domains, domains)
    )


def feature_network(width: int, classes: int) -> NetworkSpec:
    """Returns what is adapted on features: a 256-d batch-norm bottleneck and a linear head."""
    return NetworkSpec(
        backbone="mlp",
        input_shape=(width,),
        bottleneck=256,
        heads=(("class", classes),),
        batch_norm="separate",
    )


def _features(dataset: str, name: str, *, request: SuiteRequest) -> Domain:
    return domain_of(dataset, name, request.data_dir, split="transductive")


def _surf(name: str, request: SuiteRequest) -> Domain:
    """Returns a domain as in the collected tables: rows over their sums, then z-scores (by n)."""
    domain = domain_of("office_caltech10_surf", name, request.data_dir, split="transductive")
    return domain.map_inputs(lambda counts: standardise_columns(row_sums_to_one(counts)))
