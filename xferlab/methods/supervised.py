"""The classification term that methods share: of labelled source examples, and of shots."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
from jaxtyping import Array, Float

from xferlab.core.batch import AdaptationBatch
from xferlab.losses.classification import cross_entropy
from xferlab.methods.base import Term, Terms
from xferlab.models.nets import TARGET, Nets, Output

Classify = Callable[[Output], Float[Array, "n k"]]
"""Class logits of what the network makes of examples."""


def network_logits(output: Output) -> Float[Array, "n k"]:
    """Returns the logits of the suite's own head."""
    return output.logits


def supervised(
    nets: Nets,
    source: Output,
    batch: AdaptationBatch,
    *,
    shots_domain: int = TARGET,
    label_smoothing: float = 0.0,
    classify: Classify = network_logits,
) -> Terms:
    """Returns the term 'classification': mean cross entropy of all labelled examples of a batch.

        mean over (x, y) in source ∪ shots of CE(h(f(x)), y)

    Without shots that is the mean over the source. All examples weigh alike, as in the authors'
    code of MME (VisionLearningGroup/SSDA_MME, main.py). There source and shots go through the
    network as one batch; here shots have a pass of their own, with batch statistics of their own.

    Args:
        nets: the networks.
        source: their outputs for the source examples.
        batch: the step's batch.
        shots_domain: SOURCE or TARGET: the statistics of shots where batch norm is kept per domain;
            those by which the method predicts the target.
        label_smoothing: see `cross_entropy`.
        classify: another classifier than the suite's head, for methods that bring their own.
    """
    losses = cross_entropy(classify(source), batch.source.labels, label_smoothing=label_smoothing)
    if batch.shots is not None:
        logits = classify(nets.apply(batch.shots.inputs, domain=shots_domain))
        of_shots = cross_entropy(logits, batch.shots.labels, label_smoothing=label_smoothing)
        losses = jnp.concatenate([losses, of_shots])
    return {"classification": Term(losses.mean())}
