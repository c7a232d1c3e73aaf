"""ADDA: a target encoder trained against a discriminator, from a frozen source encoder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from flax import nnx

from xferlab.core.batch import AdaptationBatch
from xferlab.core.roles import SOURCE, TARGET, Role
from xferlab.losses.adversarial import domain_loss, generator_loss
from xferlab.methods.base import Context, Method, Phase, Stage, Term, Terms, method
from xferlab.methods.source_only import SourceOnly
from xferlab.models.nets import SOURCE_ROW, Nets, Output, Params
from xferlab.models.networks import Discriminator
from xferlab.models.spec import NetworkSpec


@method
class ADDA(Method):
    """Adversarial discriminative adaptation with untied encoders and inverted labels.

        stage 1:  min_{f_s, h}  mean CE(h(f_s(x_s)), y_s)
        stage 2:  min_D    BCE(D(f_s(x_s)), 1) + BCE(D(f_t(x_t)), 0)
                  min_{f_t} BCE(D(f_t(x_t)), 1)

    The target encoder f_t starts as a copy of f_s; f_s and h stay as stage 1 left them.

    References:
        Tzeng, Hoffman, Saenko, Darrell: Adversarial Discriminative Domain Adaptation. CVPR 2017,
        arXiv:1702.05464, eq. 9.

    Differences from the paper: both stages take half of the suite's steps and its optimiser; the
    domain loss is the mean of the two domains' means; the discriminator has one hidden layer. The
    frozen source encoder normalises by its running averages.

    Differences from the authors' code (erictzeng/adda): it updates discriminator and encoder
    together, in one call and in no order, where the encoder here meets the discriminator just
    updated. Its discriminator has two hidden layers of 500 units and sees the network's last
    layer, the logits of LeNet, so that the target has a classifier of its own; Adam's first decay
    is 0.5 in the second stage. The source's part of its encoder loss has no gradient, so that the
    target's counts half.
    """

    reference: ClassVar[str] = "tzeng2017adda"
    one_encoder: ClassVar[bool] = True

    def stages(self) -> tuple[Stage, ...]:
        """Returns source training and adversarial adaptation."""
        return (Stage(SourceOnly(), 0.5), Stage(self, 0.5))

    def extra_networks(
        self, spec: NetworkSpec, features: int, rngs: nnx.Rngs
    ) -> Mapping[str, nnx.Module]:
        """Returns the domain discriminator."""
        return {"discriminator": Discriminator(features, rngs=rngs)}

    def init_state(self, params: Params, statistics: Params, target_size: int) -> Any:
        """Keeps the source encoder."""
        return [{"encoder": tree["encoder"]} if tree else {} for tree in (params, statistics)]

    def phases(self) -> tuple[Phase, ...]:
        """Returns the discriminator's and the target encoder's update."""
        return (
            Phase("discriminator", self.discriminator_loss, trains=("discriminator",)),
            Phase("encoder", self.loss, trains=("encoder",)),
        )

    def discriminator_loss(self, nets: Nets, batch: AdaptationBatch, ctx: Context) -> Terms:
        """Returns the domain term that the discriminator minimises."""
        frozen = nets.with_weights(*ctx.state, train=False)
        source = frozen.encode(batch.source.inputs, role=SOURCE)
        target = nets.encode(batch.target.inputs, role=TARGET, row=SOURCE_ROW)
        discriminate = nets["discriminator"]
        return {"domain": Term(domain_loss(discriminate(source), discriminate(target)))}

    def loss(self, nets: Nets, batch: AdaptationBatch, ctx: Context) -> Terms:
        """Returns the term by which the target encoder fools the discriminator."""
        target = nets.encode(batch.target.inputs, role=TARGET, row=SOURCE_ROW)
        return {"fooling": Term(generator_loss(nets["discriminator"](target)).mean())}

    def predict(self, nets: Nets, inputs: Any, state: Any, *, role: Role) -> Output:
        """Returns the outputs of the encoder that belongs to the role."""
        if role == SOURCE:
            nets = nets.with_weights(*state, train=False)
        return nets.apply(inputs, role=role, row=SOURCE_ROW)
