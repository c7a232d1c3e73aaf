"""Target-only: supervised training on the labelled target, an oracle that bounds the others."""

from __future__ import annotations

from typing import Any, ClassVar

from xferlab.core.batch import SupervisedBatch
from xferlab.core.roles import TARGET, Role
from xferlab.core.settings import Setting, View
from xferlab.methods.base import Context, Method, Terms, method
from xferlab.methods.supervised import head_terms
from xferlab.models.nets import TARGET_ROW, Nets, Output


@method
class TargetOnly(Method):
    """Oracle: minimises the cross entropy on the *labelled* target training split.

        L = mean CE(h(f(x_t)), y_t)

    It needs the target's labels: where a task hides them it runs on a copy that shows them, and
    every table marks it as an oracle.
    """

    needs: ClassVar[Setting] = Setting("target_labels", target=View.LABELS)

    def loss(self, nets: Nets, batch: SupervisedBatch, ctx: Context) -> Terms:
        """Returns the supervised terms of the target."""
        target = nets.apply(batch.target.inputs, role=TARGET)
        return head_terms([(target, batch.target)], nets.heads)

    def predict(self, nets: Nets, inputs: Any, state: Any, *, role: Role) -> Output:
        """Returns the outputs under the target's batch statistics: it has no others."""
        return nets.apply(inputs, role=role, row=TARGET_ROW)
