"""The suite `test_time`: a target that comes in order and is scored as it comes; no download."""

from __future__ import annotations

import functools

from xferlab.benchmark.suites.on_digits import digits, digits_suite, to_both_looks
from xferlab.benchmark.suites.own import IN_ORDER
from xferlab.benchmark.suites.suite import Suite, SuiteRequest
from xferlab.core.settings import Setting
from xferlab.data.stream import as_stream


def online(request: SuiteRequest) -> Suite:
    """scikit-learn's digits, a source model adapted while target digits come in order."""
    in_order = functools.partial(as_stream, split="train")
    source = digits(half="a")
    tasks = to_both_looks(source, Setting.TEST_TIME, request, as_target=in_order, evaluations=1)
    return digits_suite(
        "test_time",
        "handwritten digits, scored as they come",
        tasks,
        ("source_only", "ada_bn", "tent"),
        (
            "Source and target are made of disjoint originals. The"
            f" {tasks[0].task.sizes.target} target digits {IN_ORDER}",
            "The source model is trained for the steps that the stream leaves of the run's.",
        ),
    )
