"""The types of a batch: hidden labels have no field."""

import numpy as np
import pytest

from xferlab.core.batch import Batch, Labelled, Unlabelled
from xferlab.core.errors import InputError
from xferlab.core.heads import Labels

pytestmark = pytest.mark.fast


def test_unlabelled_has_no_labels():
    assert Labelled._fields == ("inputs", "index", "domain_id", "by_head")
    assert Unlabelled._fields == ("inputs", "index", "domain_id")
    assert not hasattr(Unlabelled(None, None, None), "labels")
    assert not issubclass(Labelled, Unlabelled)
    assert Batch._fields == ("source", "target", "shots")


def test_missing_labels_cannot_be_taken_for_labels():
    part = Labelled.of(np.zeros((3, 2)), np.array([0, -1, 1]))
    assert part.labels is part.by_head[0].values
    partly = part._replace(by_head=(Labels(part.labels, np.array([True, False, True])),))
    with pytest.raises(InputError, match="some classes of these examples are missing"):
        _ = partly.labels
