"""Source-only: supervised training on the source, the baseline of every table."""

from __future__ import annotations

from typing import Any, ClassVar

from xferlab.core.batch import AdaptationBatch
from xferlab.core.roles import SOURCE, Role
from xferlab.core.settings import Setting
from xferlab.methods.base import Context, Method, Terms, method, static
from xferlab.methods.supervised import supervised
from xferlab.models.nets import SOURCE_ROW, Nets, Output


@method
class SourceOnly(Method):
    """Minimises the cross entropy on what is labelled; no other target example is looked at.

        L = mean CE(h(f(x_s)), y_s)

    Where the task shows shots they are in the mean too (the baseline 'S+T' of semi-supervised
    tables).

    Attributes:
        label_smoothing: mass moved from the label to all classes; 0 for none.
    """

    needs: ClassVar[Setting] = Setting.DOMAIN_GENERALISATION
    label_smoothing: float = static(default=0.0, least=0.0, most=1.0)

    def loss(self, nets: Nets, batch: AdaptationBatch, ctx: Context) -> Terms:
        """Returns the classification term."""
        source = nets.apply(batch.source.inputs, role=SOURCE)
        smoothing = self.label_smoothing
        return supervised(nets, source, batch, shots_row=SOURCE_ROW, label_smoothing=smoothing)

    def predict(self, nets: Nets, inputs: Any, state: Any, *, role: Role) -> Output:
        """Returns the outputs under the source's batch statistics: it has no others."""
        return nets.apply(inputs, role=role, row=SOURCE_ROW)
