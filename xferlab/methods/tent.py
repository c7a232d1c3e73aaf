"""Tent: a source model lowers the entropy of its target predictions by its norm layers alone."""

from __future__ import annotations

from typing import Any, ClassVar

import jax.numpy as jnp

from xferlab.core.batch import TargetBatch
from xferlab.core.roles import TARGET, Role
from xferlab.core.settings import Setting
from xferlab.losses.information import entropy
from xferlab.methods.base import Context, Method, Phase, Stage, Term, Terms, method
from xferlab.methods.source_only import SourceOnly
from xferlab.models.nets import SOURCE_ROW, Nets, Output

NORMS = (("encoder/**@scale", 1.0), ("**", 0.0))
"""Scales and shifts of norm layers are trained, whatever these are called; the rest is frozen."""
MOST_OF_PAST = 0.9
"""Share of earlier batches in the averages, once there are ten."""


@method
class Tent(Method):
    """Fully test-time adaptation: each step is one update on one batch of the target.

        stage 1:  source-only, nine tenths of the steps
        stage 2:  min over scales and shifts of norm layers  mean H(softmax(h(f(x_t))))
                  x_t normalised by its batch;  μ ← m μ + (1 - m) mean of batch t, σ² likewise,
                  m = min(t / (t + 1), 0.9)

    Stage 2 sees target batches and no source. It predicts by the network as it is after its last
    update, under the averages, in which nothing of the source is left after the first batch. In an
    online task (`Setting.TEST_TIME`) stage 2 is one pass over the stream, and a batch is predicted
    by the network and the averages as they are before its update: the first one by the source's. A
    network without norm layers is refused. Of a network with layer norm nothing is averaged.

    References:
        Wang, Shelhamer, Liu, Olshausen, Darrell: Tent: Fully Test-Time Adaptation by Entropy
        Minimization. ICLR 2021, arXiv:2006.10726, section 3.

    Differences from the paper: it predicts each batch by that batch's own statistics, in the pass
    that it updates by; here an example's prediction does not depend on others of its batch. It goes
    over the target once, in order, as an online task does; other tasks draw a tenth of the steps at
    random, and their tables' predictions are of after the last update. Learning rate and optimiser
    are the suite's. Of a user's norm layers the averages move by their own momentum.

    Differences from the authors' code (DequanWang/tent, tent.py and cfgs/tent.yaml): it returns the
    outputs of the pass whose gradient it takes, and keeps no averages at all. It trains
    `BatchNorm2d` alone, here every module of the encoder that has a `scale`, as norms of flax do.
    Adam at 1e-3 on batches of 200, one update for each.
    """

    reference: ClassVar[str] = "wang2021tent"
    one_encoder: ClassVar[bool] = True

    def stages(self) -> tuple[Stage, ...]:
        """Returns source training and the adaptation of the norm layers."""
        adaptation = Stage(self, 0.1, Setting.SOURCE_FREE, rates=NORMS)
        return (Stage(SourceOnly(), 0.9), adaptation)

    def phases(self) -> tuple[Phase, ...]:
        """Returns one phase; the stage's rates leave norm layers of the encoder to it."""
        return (Phase("train", self.loss, trains=("encoder",)),)

    def loss(self, nets: Nets, batch: TargetBatch, ctx: Context) -> Terms:
        """Returns the mean entropy."""
        past = jnp.minimum(ctx.step / (ctx.step + 1.0), MOST_OF_PAST)
        inputs = batch.target.inputs
        features = nets.encode(inputs, role=TARGET, row=SOURCE_ROW, momentum=past)
        return {"entropy": Term(entropy(nets.classify(features)).mean())}

    def predict(self, nets: Nets, inputs: Any, state: Any, *, role: Role) -> Output:
        """Returns the outputs of the one network that was adapted."""
        return nets.apply(inputs, role=role, row=SOURCE_ROW)
