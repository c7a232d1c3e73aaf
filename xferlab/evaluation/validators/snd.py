"""Soft Neighbourhood Density (SND)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from xferlab.core.draws import draw_rows
from xferlab.core.errors import InputError
from xferlab.evaluation.validators._parts import require_target
from xferlab.evaluation.views import ValidationView

BLOCK = 64
"""Examples whose similarities are in memory at once: few, so that they stay in the cache."""


@dataclass(frozen=True, kw_only=True)
class SoftNeighbourhoodDensity:
    r"""Mean entropy of each target example's similarities to the others: dense clusters.

        z_i = p_i / ||p_i||_2,   p = softmax(target logits)
        q_ij = exp(z_i . z_j / T) / \sum_{l != i} exp(z_i . z_l / T),   j != i
        score = -(1/n) \sum_i \sum_{j != i} q_ij log q_ij

    The score is in [0, log(n - 1)], so scores compare only at one n. It is high where each example
    has many equally close neighbours. Beware: a network with the same prediction for every example
    has the highest score of all.

    Args:
        temperature: T, positive.
        max_examples: of more target examples, this many, drawn with a fixed seed, are scored;
            the cost is quadratic in them. Up to this number the order of the examples does not
            matter.

    Raises:
        InputError: a temperature that is not positive, or fewer than two examples.

    >>> import numpy as np
    >>> from xferlab.evaluation import Outputs
    >>> target = Outputs(np.eye(4), 50 * np.eye(4))  # four certain predictions, four classes
    >>> round(SoftNeighbourhoodDensity()(ValidationView(target=target)), 4)  # log 3
    1.0986

    References:
        Saito, Kim, Teterwak, Sclaroff, Darrell, Saenko: Tune it the Right Way: Unsupervised
        Validation of Domain Adaptation via Soft Neighborhood Density, ICCV 2021, arXiv:2108.10860
        (`saito2021snd`).

    Differences from the paper's code:
        It gives an example a similarity of -1 to itself instead of leaving it out, adds 1e-5
        inside the logarithm, and takes all target examples. We subsample.
    """

    temperature: float = 0.05
    max_examples: int = 2000
    needs_source: ClassVar[bool] = False
    needs_features: ClassVar[bool] = False
    needs_target: ClassVar[bool] = True
    oracle: ClassVar[bool] = False

    def __post_init__(self):
        if not (self.temperature > 0 and self.max_examples >= 2):
            raise InputError(
                f"snd: temperature {self.temperature} must be positive and max_examples "
                f"{self.max_examples} at least 2."
            )

    def __call__(self, view: ValidationView) -> float:
        """Returns the mean entropy of the neighbourhoods, in nats."""
        probs = require_target(view.target, "snd").probs
        probs = probs[draw_rows(len(probs), self.max_examples)]
        if len(probs) < 2:
            raise InputError("snd: one target example has no neighbours. At least 2 are needed.")
        directions = probs / np.linalg.norm(probs, axis=1, keepdims=True)
        blocks = range(0, len(probs), BLOCK)
        return float(sum(self._entropies(directions, b).sum() for b in blocks) / len(probs))

    def _entropies(
        self, directions: Float[np.ndarray, "n k"], begin: int
    ) -> Float[np.ndarray, " b"]:
        """Returns the entropies of a block of examples: log Z - sum of q_ij times its exponent."""
        block = directions[begin : begin + BLOCK]
        exponents = block @ directions.T
        exponents /= self.temperature
        own = np.arange(len(block)), np.arange(begin, begin + len(block))
        exponents[own] = -np.inf
        exponents -= exponents.max(axis=1, keepdims=True)
        weights = np.exp(exponents)
        exponents[own] = 0.0
        totals = weights.sum(axis=1)
        return np.log(totals) - np.einsum("ij,ij->i", weights, exponents) / totals
