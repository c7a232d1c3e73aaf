"""AdaBN: a source model whose batch-norm averages are measured anew on the target."""

from __future__ import annotations

from typing import Any, ClassVar

from xferlab.core.batch import TargetBatch
from xferlab.core.roles import TARGET, Role
from xferlab.core.settings import Setting
from xferlab.methods.base import Context, Method, Phase, Stage, Terms, method
from xferlab.methods.source_only import SourceOnly
from xferlab.models.nets import SOURCE_ROW, Nets, Output


@method
class AdaBN(Method):
    """Replaces the source's batch-norm averages by the target's; no gradient is taken.

        stage 1:  source-only, nine tenths of the steps
        stage 2:  μ ← (t μ + mean of batch t) / (t + 1), σ² likewise, over target batches t

    References:
        Li, Wang, Shi, Liu, Hou: Revisiting Batch Normalization for Practical Domain Adaptation.
        arXiv:1603.04779, algorithm 1.

    Differences from the paper: σ² averages the batches' unbiased variances, which leaves out the
    variance between batch means (of order 1 / batch size). A network without batch norm, or with
    frozen ones, stays as stage 1 left it. Code of the authors was not found.
    """

    reference: ClassVar[str] = "li2016adabn"
    one_encoder: ClassVar[bool] = True

    def stages(self) -> tuple[Stage, ...]:
        """Returns source training and the measurement on the target."""
        return (Stage(SourceOnly(), 0.9), Stage(self, 0.1, Setting.SOURCE_FREE))

    def phases(self) -> tuple[Phase, ...]:
        """Returns one phase that trains nothing and moves the averages."""
        return (Phase("measure", self.loss, trains=()),)

    def loss(self, nets: Nets, batch: TargetBatch, ctx: Context) -> Terms:
        """Runs the target batch through the encoder for its statistics; there is no loss."""
        share_of_past = ctx.step / (ctx.step + 1.0)
        nets.encode(batch.target.inputs, role=TARGET, row=SOURCE_ROW, momentum=share_of_past)
        return {}

    def predict(self, nets: Nets, inputs: Any, state: Any, *, role: Role) -> Output:
        """Returns the outputs under the one set of averages."""
        return nets.apply(inputs, role=role, row=SOURCE_ROW)
