"""PCA: the main axes of both domains together."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from xferlab.core.batch import Batch
from xferlab.methods.base import method
from xferlab.methods.closed_form._classifiers import CLASSIFIERS, FittedMaps, MapMethod, fit_maps
from xferlab.methods.closed_form._subspaces import Projection, check_dims, principal_axes
from xferlab.methods.closed_form.base import read_both


@method
class PCA(MapMethod):
    """Principal components of source and target stacked, then a classifier.

        z = P^T (x - mean),  P = the first eigenvectors of cov([X_s; X_t])

    Attributes:
        dims: number of components.
        classifier: '1nn' or 'svm'.

    References:
        Hotelling: Analysis of a Complex of Statistical Variables into Principal Components. Journal
        of Educational Psychology 24, 1933.

    The published row on Office-Caltech SURF has 30 components and 1-NN; all 12 cells agree.
    """

    reference: ClassVar[str] = "hotelling1933pca"
    dims: int = 30
    classifier: str = "1nn"

    def fit(self, batch: Batch, *, num_classes: int, seed: int) -> FittedMaps:
        """Returns the projection and the classifier of the projected source."""
        source, labels, target = read_both(batch, num_classes=num_classes)
        stacked = np.concatenate([source, target])
        check_dims(
            self.dims, min(stacked.shape[1], len(stacked) - 1), "features, or examples minus one"
        )
        projection = Projection(principal_axes(stacked, self.dims), stacked.mean(axis=0))
        classifier = CLASSIFIERS[self.classifier]
        maps = (projection, projection)
        return fit_maps(maps, source, labels, classifier, num_classes=num_classes, seed=seed)
