"""The suite `unlabelled`: features from inputs alone, scored by probes; no download."""

from __future__ import annotations

from xferlab.benchmark.suites.on_digits import DISJOINT, digits, digits_suite, to_both_looks
from xferlab.benchmark.suites.suite import Suite, SuiteRequest
from xferlab.core.settings import Setting


def unlabelled(request: SuiteRequest) -> Suite:
    """scikit-learn's digits without any label, neither of the source nor of the target."""
    return digits_suite(
        "unlabelled",
        "features of handwritten digits from images alone",
        to_both_looks(digits(half="a"), Setting.UNSUPERVISED, request),
        ("untrained", "simclr"),
        (
            f"{DISJOINT} Training splits of both are seen without labels. A probe is fitted"
            " afterwards on features of the target's training split, with its labels.",
            "untrained: the network as it is drawn. simclr's views are shifts by up to two pixels"
            " with noise, the augmentation of the suite.",
        ),
        baseline="untrained",
        metric="linear_probe",
        further_metrics=("knn_probe",),
    )
