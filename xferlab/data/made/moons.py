"""The intertwining moons of the DANN paper: the smallest task that shows an adaptation.

The source is 300 points, 150 on each of two interleaved half circles. The target is another draw
of the same, turned by 35 degrees about the centre, so that it has labels of its own only for
evaluation. Both are first centred on the middle of the two half circles and doubled in size.

References:
    Ganin, Ustinova, Ajakan, Germain, Larochelle, Laviolette, Marchand, Lempitsky.
    "Domain-Adversarial Training of Neural Networks", section 5.1.1. JMLR 17, 2016.
    arXiv:1505.07818.

Differences from the paper: each domain has a test split, a draw of its own of the same size. The
centre is the exact one, (0.5, 0.25), not the mean of the draw.
"""

from __future__ import annotations

import numpy as np

from xferlab.core.checks import finite_number, whole_number
from xferlab.core.errors import InputError
from xferlab.core.optional import require
from xferlab.core.seeds import stable_seed
from xferlab.data.domain import Domain
from xferlab.data.split import Split

CLASS_NAMES = ("upper", "lower")
CENTRE = (0.5, 0.25)
MOST_POINTS = 10_000_000


def moons(
    *, rotation_degrees: float = 0.0, points: int = 300, noise: float = 0.05, seed: int = 0
) -> Domain:
    """Returns the source (no rotation) or a turned target; domains of other angles share no point.

    Args:
        rotation_degrees: clockwise turn about the origin; 35 in the paper.
        points: in each split, half of them on each moon.
        noise: standard deviation of the points about their half circle of radius one, before the
            doubling.
        seed: of the draw.

    Raises:
        InputError: fewer than four points or more than 10 million; a value that is no number, not
            finite, or negative where that means nothing.
    """
    if whole_number("points", points, least=0) < 4:
        raise InputError(
            f"points={points} is too few for two moons. Allowed: 4 or more; the paper has 300."
        )
    if points > MOST_POINTS:
        raise InputError(f"points is {points}. Allowed: at most {MOST_POINTS}")
    rotation_degrees = finite_number("rotation_degrees", rotation_degrees)
    noise, seed = finite_number("noise", noise, least=0.0), whole_number("seed", seed, least=0)
    name = f"moons_{rotation_degrees:g}" if rotation_degrees else "moons"
    datasets = require("sklearn.datasets", "scikit-learn")
    splits = {}
    for split in ("train", "test"):
        draw = stable_seed("moons", float(rotation_degrees), split, seed)
        drawn, labels = datasets.make_moons(points, noise=noise, random_state=draw)
        splits[split] = Split(_turn(2 * (drawn - CENTRE), rotation_degrees), labels)
    return Domain(name, splits, CLASS_NAMES)


def _turn(drawn: np.ndarray, degrees: float) -> np.ndarray:
    """Returns points [n, 2] turned clockwise about the origin."""
    angle = np.deg2rad(degrees)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return drawn @ matrix
