"""GFK: the kernel of all subspaces on the way from the source's to the target's."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from jaxtyping import Float

from xferlab.core.batch import Batch
from xferlab.methods.base import method
from xferlab.methods.closed_form._classifiers import CLASSIFIERS, FittedMaps, MapMethod, fit_maps
from xferlab.methods.closed_form._subspaces import Projection, check_subspaces, principal_axes
from xferlab.methods.closed_form.base import read_both


@method
class GFK(MapMethod):
    """Geodesic flow kernel between the principal subspaces of the domains.

        G = ∫_0^1 Φ(t) Φ(t)^T dt,   features z = x F with F F^T = G

    Φ(t) is the orthonormal basis at t of the geodesic from Φ(0) = P_s to Φ(1) = P_t on the
    Grassmann manifold. With P_s^T P_t = U cos(Θ) V^T, a_i and b_i the columns of P_s U and P_t V
    and q_i the unit vector along b_i - cos(θ_i) a_i, it has the columns cos(tθ_i) a_i +
    sin(tθ_i) q_i, so that G is a sum of blocks

        [a_i q_i] [[λ1, λ2], [λ2, λ3]] [a_i q_i]^T
        λ1 = (1 + sin 2θ / 2θ) / 2,  λ2 = (1 - cos 2θ) / 4θ,  λ3 = (1 - sin 2θ / 2θ) / 2

    whose Cholesky factors give the 2 · dims features.

    Attributes:
        dims: dimension of the subspaces. The paper chooses it for each pair: by the authors'
            example (in viggin/domain-adaptation-toolbox) 20 for amazon-dslr, caltech10-webcam and
            caltech10-amazon, 10 for the others.
        classifier: '1nn' or 'svm'.

    References:
        Gong, Shi, Sha, Grauman: Geodesic Flow Kernel for Unsupervised Domain Adaptation. CVPR 2012,
        doi:10.1109/CVPR.2012.6247911.
    """

    reference: ClassVar[str] = "gong2012gfk"
    dims: int = 20
    classifier: str = "1nn"

    def fit(self, batch: Batch, *, num_classes: int, seed: int) -> FittedMaps:
        """Returns the map to the kernel's features and the classifier of the mapped source."""
        source, labels, target = read_both(batch, num_classes=num_classes)
        check_subspaces(self.dims, source, target)
        axes = [principal_axes(rows, self.dims) for rows in (source, target)]
        projection = Projection(_kernel_factor(*axes))
        classifier = CLASSIFIERS[self.classifier]
        maps = (projection, projection)
        return fit_maps(maps, source, labels, classifier, num_classes=num_classes, seed=seed)


def _kernel_factor(
    source_axes: Float[np.ndarray, "d k"], target_axes: Float[np.ndarray, "d k"]
) -> Float[np.ndarray, "d f"]:
    """Returns F [d, 2k] with F F^T = G."""
    left, cosines, right = np.linalg.svd(source_axes.T @ target_axes)
    start, end = source_axes @ left, target_axes @ right.T
    across = end - start * cosines
    sines = np.linalg.norm(across, axis=0)
    across = across / np.where(sines == 0, 1.0, sines)
    # sin and cos together give small angles exactly, which the arc cosine would lose; the floor
    # stands for angles of zero, where `across` carries no weight.
    angles = np.maximum(np.arctan2(sines, cosines), 1e-8)
    wave = np.sin(2 * angles) / (2 * angles)
    mixed = (1 - np.cos(2 * angles)) / (4 * angles)
    first = np.sqrt((1 + wave) / 2)
    second = mixed / first
    third = np.sqrt(np.maximum((1 - wave) / 2 - second**2, 0.0))
    return np.concatenate([start * first + across * second, across * third], axis=1)
