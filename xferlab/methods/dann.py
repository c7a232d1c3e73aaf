"""DANN: features from which a discriminator cannot tell the domain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from flax import nnx

from xferlab.core.batch import AdaptationBatch
from xferlab.losses.adversarial import domain_loss, gradient_reversal
from xferlab.methods.base import Context, Method, Term, Terms, method, number
from xferlab.methods.schedules import dann_ramp
from xferlab.methods.supervised import supervised
from xferlab.models.nets import Nets
from xferlab.models.networks import Discriminator
from xferlab.models.spec import NetworkSpec


@method
class DANN(Method):
    """Domain-adversarial training with a gradient reversal layer.

        L = mean CE(h(f(x_s)), y_s) + weight · BCE(D(R(f(x))), domain)
        R(z) = z,  dR/dz = -(2 / (1 + exp(-10 p)) - 1) · I

    p is the training progress. The discriminator minimises the domain loss at full strength from
    the start; only the gradient that reaches the encoder is reversed and ramped up.

    Attributes:
        weight: factor of the domain loss, for encoder and discriminator; 1 in the paper.

    References:
        Ganin, Ustinova, Ajakan, Germain, Larochelle, Laviolette, Marchand, Lempitsky:
        Domain-Adversarial Training of Neural Networks. JMLR 17, 2016, arXiv:1505.07818.

    Differences from the paper: the domain loss is the mean of the two domains' means rather than
    their sum, so that batch sizes do not weigh; optimiser and its schedule are the suite's.

    Differences from the authors' code for product reviews
    (GRAAL-Research/domain_adversarial_neural_network): there the domain regressor is logistic,
    without a hidden layer, and λ is constant; the hidden units are sigmoids, a step takes one
    example of each domain, and training stops by the error on a tenth of the source. The weight
    counts for encoder and regressor there too.

    Differences from the authors' code for images (ddtm/caffe, branch grl, examples/adaptation, for
    Office): there the discriminator has two hidden layers of 1024 units with dropout of a half, and
    it, the bottleneck (without a ReLU) and the classifier learn ten times as fast as the pretrained
    layers; the domain loss, the mean over both domains, weighs 0.1; the ramp reaches p = 1 after a
    fifth of the 50,000 iterations and stays there.
    """

    reference: ClassVar[str] = "ganin2016dann"
    weight: float = number(default=1.0, least=0.0)

    def extra_networks(
        self, spec: NetworkSpec, features: int, rngs: nnx.Rngs
    ) -> Mapping[str, nnx.Module]:
        """Returns the domain discriminator."""
        return {"discriminator": Discriminator(features, rngs=rngs)}

    def loss(self, nets: Nets, batch: AdaptationBatch, ctx: Context) -> Terms:
        """Returns the classification and the domain term."""
        source, target = nets.forward(batch)
        ramp = dann_ramp(ctx.progress)
        source_domain, target_domain = (
            nets["discriminator"](gradient_reversal(output.features, ramp))
            for output in (source, target)
        )
        return {
            **supervised(nets, source, batch),
            "domain": Term(domain_loss(source_domain, target_domain), self.weight),
        }
