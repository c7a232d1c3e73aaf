"""Subspace alignment: the source's main axes turned onto the target's."""

from __future__ import annotations

from typing import ClassVar

from xferlab.core.batch import Batch
from xferlab.methods.base import method
from xferlab.methods.closed_form._classifiers import CLASSIFIERS, FittedMaps, MapMethod, fit_maps
from xferlab.methods.closed_form._subspaces import Projection, check_subspaces, principal_axes
from xferlab.methods.closed_form.base import read_both


@method
class SubspaceAlignment(MapMethod):
    """Principal components of each domain; those of the source are aligned with the target's.

        z_s = (x_s - mean_s) P_s P_s^T P_t,   z_t = (x_t - mean_t) P_t

    M = P_s^T P_t is the minimiser of ||P_s M - P_t||_F.

    Attributes:
        dims: number of components of each domain; the paper chooses it by cross-validation.
        classifier: '1nn', 'svm', or 'similarity_svm': a machine whose kernel matrix holds the
            similarities of the source's examples across the alignment, as in the authors' code
            (read in jindongwang/transferlearning, SA_SVM.m, a version of it).

    References:
        Fernando, Habrard, Sebban, Tuytelaars: Unsupervised Visual Domain Adaptation Using Subspace
        Alignment. ICCV 2013.
    """

    reference: ClassVar[str] = "fernando2013subspace"
    dims: int = 20
    classifier: str = "1nn"

    def fit(self, batch: Batch, *, num_classes: int, seed: int) -> FittedMaps:
        """Returns the two projections and the classifier of the aligned source."""
        source, labels, target = read_both(batch, num_classes=num_classes)
        check_subspaces(self.dims, source, target)
        source_axes, target_axes = (principal_axes(x, self.dims) for x in (source, target))
        aligned = source_axes @ (source_axes.T @ target_axes)
        maps = (
            Projection(aligned, source.mean(axis=0)),
            Projection(target_axes, target.mean(axis=0)),
        )
        classifier = CLASSIFIERS[self.classifier]
        return fit_maps(maps, source, labels, classifier, num_classes=num_classes, seed=seed)
