"""JDA: components in which the means of the domains and of their classes agree."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int

from xferlab.core.batch import Batch
from xferlab.core.errors import InputError
from xferlab.methods.base import method
from xferlab.methods.shallow._classifiers import CLASSIFIERS, FittedMaps, MapMethod, fit_maps
from xferlab.methods.shallow._subspaces import mean_difference, transfer_projection
from xferlab.methods.shallow.base import Rows, read_both


@method
class JDA(MapMethod):
    """Joint distribution adaptation: TCA's problem with a term for each class, solved repeatedly.

        max_A tr(A^T X^T H X A)  subject to  A^T (X^T (L_0 + Σ_c L_c) X + regularisation I) A = I

    L_0 is TCA's matrix for all examples; L_c the same for the source examples of class c and the
    target examples that the last iteration's classifier gave that class. The first iteration has
    L_0 alone. The sum is scaled to Frobenius norm one.

    Attributes:
        regularisation: lambda of the paper, > 0.
        dims: number of components.
        iterations: how often components and pseudo labels are found, at least 1.
        unit_inputs: bring rows to Euclidean length one first.
        unit_outputs: bring projected rows to length one, so that 1-NN goes by the cosine.
        classifier: '1nn' or 'svm'; also gives the pseudo labels.

    References:
        Long, Wang, Ding, Sun, Yu: Transfer Feature Learning with Joint Distribution Adaptation.
        ICCV 2013.

    Differences from the authors' code: L_0 has weight one as in the paper's equation, not the
    number of classes; a class without source examples or pseudo labels has no term.
    """

    reference: ClassVar[str] = "long2013jda"
    regularisation: float = 1.0
    dims: int = 20
    iterations: int = 10
    unit_inputs: bool = True
    unit_outputs: bool = True
    classifier: str = "1nn"

    def fit(self, batch: Batch, *, num_classes: int, seed: int) -> FittedMaps:
        """Returns the last iteration's projection and classifier."""
        rows = read_both(batch, num_classes=num_classes)
        if self.iterations < 1:
            raise InputError(
                f"iterations={self.iterations} of JDA. Allowed: 1 or more; the paper's is 10"
            )
        fitted = self._fit_once(rows, None, num_classes, seed)
        for _ in range(self.iterations - 1):
            logits = fitted.predict(rows.target, domain=1).logits
            fitted = self._fit_once(rows, logits.argmax(axis=1), num_classes, seed)
        return fitted

    def _fit_once(
        self, rows: Rows, pseudo_labels: np.ndarray | None, num_classes: int, seed: int
    ) -> FittedMaps:
        """Returns one iteration's projection and the classifier of the projected source."""
        projection = transfer_projection(
            np.concatenate([rows.source, rows.target]),
            _contrasts(rows, pseudo_labels),
            dims=self.dims,
            regularisation=self.regularisation,
            unit_inputs=self.unit_inputs,
            unit_outputs=self.unit_outputs,
        )
        maps, classifier = (projection, projection), CLASSIFIERS[self.classifier]
        source, labels, _ = rows
        return fit_maps(maps, source, labels, classifier, num_classes=num_classes, seed=seed)


def _contrasts(rows: Rows, pseudo_labels: Int[np.ndarray, " m"] | None) -> Float[np.ndarray, "n c"]:
    """Returns the mean differences of the domains and, given pseudo labels, of their classes."""
    sizes = len(rows.source), len(rows.target)
    from_source = np.repeat([True, False], sizes)
    columns = [mean_difference(from_source, ~from_source)]
    if pseudo_labels is not None:
        labels = np.concatenate([rows.labels, pseudo_labels])
        columns += [
            mean_difference(from_source & (labels == c), ~from_source & (labels == c))
            for c in np.intersect1d(rows.labels, pseudo_labels)
        ]
    return np.stack(columns, axis=1)
