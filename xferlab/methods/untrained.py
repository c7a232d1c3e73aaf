"""Untrained: the networks as they are drawn, what features are worth before any training."""

from __future__ import annotations

from typing import Any, ClassVar

from xferlab.core.batch import Batch
from xferlab.core.roles import Role
from xferlab.core.settings import Setting
from xferlab.methods.base import Context, Method, Phase, Terms, method, without_outputs
from xferlab.models.nets import Nets, Output


@method
class Untrained(Method):
    """Trains nothing: the baseline of methods that learn features without labels.

    Features are those of the network as it is drawn, under the averages that its norms begin with.
    Random features are no chance level: a probe on them can be good. The heads say nothing, and
    logits are zeros; features are scored by probes.

    References:
        Jarrett, Kavukcuoglu, Ranzato, LeCun: What is the Best Multi-Stage Architecture for Object
        Recognition? ICCV 2009. (Classifiers on random features are among its baselines.)
    """

    reference: ClassVar[str] = "jarrett2009best"
    needs: ClassVar[Setting] = Setting.SOURCE_FREE

    def phases(self) -> tuple[Phase, ...]:
        """Returns one phase that trains nothing."""
        return (Phase("rest", self.loss, trains=()),)

    def loss(self, nets: Nets, batch: Batch, ctx: Context) -> Terms:
        """Returns no term."""
        return {}

    def predict(self, nets: Nets, inputs: Any, state: Any, *, role: Role) -> Output:
        """Returns the features; all outputs are zeros."""
        return without_outputs(nets.apply(inputs, role=role))
