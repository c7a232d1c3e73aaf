"""The suite `own_inputs`: domains in two feature spaces, aligned with a few labels; no download."""

from __future__ import annotations

import dataclasses

import numpy as np

from xferlab.benchmark.suites.on_digits import digits, digits_suite, on_digits, to
from xferlab.benchmark.suites.quick import DIGITS_NETWORK
from xferlab.benchmark.suites.suite import Suite, SuiteRequest, SuiteTask
from xferlab.core.settings import Setting
from xferlab.data.domain import Domain
from xferlab.data.shots import draw_shots

SHOTS = (1, 3)
"""Labelled target examples of each class."""
SIDE = 8
NETWORK = dataclasses.replace(
    DIGITS_NETWORK, target_inputs=(("mlp", (SIDE * SIDE,), (64,)),), batch_norm="separate"
)
METHODS = ("source_only", "deep_coral", "dann")


def own_inputs(request: SuiteRequest) -> Suite:
    """scikit-learn's digits from images to shuffled pixels: another encoder for the target."""
    source, target = digits(half="a"), shuffled_pixels()
    return digits_suite(
        "own_inputs",
        "handwritten digits from images to columns of numbers",
        tuple(_task(source, target, count, request) for count in SHOTS),
        METHODS,
        (
            "The source is images of 16 x 16 pixels, the target other originals as 64 numbers: the"
            " pixels of the 8 x 8 scan in an order that no method is told. Each has an encoder of"
            " its own, the classifier is shared. Of the target a method sees 1 or 3 examples of"
            " each class with their labels, the others without; scores are on its test split. Shots"
            " are drawn once.",
            "source_only learns from source and shots.",
        ),
    )


def shuffled_pixels() -> Domain:
    """Returns the target: 64 floats between -1 and 1, the same permutation for all examples."""
    images = digits(half="b")
    order = np.random.default_rng(0).permutation(SIDE * SIDE)

    def numbers(inputs: np.ndarray) -> np.ndarray:
        blocks = inputs[..., 0].reshape(-1, SIDE, 2, SIDE, 2).mean(axis=(2, 4))
        return (blocks.reshape(len(inputs), -1)[:, order] / 127.5 - 1).astype(np.float32)

    return dataclasses.replace(images.map_inputs(numbers), name="optdigits_pixels")


def _task(source: Domain, target: Domain, count: int, request: SuiteRequest) -> SuiteTask:
    setting = dataclasses.replace(Setting.SEMI_SUPERVISED, own_inputs=True)
    task = to(target, source, setting=setting, shots=draw_shots(target, count))
    task = dataclasses.replace(task, name=f"{task.name}, {count} shots")
    sizes = (32, 32, min(32, 10 * count))
    return on_digits(task, request, network=NETWORK, augment="noise", batch_sizes=sizes)
