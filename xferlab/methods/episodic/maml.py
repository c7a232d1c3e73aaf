"""MAML: weights from which a few steps on a few examples lead to a good classifier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import jax
from flax import nnx
from jax import lax
from jaxtyping import Array, Float

from xferlab.core.batch import Batch, Episodes, Labelled
from xferlab.core.errors import InputError
from xferlab.core.inputs import Inputs
from xferlab.core.roles import SOURCE, Role
from xferlab.core.settings import Setting
from xferlab.losses.classification import cross_entropy
from xferlab.methods.base import (
    Context,
    Method,
    Phase,
    Stage,
    Term,
    Terms,
    method,
    number,
    static,
    without_outputs,
)
from xferlab.methods.episodic._parts import places_of
from xferlab.models.nets import SOURCE_ROW, Nets, Output, Params
from xferlab.models.spec import NetworkSpec

ADAPTED = ("encoder", "episode_head")
"""What the inner loop moves."""


@method
class MAML(Method):
    """Model-agnostic meta-learning: the loss after gradient steps is descended through them.

        θ_0 = θ,   θ_{i+1} = θ_i - inner_lr · ∇ mean CE(h(f(x)), y) over the support at θ_i
        L = mean CE(h(f(x)), y) over the queries at θ_s,   s = inner_steps

    A step is one episode of the source, see `Prototypical`. The head h has an output for each of
    `ways` classes; the suite's heads are not trained, so outside episodes no class is predicted.
    The same inner loop answers an episode of new classes.

    Batch norm normalises every pass of the inner loop, and that of the queries, by its own batch,
    at test time too: queries of an episode see each other. So does the authors' code. Running
    averages are left as they are drawn.

    Attributes:
        ways: classes of an episode, in training and at test.
        shots: support of each class in training, best that of the test.
        inner_steps: s; 1 for Omniglot with 5 ways, 5 for miniImageNet.
        inner_lr: 0.4 for Omniglot with 5 ways, 0.01 for miniImageNet.
        first_order: whether the inner gradient counts as a constant: no second derivatives.

    References:
        Finn, Abbeel, Levine: Model-Agnostic Meta-Learning for Fast Adaptation of Deep Networks.
        ICML 2017, arXiv:1703.03400, algorithm 2.

    Differences from the paper: an update is of one episode, where it takes the mean over 32 for
    Omniglot and 4 for miniImageNet; the test makes as many inner steps as training, where it makes
    3 and 10. Optimiser and encoder are the suite's.

    Differences from the authors' code (cbfinn/maml, maml.py, main.py, utils.py): it smooths the
    labels of both loops to 0.91 and 0.01 and divides both losses by the number of shots, so that
    its inner rate counts less with more shots; it clips the outer gradient for miniImageNet.
    """

    reference: ClassVar[str] = "finn2017maml"
    needs: ClassVar[Setting] = Setting.FEW_SHOT
    ways: int = static(default=5, least=2)
    shots: int = static(default=1, least=1)
    inner_steps: int = static(default=1, least=1)
    inner_lr: float = number(default=0.4, least=0.0)
    first_order: bool = static(default=False)

    def stages(self) -> tuple[Stage, ...]:
        """Returns one stage of training by episodes."""
        return (Stage(self, sampler=Episodes(self.ways)),)

    def extra_networks(
        self, spec: NetworkSpec, features: int, rngs: nnx.Rngs
    ) -> Mapping[str, nnx.Module]:
        """Returns the head h.

        Raises:
            InputError: a network with dropout.
        """
        if spec.dropout:
            raise InputError(
                f"MAML adapts and answers by passes as in training, at test time too, and the"
                f" network has dropout {spec.dropout}. Give NetworkSpec(dropout=0.0)"
            )
        return {"episode_head": nnx.Linear(features, self.ways, rngs=rngs)}

    def phases(self) -> tuple[Phase, ...]:
        """Returns one phase that leaves the suite's heads as they are."""
        return (Phase("train", self.loss, trains=ADAPTED),)

    def loss(self, nets: Nets, batch: Batch, ctx: Context) -> Terms:
        """Returns the cross entropy of the queries after the inner loop."""
        source: Any = batch.source
        places = places_of(len(source.index), ways=self.ways, shots=self.shots)
        support = Labelled.of(source.inputs[places.support], places.support_labels)
        adapted = self._adapt(nets, support)
        logits = _outputs(nets, adapted, source.inputs[places.queries]).logits
        return {"episode": Term(cross_entropy(logits, places.query_labels).mean())}

    def _adapt(self, nets: Nets, support: Labelled) -> Params:
        """Returns the weights after the inner loop."""

        def loss(params: Params) -> Float[Array, ""]:
            logits = _outputs(nets, params, support.inputs).logits
            return cross_entropy(logits, support.labels).mean()

        def step(params: Params, _: None) -> tuple[Params, None]:
            gradient = jax.grad(loss)(params)
            if self.first_order:
                gradient = lax.stop_gradient(gradient)
            return jax.tree.map(lambda p, g: p - self.inner_lr * g, params, gradient), None

        before = nets.params()
        own = {name: before[name] for name in ADAPTED if name in before}
        return lax.scan(step, own, length=self.inner_steps)[0]

    def predict(self, nets: Nets, inputs: Any, state: Any, *, role: Role) -> Output:
        """Returns the features before any inner loop; all outputs are zeros."""
        return without_outputs(nets.apply(inputs, role=role, row=SOURCE_ROW))

    def predict_episode(
        self, nets: Nets, support: Labelled, queries: Inputs, state: Any, *, ways: int
    ) -> Output:
        """Returns the outputs for the queries after the inner loop on the support.

        Raises:
            InputError: another number of classes than the head's.
        """
        if ways != self.ways:
            raise InputError(
                f"MAML has a head of {self.ways} outputs, and the episodes have {ways} ways. Give"
                f" MAML(ways={ways})"
            )
        return _outputs(nets, self._adapt(nets, support), queries)


def _outputs(nets: Nets, params: Params, inputs: Inputs) -> Output:
    """Returns features and outputs of h by some weights, normalised by these inputs alone."""
    own = nets.with_weights(params, {}, train=True)
    features = own.encode(inputs, role=SOURCE)
    return Output(features, own["episode_head"](features))
