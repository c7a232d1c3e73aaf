"""The suites `amazon_reviews` and `amazon_reviews_msda`: sentiment across four kinds of products.

Both are of Table 1 of the DANN paper: on word counts, and on the mSDA representation of the counts.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import logging
from collections.abc import Sequence

import numpy as np

from xferlab.benchmark.suites.header import SuiteHeader
from xferlab.benchmark.suites.pairs import all_pairs, with_common_slots, with_steps
from xferlab.benchmark.suites.suite import Suite, SuiteRequest, SuiteTask
from xferlab.core.cache import cached_array
from xferlab.core.inputs import concatenate_inputs
from xferlab.data.catalogue.load import domain_of, split_raw
from xferlab.data.domain import SPLITS, Domain
from xferlab.data.features.msda import msda_coordinates
from xferlab.data.raw import RawDomain
from xferlab.data.split import Split
from xferlab.data.task import TransferTask
from xferlab.models.spec import NetworkSpec
from xferlab.training.options import TrainingOptions

DOMAINS = ("books", "dvd", "electronics", "kitchen")
NETWORK = NetworkSpec(
    backbone="mlp", input_shape=(5000,), hidden=(100,), heads=(("class", 2),), batch_norm="separate"
)
TRAINING = TrainingOptions(
    steps=500, batch_sizes=(32, 32), optimiser="sgd", lr=0.01, momentum=0.9, evaluations=5
)
MSDA_TRAINING = dataclasses.replace(TRAINING, lr=0.001)
MSDA = {"layers": 5, "corruption": 0.5, "ridge": 1e-5}
METHODS = (
    "source_only", "svm", "coral", "dan", "deep_coral", "dann", "cdan_e", "mcc", "target_only",
)  # fmt: skip
MSDA_METHODS = ("source_only", "svm", "dann")
"""The columns of the published table: NN, SVM, DANN."""
DANN_WEIGHTS = (0.01, 0.1, 1.0)
HELD_OUT = 0.1
"""Share of the labelled source reviews on which reverse validation scores."""
PROTOCOL = (
    "2000 labelled source reviews (a tenth held out for reverse validation), 2000 unlabelled"
    " target reviews, scores on the published test sets (4465, 3586, 5681, 5945). Counts of the"
    " 5000 commonest uni- and bigrams, as they are. As published, 3 to 6 % of a domain's test"
    " reviews equal one of its training reviews.",
    "Every network: one hidden layer of 100 ReLU units, {steps} steps of SGD, lr {lr}, momentum"
    " 0.9, 32 + 32 examples a step. Published (Ganin et al.): 50 or 100 sigmoid units, lr"
    " {published_lr}, one example a step, early stopping on source.",
    "dann: weight among 0.01, 0.1, 1 by reverse validation (published: 9 values from"
    " 0.01 to 1); the other methods have their papers' defaults. svm, coral: C by 5-fold"
    " cross-validation on the source.",
)
MSDA_PROTOCOL = (
    "Inputs: the counts and 5 layers of mSDA (corruption 0.5), 30000 features, fitted for each pair"
    " on all 2000 + 2000 training reviews without labels, thus also on the source reviews that are"
    " held out.",
    "The features are given by their 4000 coordinates in the span of these training reviews, which"
    " keeps the inner products of every review with them. A first layer that is trained by SGD on"
    " the coordinates does the same as one on the 30000 features whose initial weights lie in that"
    " span; ours are drawn for 4000 inputs.",
)

LOG = logging.getLogger(__name__)


def amazon_reviews(request: SuiteRequest) -> Suite:
    """12 pairs of product reviews (books, dvd, electronics, kitchen), as in the DANN paper."""
    load = functools.partial(domain_of, "amazon_reviews", data_dir=request.data_dir)
    sources, targets = with_common_slots(
        {name: load(name, split=HELD_OUT) for name in DOMAINS},
        {name: load(name) for name in DOMAINS},
    )
    training = with_steps(TRAINING, request)
    header = SuiteHeader(
        name="amazon_reviews",
        title="amazon_reviews: sentiment of product reviews, 12 pairs",
        protocol=_protocol(training, "1e-3"),
        validator="reverse_validation",
        published="amazon_reviews",
    )
    return _suite(header, all_pairs(sources, targets), training, METHODS)


def amazon_reviews_msda(request: SuiteRequest) -> Suite:
    """The 12 pairs of product reviews on 5 layers of mSDA; minutes for each pair the first time."""
    domains = [domain_of("amazon_reviews", name, request.data_dir) for name in DOMAINS]
    tasks: dict[str, TransferTask] = {}
    for first, second in itertools.combinations(domains, 2):
        tasks |= _both_ways(first, second)
    training = with_steps(MSDA_TRAINING, request)
    header = SuiteHeader(
        name="amazon_reviews_msda",
        title="amazon_reviews_msda: product reviews by mSDA, 12 pairs",
        protocol=(*_protocol(training, "1e-4"), *MSDA_PROTOCOL),
        validator="reverse_validation",
        published="amazon_reviews_msda",
    )
    ordered = [tasks[f"{a}->{b}"] for a, b in itertools.permutations(DOMAINS, 2)]
    return _suite(header, ordered, training, MSDA_METHODS)


def _suite(
    header: SuiteHeader,
    tasks: Sequence[TransferTask],
    training: TrainingOptions,
    methods: tuple[str, ...],
) -> Suite:
    """Returns the suite of 12 pairs, whatever the reviews are described by."""
    network = dataclasses.replace(NETWORK, input_shape=tasks[0].target.input_shape)
    return Suite(
        header=header,
        tasks=tuple(SuiteTask(task=task, network=network, training=training) for task in tasks),
        methods=methods,
        seeds=5,
        sweeps={"dann": {"weight": DANN_WEIGHTS}},
    )


def _protocol(training: TrainingOptions, published_lr: str) -> tuple[str, ...]:
    """Returns the sentences that both suites share."""
    values = {"steps": training.steps, "lr": f"{training.lr:g}", "published_lr": published_lr}
    return tuple(line.format_map(values) for line in PROTOCOL)


def _both_ways(first: Domain, second: Domain) -> dict[str, TransferTask]:
    """Returns the tasks from each of two domains to the other, by name, on mSDA coordinates."""
    raw = _denoised(first, second)
    sources = {name: split_raw(name, reviews, split=HELD_OUT) for name, reviews in raw.items()}
    targets = {name: split_raw(name, reviews) for name, reviews in raw.items()}
    return {task.name: task for task in all_pairs(sources, targets)}


def _denoised(first: Domain, second: Domain) -> dict[str, RawDomain]:
    """Returns two domains by their mSDA coordinates, fitted to the training reviews of both."""
    splits = [domain.splits[part] for part in SPLITS for domain in (first, second)]
    counts = concatenate_inputs([split.inputs for split in splits])
    ends = np.cumsum([len(split.labels) for split in splits])

    def compute() -> np.ndarray:
        LOG.info("mSDA of %s and %s: takes minutes, and is kept", first.name, second.name)
        rows = counts.to_dense()
        return msda_coordinates(rows[: ends[1]], rows, **MSDA)

    coordinates = cached_array(
        "msda_coordinates",
        compute,
        content=[counts.indices, counts.values],
        parameters={"reference": int(ends[1]), "width": counts.width, **MSDA},
    )
    parts = np.split(coordinates, ends[:-1])
    mapped = [Split(part, split.labels) for part, split in zip(parts, splits, strict=True)]
    return {
        first.name: RawDomain(mapped[0], mapped[2], first.class_names),
        second.name: RawDomain(mapped[1], mapped[3], second.class_names),
    }
