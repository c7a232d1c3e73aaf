"""The suite `source_free`: a source model that is trained once, then the target alone."""

from __future__ import annotations

from xferlab.benchmark.suites.on_digits import DISJOINT, digits, digits_suite, to_both_looks
from xferlab.benchmark.suites.suite import Suite, SuiteRequest
from xferlab.core.settings import Setting


def source_free(request: SuiteRequest) -> Suite:
    """scikit-learn's digits: a kept source model adapted without the source's examples."""
    return digits_suite(
        "source_free",
        "handwritten digits, a source model without its source",
        to_both_looks(digits(half="a"), Setting.UNSUPERVISED_DA, request),
        ("source_only", "tent+source_kept", "shot+source_kept"),
        (
            f"{DISJOINT} The stage that adapts sees the target's training split without labels and"
            " nothing of the source.",
            "source_kept: the source model is trained once for each seed, before the runs, and"
            " found again by those that begin with the same; its steps come on top of theirs. That"
            " of shot has smoothed labels.",
        ),
    )
