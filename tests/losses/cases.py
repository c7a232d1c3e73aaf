"""One table of all public losses: how to draw their inputs, their oracles, their properties."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np
from scipy import special

from tests.oracles import losses as oracles
from xferlab import losses

SIZES = {"n": 6, "m": 5, "d": 3, "k": 4, "r": 7}
DRAWS: dict[str, Callable] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "sharp": lambda rng, shape: 5 * rng.normal(size=shape),
    "probs": lambda rng, shape: special.softmax(rng.normal(size=shape), axis=-1),
    "positive": lambda rng, shape: rng.uniform(0.1, 2.0, shape),
    "labels": lambda rng, shape: rng.integers(0, SIZES["k"], shape),
}
HIDDEN, OUT = np.random.default_rng(7).normal(size=(3, 5)), np.linspace(-1, 1, 5)


@dataclasses.dataclass(frozen=True, eq=False)
class Case:
    """A loss with some keywords, and what is known of it."""

    name: str
    loss: Callable
    oracle: Callable
    axes: tuple[str, ...]
    """Axes of each array, as "n d": a letter of SIZES each."""
    draws: tuple[str, ...] = ()
    """Kind of each array, a key of DRAWS; default normal."""
    keywords: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    changes: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """For each keyword of the loss another value, which changes the result."""
    call: Callable | None = None
    """The loss as a function of the arrays and keywords, where it takes anything else."""
    arguments: tuple[str, ...] = ()
    """Names of the arrays in messages; default the loss's own."""
    frozen: bool = False
    """Whether part of the loss is constant to the gradient: the oracle takes `frozen`."""
    zero_at_equal: bool = False
    symmetric: bool = False
    invariant: bool = True
    """Whether a permutation of the examples permutes the result, or leaves a scalar."""
    power: float | None = None
    """p, where arrays times s make the result times s**p."""

    def draw(self, seed: int = 0) -> tuple[np.ndarray, ...]:
        rng = np.random.default_rng(seed)
        draws = self.draws or ("normal",) * len(self.axes)
        shapes = [tuple(SIZES[letter] for letter in axes.split()) for axes in self.axes]
        return tuple(DRAWS[kind](rng, shape) for kind, shape in zip(draws, shapes, strict=True))

    def names(self) -> tuple[str, ...]:
        return self.arguments or tuple(inspect.signature(self.loss).parameters)[: len(self.axes)]

    def __call__(self, *arrays, **changes):
        return (self.call or self.loss)(*arrays, **{**self.keywords, **changes})


def weighted_domain_loss(source_logits, target_logits, source_weights, target_weights):
    return losses.domain_loss(
        source_logits, target_logits, source_weights=source_weights, target_weights=target_weights
    )


def joint(source_features, source_probs, target_features, target_probs, **keywords):
    source, target = (source_features, source_probs), (target_features, target_probs)
    return losses.jmmd_loss(source, target, **keywords)


def tanh_penalty(points):
    return losses.gradient_penalty(lambda x: jnp.tanh(x @ HIDDEN.astype(x.dtype)) @ OUT, points)


LOGITS, PAIR, DOMAINS = ("n k",), ("n k", "n k"), ("n d", "m d")
MASK = {"where": np.array([True, False, True, True, False, True])}
JOINT = {
    "axes": ("n d", "n k", "m d", "m k"),
    "draws": ("normal", "probs", "normal", "probs"),
    "call": joint,
    "arguments": ("source[0]", "source[1]", "target[0]", "target[1]"),
    "frozen": True,
}

CASES = (
    Case("cross_entropy", losses.cross_entropy, oracles.cross_entropy, ("n k", "n"),
         draws=("normal", "labels"), changes={"label_smoothing": 0.1}),
    Case("cross_entropy_smoothed", losses.cross_entropy, oracles.cross_entropy, ("n k", "n"),
         draws=("normal", "labels"), keywords={"label_smoothing": 0.1}),
    Case("soft_cross_entropy", losses.soft_cross_entropy, oracles.soft_cross_entropy, PAIR,
         draws=("normal", "probs")),
    Case("label_cross_entropy", losses.label_cross_entropy, oracles.label_cross_entropy, PAIR,
         draws=("normal", "probs")),
    Case("squared_error", losses.squared_error, oracles.squared_error, PAIR,
         symmetric=True, zero_at_equal=True, power=2),
    Case("entropy", losses.entropy, oracles.entropy, LOGITS),
    Case("diversity", losses.diversity, oracles.diversity, LOGITS, changes=MASK),
    Case("information_maximisation", losses.information_maximisation,
         oracles.information_maximisation, LOGITS, changes=MASK),
    Case("domain_loss", losses.domain_loss, oracles.domain_loss, ("n", "m"),
         changes={"source_weights": np.arange(6.0), "target_weights": np.arange(5.0)}),
    Case("domain_loss_weighted", losses.domain_loss, oracles.weighted_domain_loss,
         ("n", "m", "n", "m"), draws=("normal", "normal", "positive", "positive"),
         call=weighted_domain_loss, frozen=True,
         arguments=("source_logits", "target_logits", "source_weights", "target_weights")),
    Case("generator_loss", losses.generator_loss, oracles.generator_loss, ("m",)),
    Case("multilinear", losses.multilinear, oracles.multilinear, ("n d", "n k"),
         draws=("normal", "probs"), power=2),
    Case("random_multilinear", losses.random_multilinear, oracles.random_multilinear,
         ("n d", "n k", "d r", "k r"), draws=("normal", "probs", "normal", "normal"),
         invariant=False, power=4),
    Case("entropy_weights", losses.entropy_weights, oracles.entropy_weights, LOGITS),
    Case("gaussian_kernel", losses.gaussian_kernel, oracles.gaussian_kernel, DOMAINS,
         changes={"squared_bandwidths": (0.5, 2.0)}, invariant=False),
    Case("mmd_loss", losses.mmd_loss, oracles.mmd_loss, DOMAINS, frozen=True,
         changes={"multipliers": (1.0,), "squared_bandwidth": 2.0, "estimator": "unbiased"},
         zero_at_equal=True, symmetric=True, power=0),
    Case("mmd_loss_fixed", losses.mmd_loss, oracles.mmd_loss, DOMAINS,
         keywords={"multipliers": (0.5, 1.0), "squared_bandwidth": 3.0},
         zero_at_equal=True, symmetric=True),
    Case("mmd_loss_unbiased", losses.mmd_loss, oracles.mmd_loss, DOMAINS, frozen=True,
         keywords={"estimator": "unbiased"}, symmetric=True, power=0),
    Case("jmmd_loss", losses.jmmd_loss, oracles.jmmd_loss, **JOINT,
         changes={"multipliers": ((1.0,), (1.0,)), "squared_bandwidths": (None, 1.0),
                  "estimator": "unbiased"}),
    Case("jmmd_loss_unbiased", losses.jmmd_loss, oracles.jmmd_loss, **JOINT,
         keywords={"estimator": "unbiased"}),
    Case("coral_loss", losses.coral_loss, oracles.coral_loss, DOMAINS,
         zero_at_equal=True, symmetric=True, power=4),
    Case("wasserstein_gap", losses.wasserstein_gap, oracles.wasserstein_gap, ("n", "m"),
         zero_at_equal=True, power=1),
    Case("gradient_penalty", losses.gradient_penalty,
         lambda points: oracles.gradient_penalty(points, HIDDEN, OUT), ("n d",),
         call=tanh_penalty, arguments=("points",)),
    Case("class_confusion_loss", losses.class_confusion_loss, oracles.class_confusion_loss, LOGITS,
         changes={"temperature": 1.0, **MASK}, frozen=True),
    Case("nuclear_norm_loss", losses.nuclear_norm_loss, oracles.nuclear_norm_loss, LOGITS,
         changes=MASK),
    Case("classifier_discrepancy", losses.classifier_discrepancy, oracles.classifier_discrepancy,
         PAIR, zero_at_equal=True, symmetric=True),
    Case("domain_means", losses.domain_means, oracles.domain_means, ("n", "n"),
         draws=("normal", "labels"), keywords={"domains": 4}, changes={"domains": 1},
         invariant=False),
    Case("exponentiated_weights", losses.exponentiated_weights, oracles.exponentiated_weights,
         ("k", "k"), draws=("probs", "normal"), changes={"step_size": 1.0}),
    Case("moment_distance", losses.moment_distance, oracles.moment_distance, ("n d", "m d", "n"),
         draws=("normal", "normal", "labels"), keywords={"domains": 4},
         changes={"domains": 1, "moments": 1}),
    Case("unknown_boundary_loss", losses.unknown_boundary_loss, oracles.unknown_boundary_loss,
         LOGITS, changes={"boundary": 0.2}),
    Case("consistency_loss", losses.consistency_loss, oracles.consistency_loss, PAIR,
         draws=("normal", "sharp"), changes={"confidence_threshold": -1.0}, zero_at_equal=True),
    Case("consistency_loss_all", losses.consistency_loss, oracles.consistency_loss, PAIR,
         keywords={"confidence_threshold": -1.0}, zero_at_equal=True, symmetric=True),
    Case("nt_xent", losses.nt_xent, oracles.nt_xent, ("n d", "n d"),
         changes={"temperature": 0.5}, symmetric=True, power=0),
    Case("nt_xent_warm", losses.nt_xent, oracles.nt_xent, ("n d", "n d"),
         keywords={"temperature": 1.0}, symmetric=True, power=0),
    Case("class_balance_loss", losses.class_balance_loss, oracles.class_balance_loss, LOGITS,
         changes=MASK),
)  # fmt: skip
