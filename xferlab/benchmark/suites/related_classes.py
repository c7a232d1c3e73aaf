"""The suites `partial`, `open_set` and `universal`: domains of different classes; no download."""

from __future__ import annotations

from xferlab.benchmark.suites.on_digits import DISJOINT, digits, digits_suite, to_both_looks
from xferlab.benchmark.suites.suite import Suite, SuiteRequest
from xferlab.core.settings import Setting

UNKNOWN = (
    "HOS: the harmonic mean of OS*, the mean accuracy of the known classes, and UNK, the share of"
    " the unknown examples that is taken for unknown. It is 0 for a method that takes none for"
    " unknown, as all but osbp do."
)
BY_HOS = {"metric": "hos", "further_metrics": ("os_star", "unk")}


def partial(request: SuiteRequest) -> Suite:
    """scikit-learn's digits to a target that has five of the source's ten classes."""
    return digits_suite(
        "partial",
        "ten handwritten digits to five of them",
        to_both_looks(digits(half="a"), Setting.PARTIAL_DA, request, of=range(5)),
        ("source_only", "dann", "pada"),
        (f"{DISJOINT} The source has all digits, the target 0 to 4; which, no method is told.",),
    )


def open_set(request: SuiteRequest) -> Suite:
    """scikit-learn's digits to a target that has five classes more, unknown ones."""
    return digits_suite(
        "open_set",
        "five handwritten digits to ten, half of which are unknown",
        to_both_looks(digits(half="a", of=range(5)), Setting.OPEN_SET_DA, request),
        ("source_only", "dann", "osbp"),
        (f"{DISJOINT} The source has the digits 0 to 4, the target all.", UNKNOWN),
        **BY_HOS,
    )


def universal(request: SuiteRequest) -> Suite:
    """scikit-learn's digits, source and target each with classes that the other lacks."""
    source = digits(half="a", of=range(7))
    return digits_suite(
        "universal",
        "handwritten digits, three of each domain its own",
        to_both_looks(source, Setting.UNIVERSAL_DA, request, of=range(3, 10)),
        ("source_only", "dann", "osbp"),
        (
            f"{DISJOINT} The source has the digits 0 to 6, the target 3 to 9.",
            f"{UNKNOWN} The known classes are those of both.",
            "osbp is a method for open sets; one for the universal setting is missing.",
        ),
        **BY_HOS,
    )
