"""Prototypical networks: features in which the mean of a few examples stands for their class."""

from __future__ import annotations

from typing import Any, ClassVar

from xferlab.core.batch import Batch, Episodes
from xferlab.core.roles import SOURCE, Role
from xferlab.core.settings import Setting
from xferlab.losses.classification import cross_entropy
from xferlab.losses.prototypes import prototype_logits
from xferlab.methods.base import (
    Context,
    Method,
    Phase,
    Stage,
    Term,
    Terms,
    method,
    static,
    without_outputs,
)
from xferlab.methods.episodic._parts import places_of
from xferlab.models.nets import SOURCE_ROW, Nets, Output


@method
class Prototypical(Method):
    """Classification by the nearest class mean, trained as it is tested: by episodes.

        p_c = mean of f(x) over the support of class c
        L = mean over queries (x, y) of -log softmax_c(-||f(x) - p_c||²) at y

    A step is one episode of the source: `ways` classes, of each `shots` examples of support, and as
    queries what the batch has more of it. An episode of new classes is answered as every method
    answers it by default: by the nearest class mean. The heads are not trained, so outside episodes
    it predicts no class, and `source_accuracy` says nothing of it.

    Attributes:
        ways: classes of a training episode. The paper trains with more than it tests with: 60 for
            Omniglot, 20 or 30 for miniImageNet.
        shots: support of each class in training, best that of the test.

    References:
        Snell, Swersky, Zemel: Prototypical Networks for Few-shot Learning. NeurIPS 2017,
        arXiv:1703.05175, algorithm 1.

    Differences from the paper: optimiser, encoder and number of episodes are the suite's; a batch
    of the suite is the episode, so that its number of queries follows from the batch size.

    Differences from the authors' code (jakesnell/prototypical-networks, few_shot.py, run_train.py):
    it halves the learning rate every 20 epochs and stops early by episodes of validation classes,
    of which a task has none here. As there, support and queries of a training episode go through
    the encoder in one pass, and batch norm has its running averages at test time.
    """

    reference: ClassVar[str] = "snell2017prototypical"
    needs: ClassVar[Setting] = Setting.FEW_SHOT
    ways: int = static(default=5, least=2)
    shots: int = static(default=1, least=1)

    def stages(self) -> tuple[Stage, ...]:
        """Returns one stage of training by episodes."""
        return (Stage(self, sampler=Episodes(self.ways)),)

    def phases(self) -> tuple[Phase, ...]:
        """Returns one phase that leaves the heads as they are."""
        return (Phase("train", self.loss, trains=("encoder",)),)

    def loss(self, nets: Nets, batch: Batch, ctx: Context) -> Terms:
        """Returns the cross entropy of the queries."""
        source: Any = batch.source
        features = nets.encode(source.inputs, role=SOURCE)
        places = places_of(len(features), ways=self.ways, shots=self.shots)
        support, queries = features[places.support], features[places.queries]
        logits = prototype_logits(support, places.support_labels, queries, ways=self.ways)
        return {"episode": Term(cross_entropy(logits, places.query_labels).mean())}

    def predict(self, nets: Nets, inputs: Any, state: Any, *, role: Role) -> Output:
        """Returns the features; no head is trained, and all outputs are zeros."""
        return without_outputs(nets.apply(inputs, role=role, row=SOURCE_ROW))
