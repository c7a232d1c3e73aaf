"""The suite `amazon_reviews`: sentiment across four kinds of products, as in the DANN paper."""

from __future__ import annotations

import functools

from xferlab.benchmark.suite import Suite, SuiteHeader, SuiteRequest, SuiteTask
from xferlab.benchmark.suites.pairs import all_pairs, with_common_slots, with_steps
from xferlab.data.plain import domain_of
from xferlab.models.spec import NetworkSpec
from xferlab.training.options import TrainingOptions

DOMAINS = ("books", "dvd", "electronics", "kitchen")
NETWORK = NetworkSpec(
    backbone="mlp", input_shape=(5000,), hidden=(100,), heads=(("class", 2),), batch_norm="separate"
)
TRAINING = TrainingOptions(
    steps=500, batch_sizes=(32, 32), optimiser="sgd", lr=0.01, momentum=0.9, evaluations=5
)
METHODS = (
    "source_only", "svm", "dan", "deep_coral", "dann", "cdan_e", "mcc", "target_only",
)  # fmt: skip
DANN_WEIGHTS = (0.01, 0.1, 1.0)
PROTOCOL = (
    "2000 labelled source reviews (every tenth held out for reverse validation), 2000 unlabelled"
    " target reviews, scores on the published test sets (4465, 3586, 5681, 5945). Counts of the"
    " 5000 commonest uni- and bigrams, as they are.",
    "Every network: one hidden layer of 100 ReLU units, {steps} steps of SGD, lr 0.01, momentum"
    " 0.9, 32 + 32 examples a step. Published (Ganin et al.): 50 or 100 sigmoid units, lr 1e-3, one"
    " example a step, early stopping on source.",
    "dann: weight among 0.01, 0.1, 1 by reverse validation (published: 9 values from"
    " 0.01 to 1); the other methods have their papers' defaults. svm: C by 5-fold cross-validation"
    " on the source.",
)


def amazon_reviews(request: SuiteRequest) -> Suite:
    """12 pairs of product reviews (books, dvd, electronics, kitchen), as in the DANN paper."""
    load = functools.partial(domain_of, "amazon_reviews", data_dir=request.data_dir)
    sources, targets = with_common_slots(
        {name: load(name, split=0.1) for name in DOMAINS}, {name: load(name) for name in DOMAINS}
    )
    training = with_steps(TRAINING, request)
    return Suite(
        header=SuiteHeader(
            name="amazon_reviews",
            title="amazon_reviews: sentiment of product reviews, 12 pairs",
            protocol=tuple(line.format(steps=training.steps) for line in PROTOCOL),
            validator="reverse_validation",
            published="amazon_reviews",
        ),
        tasks=tuple(
            SuiteTask(task=task, network=NETWORK, training=training)
            for task in all_pairs(sources, targets)
        ),
        methods=METHODS,
        seeds=5,
        sweeps={"dann": {"weight": DANN_WEIGHTS}},
    )
