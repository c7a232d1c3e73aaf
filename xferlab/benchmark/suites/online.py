"""The suite `test_time`: a target that comes in order and is scored as it comes; no download."""

from __future__ import annotations

from xferlab.benchmark.suites.header import SuiteHeader
from xferlab.benchmark.suites.on_digits import PHOTO, SCAN, digits, on_digits, same_for_all, to
from xferlab.benchmark.suites.own import IN_ORDER
from xferlab.benchmark.suites.suite import Suite, SuiteRequest
from xferlab.core.settings import Setting
from xferlab.data.stream import as_stream


def online(request: SuiteRequest) -> Suite:
    """scikit-learn's digits, a source model adapted while target digits come in order."""
    source = digits(half="a")
    streams = [as_stream(digits(look, half="b"), split="train") for look in (SCAN, PHOTO)]
    tasks = tuple(
        on_digits(to(each, source, setting=Setting.TEST_TIME), request, evaluations=1)
        for each in streams
    )
    count = tasks[0].task.sizes.target
    return Suite(
        header=SuiteHeader(
            name="test_time",
            title="test_time: handwritten digits, scored as they come",
            protocol=(
                f"Source and target are made of disjoint originals. The {count} target digits"
                f" {IN_ORDER}",
                "The source model is trained for the steps that the stream leaves of the run's.",
                same_for_all(tasks[0]),
            ),
        ),
        tasks=tasks,
        methods=("source_only", "ada_bn", "tent"),
        seeds=5,
    )
