"""1-NN: the label of the nearest source example, without adaptation."""

from __future__ import annotations

from typing import ClassVar

from xferlab.core.batch import Batch
from xferlab.core.settings import Setting
from xferlab.methods.base import method
from xferlab.methods.closed_form._classifiers import CLASSIFIERS, FittedMaps, fit_maps, identity
from xferlab.methods.closed_form.base import ClosedFormMethod, read_source


@method
class NearestNeighbour(ClosedFormMethod):
    """The label of the source example at the smallest Euclidean distance.

        y(x) = y_i,  i = argmin_i ||x - x_i||

    Of equally near examples the first in the source's order wins. The logit of a class is minus the
    squared distance to its nearest example; a class without source examples has a finite one below
    all others. The target is not used.

    References:
        Cover, Hart: Nearest Neighbor Pattern Classification. IEEE Transactions on Information
        Theory 13, 1967.
    """

    needs: ClassVar[Setting] = Setting.DOMAIN_GENERALISATION
    reference: ClassVar[str] = "cover1967nearest"

    @property
    def deterministic(self) -> bool:
        """True: nothing is drawn."""
        return True

    def fit(self, batch: Batch, *, num_classes: int, seed: int) -> FittedMaps:
        """Returns the stored source examples."""
        source, labels = read_source(batch, num_classes=num_classes)
        maps = (identity, identity)
        return fit_maps(
            maps, source, labels, CLASSIFIERS["1nn"], num_classes=num_classes, seed=seed
        )
