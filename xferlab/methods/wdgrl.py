"""WDGRL: features whose Wasserstein distance, as a critic sees it, is small."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import jax.numpy as jnp
from flax import nnx

from xferlab.core.batch import AdaptationBatch
from xferlab.losses.wasserstein import gradient_penalty, interpolate, wasserstein_gap
from xferlab.methods.base import Context, Method, Phase, Term, Terms, method, number, static
from xferlab.methods.supervised import supervised
from xferlab.models.nets import Nets
from xferlab.models.networks import Discriminator
from xferlab.models.spec import NetworkSpec


@method
class WDGRL(Method):
    """Wasserstein distance guided representation learning.

        critic, `critic_updates` times:  max_g  mean g(f_s) - mean g(f_t) - penalty · GP(g)
        encoder and head, once:  min  mean CE(h(f_s), y_s) + weight · (mean g(f_s) - mean g(f_t))
        GP(g) = mean (‖∇g(z)‖ - 1)² over z in f_s, f_t and on lines between them

    Attributes:
        weight: factor of the distance for the encoder. The authors' code has 1 for product reviews
            and for the toy problem, 0.1 for Office-Caltech and 0.00045 for MNIST -> USPS: it is
            chosen for each data set. The default is that of the reviews.
        penalty: factor of the gradient penalty; 10 in all of the authors' experiments.
        critic_updates: critic steps for each encoder step; 5 for reviews and digits, 10 for
            Office-Caltech and the toy problem.

    References:
        Shen, Qu, Zhang, Yu: Wasserstein Distance Guided Representation Learning for Domain
        Adaptation. AAAI 2018, arXiv:1707.01217, eq. 2-6 and algorithm 1.

    Differences from the paper: the critic learns at the suite's rate with its optimiser; batch-norm
    averages, where the network has any, move at every update, six times a step.

    Differences from the authors' code (RockySJ/WDGRL): it has Adam at 1e-4, for the critic 1e-4 on
    reviews and digits and 1e-3 on Office-Caltech, and adds an L2 penalty. As there, all updates of
    a step see one batch, and the critic has one hidden layer of 100 units (10 for the toy).
    """

    reference: ClassVar[str] = "shen2018wdgrl"
    weight: float = number(default=1.0, least=0.0)
    penalty: float = number(default=10.0, least=0.0)
    critic_updates: int = static(default=5, least=1)

    def extra_networks(
        self, spec: NetworkSpec, features: int, rngs: nnx.Rngs
    ) -> Mapping[str, nnx.Module]:
        """Returns the critic: one hidden layer, a score per example."""
        return {"critic": Discriminator(features, rngs=rngs)}

    def phases(self) -> tuple[Phase, ...]:
        """Returns the critic's inner steps and the update of encoder and heads."""
        return (
            Phase("critic", self.critic_loss, trains=("critic",), repeats=self.critic_updates),
            Phase("train", self.loss, trains=("encoder", "heads")),
        )

    def critic_loss(self, nets: Nets, batch: AdaptationBatch, ctx: Context) -> Terms:
        """Returns the negated gap and the gradient penalty."""
        source, target = (output.features for output in nets.forward(batch))
        critic = nets["critic"]
        points = jnp.concatenate([source, target, interpolate(ctx.key, source, target)])
        return {
            "wasserstein": Term(wasserstein_gap(critic(source), critic(target)), -1.0),
            "penalty": Term(gradient_penalty(critic, points), self.penalty),
        }

    def loss(self, nets: Nets, batch: AdaptationBatch, ctx: Context) -> Terms:
        """Returns the classification and the Wasserstein term."""
        source, target = nets.forward(batch)
        critic = nets["critic"]
        gap = wasserstein_gap(critic(source.features), critic(target.features))
        return {
            **supervised(nets, source, batch),
            "wasserstein": Term(gap, self.weight),
        }
