"""What every contestant of `speed.py` trains: data in memory, shapes, batch sizes, optimiser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import numpy as np

from xferlab.core.batch import AdaptationBatch, Batch, Labelled, Unlabelled
from xferlab.core.names import NameTable
from xferlab.models.spec import NetworkSpec

BATCH_SIZES = (64, 64)
EXAMPLES = 2000
LR = 0.01
MOMENTUM = 0.9
TOTAL_STEPS = 10_000
"""Length of the run that a measurement is the beginning of: the ramp's denominator."""
DISCRIMINATOR_WIDTH = 100
"""Hidden units of xferlab's discriminator; a test compares the networks."""


class Problem(NamedTuple):
    """Two domains and a network for them.

    Attributes:
        spec: xferlab's network; contestants written by hand repeat its shapes.
        data: the whole training splits, NumPy.
    """

    spec: NetworkSpec
    data: Any


def layer_shapes(spec: NetworkSpec) -> list[tuple[int, ...]]:
    """Returns the kernel shapes of the encoder: `[5, 5, in, out]` and `[in, out]`."""
    if spec.backbone == "mlp":
        return [(spec.input_size, spec.hidden[0])]
    side, _, channels = spec.input_shape
    first, second, dense = spec.hidden
    last_side = ((side - 4) // 2 - 4) // 2
    flat = last_side * last_side * second
    return [(5, 5, channels, first), (5, 5, first, second), (flat, dense)]


def host_batches(problem: Problem) -> Iterator[AdaptationBatch]:
    """Yields random batches from the arrays in memory, drawn with replacement, for ever."""
    rng = np.random.default_rng(0)
    source, target = problem.data.source, problem.data.target
    n, m = BATCH_SIZES
    while True:
        i, j = rng.integers(0, len(source.index), n), rng.integers(0, len(target.index), m)
        yield Batch(
            _rows(source, i),
            _rows(target, j),
        )


def _rows(part: Any, rows: np.ndarray) -> Any:
    return jax.tree.map(lambda array: array[rows], part)


def bag_of_words(examples: int = EXAMPLES) -> Problem:
    """Returns random float32 bags of about 80 of 5000 words, for an MLP 5000-100 with 2 classes."""
    rng = np.random.default_rng(0)
    spec = NetworkSpec(
        backbone="mlp",
        input_shape=(5000,),
        hidden=(100,),
        heads=(("class", 2),),
        batch_norm="joint",
    )
    bags = [(rng.random((examples, 5000)) < 80 / 5000).astype(np.float32) for _ in range(2)]
    return Problem(spec, _two_domains(bags, rng.integers(0, 2, examples)))


def images(examples: int = EXAMPLES) -> Problem:
    """Returns random uint8 images 28×28×3 for LeNet (20, 50, 500) with 10 classes."""
    rng = np.random.default_rng(0)
    spec = NetworkSpec(
        backbone="lenet",
        input_shape=(28, 28, 3),
        hidden=(20, 50, 500),
        heads=(("class", 10),),
        batch_norm="joint",
    )
    pixels = [rng.integers(0, 256, (examples, 28, 28, 3), np.uint8) for _ in range(2)]
    return Problem(spec, _two_domains(pixels, rng.integers(0, 10, examples)))


def _two_domains(inputs: list[np.ndarray], labels: np.ndarray) -> Batch:
    source = Labelled.of(inputs[0], labels.astype(np.int32))
    return Batch(source, Unlabelled.of(inputs[1]))


PROBLEMS: NameTable[Callable[[], Problem]] = NameTable(
    "network", {"mlp": bag_of_words, "lenet": images}
)
