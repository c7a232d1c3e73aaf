"""Source-only: supervised training on the source, the baseline of every table."""

from __future__ import annotations

from typing import Any

from xferlab.core.batch import AdaptationBatch
from xferlab.losses.classification import cross_entropy
from xferlab.methods.base import Context, Method, Term, Terms, method, static
from xferlab.models.nets import SOURCE, Nets, Output


@method
class SourceOnly(Method):
    """Minimises the cross entropy on the labelled source; the target is never looked at.

        L = mean CE(h(f(x_s)), y_s)

    Attributes:
        label_smoothing: mass moved from the label to all classes; 0 for none.
    """

    label_smoothing: float = static(default=0.0, least=0.0, most=1.0)

    def loss(self, nets: Nets, batch: AdaptationBatch, ctx: Context) -> Terms:
        """Returns the classification term."""
        logits = nets.apply(batch.source.inputs, domain=SOURCE).logits
        losses = cross_entropy(logits, batch.source.labels, label_smoothing=self.label_smoothing)
        return {"classification": Term(losses.mean())}

    def predict(self, nets: Nets, inputs: Any, state: Any, *, domain: Any) -> Output:
        """Returns the outputs under the source's batch statistics: it has no others."""
        return nets.apply(inputs, domain=SOURCE)
