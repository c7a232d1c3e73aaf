"""The suites `several_sources` and `unseen_domain`: what differs between sources; no download."""

from __future__ import annotations

from xferlab.benchmark.suites.on_digits import (
    DISJOINT,
    PHOTO,
    SCAN,
    digits,
    digits_suite,
    on_digits,
)
from xferlab.benchmark.suites.suite import Suite, SuiteRequest, SuiteTask
from xferlab.core.settings import Setting
from xferlab.data.left_out import leave_one_out

LOOKS = ("optdigits", SCAN, PHOTO)
ORIGINALS = f"{DISJOINT} Both sources have the same originals."


def several_sources(request: SuiteRequest) -> Suite:
    """scikit-learn's digits from two looks, labelled, to a third one without labels."""
    return digits_suite(
        "several_sources",
        "handwritten digits in two looks to a third",
        _each_left_out((SCAN, PHOTO), Setting.UNSUPERVISED_DA, request),
        ("source_only", "dann", "m3sda"),
        (
            f"{ORIGINALS} The target's training split is seen without labels.",
            "source_only and dann take the sources' examples as those of one domain; m3sda (its"
            " moment distance) tells them apart.",
        ),
    )


def unseen_domain(request: SuiteRequest) -> Suite:
    """scikit-learn's digits in three looks, each left out in turn and never seen in training."""
    return digits_suite(
        "unseen_domain",
        "handwritten digits in a look that training has not seen",
        _each_left_out(LOOKS, Setting.DOMAIN_GENERALISATION, request),
        ("source_only", "group_dro"),
        (
            f"{ORIGINALS} Nothing of the target is seen, and checkpoints are selected on the"
            " sources alone.",
        ),
        validator="source_accuracy",
    )


def _each_left_out(
    looks: tuple[str, ...], setting: Setting, request: SuiteRequest
) -> tuple[SuiteTask, ...]:
    """Returns the tasks to each of some looks from the others."""
    sources = {look: digits(look, half="a") for look in LOOKS}
    targets = {look: digits(look, half="b") for look in looks}
    tasks = leave_one_out(sources, targets=targets, setting=setting)
    return tuple(on_digits(task, request) for task in tasks)
