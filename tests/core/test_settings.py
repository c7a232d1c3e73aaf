"""Settings: what each lets a method see."""

import pytest

from xferlab.core.errors import InputError
from xferlab.core.settings import Setting, View

pytestmark = pytest.mark.fast

VIEWS = {
    Setting.UNSUPERVISED_DA: (View.LABELS, View.INPUTS),
    Setting.SOURCE_FREE: (View.ABSENT, View.INPUTS),
    Setting.SUPERVISED: (View.LABELS, View.LABELS),
}


@pytest.mark.parametrize("setting", Setting)
def test_views(setting):
    assert (setting.source, setting.target) == VIEWS[setting]


def test_only_the_supervised_setting_shows_target_labels():
    assert [s for s in Setting if s.target is View.LABELS] == [Setting.SUPERVISED]


@pytest.mark.parametrize("setting", Setting)
def test_label_round_trip(setting):
    assert Setting.from_label(setting.label) is setting


def test_unknown_label_names_the_closest():
    with pytest.raises(InputError, match=r"unknown setting 'source-free'.*source_free"):
        Setting.from_label("source-free")
