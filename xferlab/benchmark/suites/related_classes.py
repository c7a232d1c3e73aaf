"""The suites `partial`, `open_set` and `universal`: domains of different classes; no download."""

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
from xferlab.benchmark.suites.suite import Suite, SuiteRequest, SuiteTask
from xferlab.core.settings import Setting

UNKNOWN = (
    "HOS: the harmonic mean of OS*, the mean accuracy of the known classes, and UNK, the share of"
    " the unknown examples that is taken for unknown. It is 0 for a method that takes none for"
    " unknown, as all but osbp do."
)


def partial(request: SuiteRequest) -> Suite:
    """scikit-learn's digits to a target that has five of the source's ten classes."""
    tasks = _tasks(Setting.PARTIAL_DA, range(10), range(5), request)
    return Suite(
        header=SuiteHeader(
            name="partial",
            title="partial: ten handwritten digits to five of them",
            protocol=(
                f"{DISJOINT} The source has all digits, the target 0 to 4; which, no method is"
                " told.",
                same_for_all(tasks[0]),
            ),
        ),
        tasks=tasks,
        methods=("source_only", "dann", "pada"),
        seeds=5,
    )


def open_set(request: SuiteRequest) -> Suite:
    """scikit-learn's digits to a target that has five classes more, unknown ones."""
    tasks = _tasks(Setting.OPEN_SET_DA, range(5), range(10), request)
    return Suite(
        header=SuiteHeader(
            name="open_set",
            title="open_set: five handwritten digits to ten, half of which are unknown",
            protocol=(
                f"{DISJOINT} The source has the digits 0 to 4, the target all.",
                UNKNOWN,
                same_for_all(tasks[0]),
            ),
            metric="hos",
            further_metrics=("os_star", "unk"),
        ),
        tasks=tasks,
        methods=("source_only", "dann", "osbp"),
        seeds=5,
    )


def universal(request: SuiteRequest) -> Suite:
    """scikit-learn's digits, source and target each with classes that the other lacks."""
    tasks = _tasks(Setting.UNIVERSAL_DA, range(7), range(3, 10), request)
    return Suite(
        header=SuiteHeader(
            name="universal",
            title="universal: handwritten digits, three of each domain its own",
            protocol=(
                f"{DISJOINT} The source has the digits 0 to 6, the target 3 to 9.",
                f"{UNKNOWN} The known classes are those of both.",
                "osbp is a method for open sets; one for the universal setting is missing.",
                same_for_all(tasks[0]),
            ),
            metric="hos",
            further_metrics=("os_star", "unk"),
        ),
        tasks=tasks,
        methods=("source_only", "dann", "osbp"),
        seeds=5,
    )


def _tasks(
    setting: Setting, of_source: range, of_target: range, request: SuiteRequest
) -> tuple[SuiteTask, ...]:
    source = digits(half="a", of=of_source)
    targets = [digits(look, half="b", of=of_target) for look in (SCAN, PHOTO)]
    return tuple(on_digits(to(each, source, setting=setting), request) for each in targets)
