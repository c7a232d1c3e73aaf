"""MME: the classifier raises the entropy of target predictions, the encoder lowers it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from flax import nnx
from jaxtyping import Array, Float

from xferlab.core.batch import AdaptationBatch
from xferlab.core.roles import Role
from xferlab.losses.adversarial import gradient_reversal
from xferlab.losses.information import entropy
from xferlab.methods.base import Context, Method, Term, Terms, method, number
from xferlab.methods.supervised import supervised
from xferlab.models.nets import Nets, Output
from xferlab.models.networks import PrototypeHead
from xferlab.models.spec import NetworkSpec


@method
class MME(Method):
    """Minimax entropy, for a source and a few labelled target examples.

        L = mean over (x, y) in source ∪ shots of CE(h(f(x)), y)
        h(z) = W z / (temperature · ||z||)
        min_f L + weight · H,   min_h L - weight · H,   H = mean H(softmax(h(f(x_t))))

    The classifier's prototypes W move towards the target, whose features then gather around them.
    H is taken behind a gradient reversal, so both happen in one update. Without shots it runs too.

    Attributes:
        weight: of the entropy, λ in the paper.
        temperature: of the classifier, T in the paper.

    References:
        Saito, Kim, Sclaroff, Darrell, Saenko: Semi-supervised Domain Adaptation via Minimax
        Entropy. ICCV 2019, arXiv:1904.06487, section 3.

    Differences from the paper: optimiser and its schedule are the suite's; the classifier is one
    layer on the suite's features, whatever the hidden layers of the suite's own head.

    Differences from the authors' code (VisionLearningGroup/SSDA_MME, main.py, utils/loss.py): it
    makes two optimiser steps, of L and then of H with a batch of its own; here both are one update.
    Source and shots go through the network as one batch there, the classifier has ten times the
    learning rate of the convolutions, and the logarithm is of p + 1e-5.
    """

    reference: ClassVar[str] = "saito2019mme"
    weight: float = number(default=0.1, least=0.0)
    temperature: float = number(default=0.05, least=1e-6)

    def extra_networks(
        self, spec: NetworkSpec, features: int, rngs: nnx.Rngs
    ) -> Mapping[str, nnx.Module]:
        """Returns the classifier, which stands in for the suite's head."""
        return {"prototypes": PrototypeHead(features, spec.num_classes, rngs=rngs)}

    def loss(self, nets: Nets, batch: AdaptationBatch, ctx: Context) -> Terms:
        """Returns the classification term and minus the entropy, reversed for the encoder."""
        source, target = nets.forward(batch)
        reversed_target = target._replace(features=gradient_reversal(target.features, 1.0))
        uncertainty = entropy(self._classify(nets, reversed_target)).mean()
        return {
            **supervised(nets, source, batch, classify=lambda out: self._classify(nets, out)),
            "entropy": Term(uncertainty, -self.weight),
        }

    def predict(self, nets: Nets, inputs: Any, state: Any, *, role: Role) -> Output:
        """Returns the features and the logits of the method's classifier."""
        output = nets.apply(inputs, role=role)
        return output._replace(logits=self._classify(nets, output))

    def _classify(self, nets: Nets, output: Output) -> Float[Array, "n k"]:
        return nets["prototypes"](output.features) / self.temperature
