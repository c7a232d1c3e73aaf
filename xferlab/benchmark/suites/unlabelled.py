"""The suite `unlabelled`: features from inputs alone, scored by probes; no download."""

from __future__ import annotations

from xferlab.benchmark.suites.header import SuiteHeader
from xferlab.benchmark.suites.on_digits import (
    DISJOINT,
    PHOTO,
    SCAN,
    digits,
    on_digits,
    same_for_all,
    to,
)
from xferlab.benchmark.suites.suite import Suite, SuiteRequest
from xferlab.core.settings import Setting


def unlabelled(request: SuiteRequest) -> Suite:
    """scikit-learn's digits without any label, neither of the source nor of the target."""
    source = digits(half="a")
    tasks = tuple(
        on_digits(to(digits(look, half="b"), source, setting=Setting.UNSUPERVISED), request)
        for look in (SCAN, PHOTO)
    )
    return Suite(
        header=SuiteHeader(
            name="unlabelled",
            title="unlabelled: features of handwritten digits from images alone",
            protocol=(
                f"{DISJOINT} Training splits of both are seen without labels. A probe is fitted"
                " afterwards on features of the target's training split, with its labels.",
                "untrained: the network as it is drawn. simclr's views are shifts by up to two"
                " pixels with noise, the augmentation of the suite.",
                same_for_all(tasks[0]),
            ),
            baseline="untrained",
            metric="linear_probe",
            further_metrics=("knn_probe",),
        ),
        tasks=tasks,
        methods=("untrained", "simclr"),
        seeds=5,
    )
