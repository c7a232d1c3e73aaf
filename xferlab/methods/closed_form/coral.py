"""CORAL: the source re-coloured until its covariance is the target's."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from jaxtyping import Float

from xferlab.core.batch import Batch
from xferlab.core.errors import InputError
from xferlab.methods.base import method
from xferlab.methods.closed_form._classifiers import (
    CLASSIFIERS,
    FittedMaps,
    MapMethod,
    fit_maps,
    identity,
)
from xferlab.methods.closed_form._subspaces import CovariancePower
from xferlab.methods.closed_form.base import read_both


@method
class CORAL(MapMethod):
    """Correlation alignment: whitening of the source, re-colouring with the target's covariance.

        x_s -> x_s (C_s + ridge I)^(-1/2) (C_t + ridge I)^(1/2),   x_t -> x_t

    C is the covariance with n - 1 in the denominator. Rows are not centred.

    Attributes:
        ridge: what is added to the variances, > 0; 1 in the paper.
        classifier: '1nn', 'svm', or 'similarity_svm': a machine whose kernel matrix holds the
            similarities x_i A x_j of the source, as in the authors' code, A being the map above.

    References:
        Sun, Feng, Saenko: Return of Frustratingly Easy Domain Adaptation. AAAI 2016,
        arXiv:1511.05547.

    Differences from the authors' code (VisionLearningGroup/CORAL): the penalty of the machine is
    chosen by 5 folds, there by 2; the source is all of it, there 20 examples of each class, 20
    times. On Office-Caltech SURF 11 of 12 cells of the published row agree within 0.1; C -> A has
    another penalty.
    """

    reference: ClassVar[str] = "sun2016coral"
    ridge: float = 1.0
    classifier: str = "similarity_svm"

    def fit(self, batch: Batch, *, num_classes: int, seed: int) -> FittedMaps:
        """Returns the re-colouring and the classifier of the re-coloured source.

        Raises:
            InputError: the ridge is not positive; or see `ClosedFormMethod.fit`.
        """
        source, labels, target = read_both(batch, num_classes=num_classes)
        if not self.ridge > 0:
            raise InputError(
                f"ridge={self.ridge} of CORAL. Allowed: above zero, so that the covariance has an "
                "inverse; the paper's is 1"
            )
        whiten = CovariancePower.of(source, ridge=self.ridge, exponent=-0.5)
        colour = CovariancePower.of(target, ridge=self.ridge, exponent=0.5)

        def recolour(rows: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
            return colour(whiten(rows))

        maps, classifier = (recolour, identity), CLASSIFIERS[self.classifier]
        return fit_maps(maps, source, labels, classifier, num_classes=num_classes, seed=seed)
