"""TCA: components in which the means of the domains agree and variance is kept."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from xferlab.core.batch import Batch
from xferlab.methods.base import method
from xferlab.methods.closed_form._classifiers import CLASSIFIERS, FittedMaps, MapMethod, fit_maps
from xferlab.methods.closed_form._subspaces import mean_difference, transfer_projection
from xferlab.methods.closed_form.base import read_both


@method
class TCA(MapMethod):
    """Transfer component analysis with the linear kernel.

        (K L K + regularisation I) w = φ K H K w,  |w| = 1,  for the `dims` smallest φ
        L_ij = 1/n², 1/m², -1/(nm) for i, j both source, both target, one of each; ||L||_F = 1
        K = X X^T,  features x X^T W

    X holds the rows of both domains, H centres; tr(W^T K L K W) is the squared maximum mean
    discrepancy after projection, tr(W^T K H K W) the variance.

    Attributes:
        regularisation: mu of the paper, > 0.
        dims: number of components; 30 finds all 12 published cells on Office-Caltech SURF again.
        unit_inputs: bring rows to Euclidean length one first.
        unit_outputs: bring projected rows to length one, so that 1-NN goes by the cosine.
        classifier: '1nn' or 'svm'.

    References:
        Pan, Tsang, Kwok, Yang: Domain Adaptation via Transfer Component Analysis. IEEE Transactions
        on Neural Networks 22, 2011.

    Differences from the paper: the coefficients w have length one, where its constraint
    W^T K H K W = I gives every component the same variance; L is scaled to length one, which makes
    mu independent of the numbers of examples; rows have unit length before and after. All follow
    the code of `jda`, of which this is the first iteration; code of TCA's authors was not found.
    """

    reference: ClassVar[str] = "pan2011tca"
    regularisation: float = 1.0
    dims: int = 30
    unit_inputs: bool = True
    unit_outputs: bool = True
    classifier: str = "1nn"

    def fit(self, batch: Batch, *, num_classes: int, seed: int) -> FittedMaps:
        """Returns the projection and the classifier of the projected source."""
        source, labels, target = read_both(batch, num_classes=num_classes)
        stacked = np.concatenate([source, target])
        from_source = np.repeat([True, False], [len(source), len(target)])
        projection = transfer_projection(
            stacked,
            mean_difference(from_source, ~from_source)[:, None],
            dims=self.dims,
            regularisation=self.regularisation,
            unit_inputs=self.unit_inputs,
            unit_outputs=self.unit_outputs,
        )
        classifier = CLASSIFIERS[self.classifier]
        maps = (projection, projection)
        return fit_maps(maps, source, labels, classifier, num_classes=num_classes, seed=seed)
