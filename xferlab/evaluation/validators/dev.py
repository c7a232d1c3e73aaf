"""Deep Embedded Validation (DEV)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

from xferlab.core.draws import draw_rows
from xferlab.core.errors import InputError, unknown_name
from xferlab.evaluation.validators._parts import require_source, require_target
from xferlab.evaluation.views import LabelledOutputs, ValidationView

LOG_RATIO_LIMIT = 30.0


@dataclass(frozen=True, kw_only=True)
class DeepEmbeddedValidation:
    r"""Minus the source risk reweighted to the target's features, with a control variate.

        w(f) = (n_s / n_t) P(target | f) / P(source | f)
        risk = mean(w l) + eta mean(w) - eta,   eta = -Cov(w l, w) / Var(w)
        score = -risk

    l are the losses of the source validation examples and w their density ratios, from a domain
    classifier fitted on the features of the source (n_s) and target (n_t) training splits: a
    logistic regression on standardised features that minimises
    mean(log loss) + decay/2 ||weights||^2. The control variate uses that w has mean 1. Where the
    weights are constant, eta is 0.

    The score has no bounds: far apart domains give few examples large weights, and a risk may even
    come out negative.

    Args:
        loss: 'zero_one' or 'cross_entropy', the loss l.
        decay: weight decay of the domain classifier, positive.
        max_examples: of more examples in a domain, this many, drawn with a fixed seed, fit the
            domain classifier. Up to this number the order of the examples does not matter.

    Raises:
        InputError: an unknown loss or a value out of range.

    >>> import numpy as np
    >>> from xferlab.evaluation import Outputs
    >>> source = LabelledOutputs(np.eye(2), np.eye(2), np.array([1, 0]))  # always wrong: risk 1
    >>> view = ValidationView(source_train=source, source_validation=source,
    ...                       target=Outputs(np.eye(2), np.eye(2)))
    >>> round(DeepEmbeddedValidation()(view), 4)
    -1.0

    References:
        You, Wang, Long, Jordan: Towards Accurate Model Selection in Deep Unsupervised Domain
        Adaptation, ICML 2019 (`you2019dev`).

    Differences from the paper's code:
        Its domain classifier is a network with three hidden layers, of d, d and 2 units for d
        features, and its decay the one of nine values from 1e-5 to 1e-1 with the best accuracy on
        a random fifth of the features, which are not standardised. Ours is linear, so that it is
        quick and has one solution, and the default decay is the middle of those values. We
        subsample, and limit log w to [-30, 30].
    """

    loss: Literal["zero_one", "cross_entropy"] = "zero_one"
    decay: float = 1e-3
    max_examples: int = 1000
    needs_source: ClassVar[bool] = True
    needs_features: ClassVar[bool] = True
    needs_target: ClassVar[bool] = True
    oracle: ClassVar[bool] = False

    def __post_init__(self):
        if self.loss not in ("zero_one", "cross_entropy"):
            raise unknown_name("loss of dev", self.loss, ("zero_one", "cross_entropy"))
        if not (self.decay > 0 and self.max_examples >= 1):
            raise InputError(
                f"dev: decay {self.decay} must be positive and max_examples {self.max_examples} "
                "at least 1."
            )

    def __call__(self, view: ValidationView) -> float:
        """Returns minus the estimated target risk."""
        train = require_source(view.source_train, "dev")
        validation = require_source(view.source_validation, "dev")
        weights = self._density_ratios(
            train.features, require_target(view.target, "dev").features, validation.features
        )
        return -_controlled_risk(weights, self._losses(validation))

    def _density_ratios(
        self,
        source: Float[np.ndarray, "n d"],
        target: Float[np.ndarray, "m d"],
        queries: Float[np.ndarray, "q d"],
    ) -> Float[np.ndarray, " q"]:
        """Returns estimates of p_target(f) / p_source(f) at the queries."""
        source = source[draw_rows(len(source), self.max_examples)]
        target = target[draw_rows(len(target), self.max_examples)]
        features = np.concatenate([source, target])
        is_target = np.repeat([0, 1], [len(source), len(target)])
        # Statistics are sums of float64; the fit in float32 takes half the time of one in float64.
        mean, spread = features.mean(0, dtype=np.float64), features.std(0, dtype=np.float64)
        varies = spread > np.finfo(np.float32).eps * np.abs(mean)

        def standardised(rows: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
            return ((rows - mean) / np.where(varies, spread, 1)).astype(np.float32)

        # Newton's method needs a tenth of the time of the default solver.
        classifier = LogisticRegression(
            C=1 / (self.decay * len(features)), solver="newton-cg", tol=1e-6, max_iter=1000
        )
        classifier.fit(standardised(features), is_target)
        log_odds = classifier.decision_function(standardised(queries)).astype(np.float64)
        log_ratios = log_odds + np.log(len(source) / len(target))
        return np.exp(np.clip(log_ratios, -LOG_RATIO_LIMIT, LOG_RATIO_LIMIT))

    def _losses(self, outputs: LabelledOutputs) -> Float[np.ndarray, " n"]:
        """Returns the loss of each example."""
        if self.loss == "zero_one":
            return (outputs.predictions != outputs.labels).astype(np.float64)
        log_probs = log_softmax(outputs.logits.astype(np.float64), axis=1)
        return -log_probs[np.arange(len(log_probs)), outputs.labels]


def _controlled_risk(weights: Float[np.ndarray, " n"], losses: Float[np.ndarray, " n"]) -> float:
    """Returns the weighted risk, its variance reduced by the control variate."""
    covariance = np.cov(weights * losses, weights, ddof=0)
    constant = covariance[1, 1] <= (1e-6 * weights.mean()) ** 2
    eta = 0.0 if constant else -covariance[0, 1] / covariance[1, 1]
    return float(np.mean(weights * losses) + eta * (weights.mean() - 1))
