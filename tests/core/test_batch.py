"""The types of a batch: hidden labels have no field."""

import pytest

from xferlab.core.batch import Batch, Labelled, Unlabelled

pytestmark = pytest.mark.fast


def test_unlabelled_has_no_labels():
    assert "labels" in Labelled._fields
    assert Unlabelled._fields == ("inputs", "index")
    assert not hasattr(Unlabelled(None, None), "labels")
    assert not issubclass(Labelled, Unlabelled)
    assert Batch._fields == ("source", "target", "shots")
