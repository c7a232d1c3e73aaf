"""The classification term that methods share: of labelled source examples, and of shots."""

from __future__ import annotations

import jax.numpy as jnp

from xferlab.core.batch import AdaptationBatch
from xferlab.losses.classification import cross_entropy
from xferlab.methods.base import Term, Terms
from xferlab.models.nets import TARGET, Nets, Output


def supervised(
    nets: Nets,
    source: Output,
    batch: AdaptationBatch,
    *,
    shots_domain: int = TARGET,
    label_smoothing: float = 0.0,
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
    """
    losses = cross_entropy(source.logits, batch.source.labels, label_smoothing=label_smoothing)
    if batch.shots is not None:
        logits = nets.apply(batch.shots.inputs, domain=shots_domain).logits
        of_shots = cross_entropy(logits, batch.shots.labels, label_smoothing=label_smoothing)
        losses = jnp.concatenate([losses, of_shots])
    return {"classification": Term(losses.mean())}
