"""Match the feature means of the two domains: the example of CONTRIBUTING.

xferlab bench --suite=quick --method=experiments/mean_match.py:MeanMatch
"""

import jax.numpy as jnp

from xferlab.losses import cross_entropy
from xferlab.methods import Method, Term, method


@method
class MeanMatch(Method):
    """Source cross entropy plus the squared distance between the domains' mean features."""

    weight: float = 1.0

    def loss(self, nets, batch, ctx):
        """Returns the two terms."""
        source, target = nets.forward(batch)
        gap = source.features.mean(axis=0) - target.features.mean(axis=0)
        return {
            "classification": Term(cross_entropy(source.logits, batch.source.labels).mean()),
            "mean_gap": Term(jnp.sum(gap**2), self.weight),
        }
