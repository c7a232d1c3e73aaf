"""The supervised terms that methods share: of labelled source examples, and of shots."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jax.numpy as jnp
from jaxtyping import Array, Float

from xferlab.core.batch import AdaptationBatch, Labelled
from xferlab.core.heads import Head, Labels
from xferlab.core.roles import SHOTS
from xferlab.losses.classification import cross_entropy, label_cross_entropy
from xferlab.losses.regression import squared_error
from xferlab.methods.base import Term, Terms
from xferlab.models.nets import TARGET_ROW, Nets, Output

Classify = Callable[[Output], Float[Array, "n k"]]
"""Class logits of what the network makes of examples."""


def network_logits(output: Output) -> Float[Array, "n k"]:
    """Returns the logits of the suite's own first head."""
    return output.logits


def supervised(
    nets: Nets,
    source: Output,
    batch: AdaptationBatch,
    *,
    shots_row: int = TARGET_ROW,
    label_smoothing: float = 0.0,
    classify: Classify = network_logits,
) -> Terms:
    """Returns a term for each head: the mean loss of what is labelled in a batch.

        mean over (x, y) in source ∪ shots of loss(h(f(x)), y)

    See `head_terms`. Without shots that is the mean over the source. All examples weigh alike, as
    in the authors' code of MME (VisionLearningGroup/SSDA_MME, main.py). There source and shots go
    through the network as one batch; here shots have a pass of their own, with batch statistics of
    their own.

    Args:
        nets: the networks.
        source: their outputs for the source examples.
        batch: the step's batch.
        shots_row: SOURCE_ROW or TARGET_ROW: the statistics of shots where batch norm is per domain;
            those by which the method predicts the target.
        label_smoothing: of the classes, see `cross_entropy`.
        classify: another classifier than the first head, for methods that bring their own.
    """
    labelled = labelled_parts(nets, source, batch, shots_row=shots_row)
    return head_terms(labelled, nets.heads, label_smoothing=label_smoothing, classify=classify)


def labelled_parts(
    nets: Nets, source: Output, batch: AdaptationBatch, *, shots_row: int = TARGET_ROW
) -> list[tuple[Output, Labelled]]:
    """Returns outputs and examples of the source, and of shots where the batch has some."""
    if batch.shots is None:
        return [(source, batch.source)]
    shots = nets.apply(batch.shots.inputs, role=SHOTS, row=shots_row)
    return [(source, batch.source), (shots, batch.shots)]


def head_terms(
    labelled: Sequence[tuple[Output, Labelled]],
    heads: Sequence[Head],
    *,
    label_smoothing: float = 0.0,
    classify: Classify = network_logits,
    weights: Float[Array, " n"] | None = None,
) -> Terms:
    """Returns the mean loss of every head over the examples whose label is known.

    Cross entropy for classes, the mean binary cross entropy for labels, the mean squared error for
    numbers. A batch in which no label of a head is known adds nothing. Every head weighs one.

    Args:
        labelled: outputs and examples, of one role or more.
        heads: of the network, in order.
        label_smoothing: of the classes, see `cross_entropy`.
        classify: another classifier than the first head.
        weights: factors of the losses of the first role's examples, under every head; those of
            other roles weigh one. The mean is over numbers of examples, not over weights.

    Returns:
        The term 'classification' of the first head, and 'head_NAME' of each of the others.
    """
    terms = {}
    for place, head in enumerate(heads):
        parts = []
        for output, part in labelled:
            predicted = output.heads[place] if place else classify(output)
            smoothing = 0.0 if place else label_smoothing
            losses, known = _losses(head, predicted, part.by_head[place], smoothing)
            weighted = losses if weights is None or parts else weights * losses
            parts.append((weighted, known))
        terms[f"head_{head.name}" if place else "classification"] = Term(_mean_of_known(parts))
    return terms


def _losses(
    head: Head, predicted: Float[Array, "n o"], labels: Labels, label_smoothing: float
) -> tuple[Float[Array, " n"], Array | None]:
    """Returns the loss of every example, and whose label is known (None: everybody's)."""
    values, known = labels
    if known is not None:  # What stands where a label is missing must not reach a gradient.
        values = jnp.where(known.reshape(-1, *[1] * (values.ndim - 1)), values, 0)
    if head.kind == "classes":
        return cross_entropy(predicted, values, label_smoothing=label_smoothing), known
    loss = label_cross_entropy if head.kind == "labels" else squared_error
    return loss(predicted, values), known


def _mean_of_known(parts: Sequence[tuple[Array, Array | None]]) -> Float[Array, ""]:
    """Returns the mean over the known of all parts, 0 where there are none."""
    losses = [losses for losses, _ in parts]
    joined = jnp.concatenate(losses) if len(losses) > 1 else losses[0]
    if all(known is None for _, known in parts):
        return joined.mean()
    masks = [jnp.ones(len(own), bool) if known is None else known for own, known in parts]
    mask = jnp.concatenate(masks)
    return jnp.sum(jnp.where(mask, joined, 0)) / jnp.maximum(mask.sum(), 1)
