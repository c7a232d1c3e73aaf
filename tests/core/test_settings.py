"""Settings: what each lets a method see."""

import itertools

import pytest

from xferlab.core.errors import InputError
from xferlab.core.settings import NAMED, Setting, View

pytestmark = pytest.mark.fast

VIEWS = {
    Setting.UNSUPERVISED_DA: (View.LABELS, View.INPUTS, View.ABSENT),
    Setting.PARTIAL_DA: (View.LABELS, View.INPUTS, View.ABSENT),
    Setting.OPEN_SET_DA: (View.LABELS, View.INPUTS, View.ABSENT),
    Setting.UNIVERSAL_DA: (View.LABELS, View.INPUTS, View.ABSENT),
    Setting.FEW_SHOT: (View.LABELS, View.ABSENT, View.ABSENT),
    Setting.UNSUPERVISED: (View.INPUTS, View.INPUTS, View.ABSENT),
    Setting.SOURCE_FREE: (View.ABSENT, View.INPUTS, View.ABSENT),
    Setting.TEST_TIME: (View.LABELS, View.INPUTS, View.ABSENT),
    Setting.SEMI_SUPERVISED: (View.LABELS, View.INPUTS, View.LABELS),
    Setting.SUPERVISED: (View.LABELS, View.LABELS, View.ABSENT),
    Setting.DOMAIN_GENERALISATION: (View.LABELS, View.ABSENT, View.ABSENT),
}
SHOTS = (View.ABSENT, View.LABELS)
EVERY = [Setting("any", *views) for views in itertools.product(View, View, SHOTS)]


@pytest.mark.parametrize("setting", NAMED, ids=lambda s: s.label)
def test_views(setting):
    assert setting.views == VIEWS[setting]


def test_a_label_is_no_part_of_what_is_shown():
    own = Setting("mine", View.LABELS, View.INPUTS)
    assert own == Setting.UNSUPERVISED_DA and hash(own) == hash(Setting.UNSUPERVISED_DA)


def test_within_and_widened_are_the_order_of_the_views_and_its_least_upper_bound():
    for a, b in itertools.product(EVERY, EVERY):
        join = a.widened(b)
        assert a.within(b) == all(x <= y for x, y in zip(a.views, b.views, strict=True))
        assert a.within(join) and b.within(join)
        assert all(join.within(c) for c in EVERY if a.within(c) and b.within(c))
        assert (a.lacks(b) == "") == b.within(a)


def test_order_is_no_view_and_tells_settings_apart():
    online, at_once = Setting.TEST_TIME, Setting.UNSUPERVISED_DA
    assert online != at_once and online.within(at_once) and at_once.within(online)
    assert online.widened(Setting("labels", target=View.LABELS)).online
    assert not at_once.widened(online).online


def test_a_widened_setting_has_the_known_name():
    labels = Setting("target", target=View.LABELS)
    assert Setting.UNSUPERVISED_DA.widened(labels).label == "supervised"
    assert Setting.SOURCE_FREE.widened(labels).label == "source_free+target"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"label": ""}, "label of a setting is ''"),
        ({"label": 3}, r"label of a setting is 3 \(int\)"),
        ({"label": "mine", "source": "labels"}, "'mine': source is 'labels'. Allowed: View.ABSENT"),
        ({"label": "mine", "shots": 2}, r"'mine': shots is 2 \(int\)"),
        ({"label": "mine", "shots": View.INPUTS}, "'mine': shots are labelled examples"),
        ({"label": "mine", "target": None}, r"'mine': target is None"),
        (
            {"label": "mine", "classes": "closed"},
            "relation of classes 'closed'.*equal, novel, open, partial, universal",
        ),
        ({"label": "mine", "own_inputs": 1}, r"'mine': own_inputs is 1 \(int\)"),
        ({"label": "mine", "online": "yes"}, "'mine': online is 'yes'. Give True or False"),
        ({"label": "mine", "source": View.LABELS, "online": True}, "online and hides the target"),
    ],
)
def test_bad_settings(arguments, message):
    with pytest.raises(InputError, match=message):
        Setting(**arguments)
