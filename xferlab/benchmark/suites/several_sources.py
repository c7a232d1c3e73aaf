"""The suites `several_sources` and `unseen_domain`: what differs between sources; no download."""

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
from xferlab.data.left_out import leave_one_out

LOOKS = ("optdigits", SCAN, PHOTO)


def several_sources(request: SuiteRequest) -> Suite:
    """scikit-learn's digits from two looks, labelled, to a third one without labels."""
    sources = {look: digits(look, half="a") for look in LOOKS}
    tasks = tuple(
        on_digits(
            to(
                digits(target, half="b"),
                *(domain for look, domain in sources.items() if look != target),
                setting=Setting.UNSUPERVISED_DA,
            ),
            request,
        )
        for target in (SCAN, PHOTO)
    )
    return Suite(
        header=SuiteHeader(
            name="several_sources",
            title="several_sources: handwritten digits in two looks to a third",
            protocol=(
                f"{DISJOINT} Both sources have the same originals. The target's training split is"
                " seen without labels.",
                "source_only and dann take the sources' examples as those of one domain; m3sda"
                " (its moment distance) tells them apart.",
                same_for_all(tasks[0]),
            ),
        ),
        tasks=tasks,
        methods=("source_only", "dann", "m3sda"),
        seeds=5,
    )


def unseen_domain(request: SuiteRequest) -> Suite:
    """scikit-learn's digits in three looks, each left out in turn and never seen in training."""
    looks = {look: digits(look, half="a") for look in LOOKS}
    targets = {look: digits(look, half="b") for look in LOOKS}
    tasks = tuple(on_digits(task, request) for task in leave_one_out(looks, targets=targets))
    return Suite(
        header=SuiteHeader(
            name="unseen_domain",
            title="unseen_domain: handwritten digits in a look that training has not seen",
            protocol=(
                f"{DISJOINT} Both sources have the same originals. Nothing of the target is seen,"
                " and checkpoints are selected on the sources alone.",
                same_for_all(tasks[0]),
            ),
            validator="source_accuracy",
        ),
        tasks=tasks,
        methods=("source_only", "group_dro"),
        seeds=5,
    )
