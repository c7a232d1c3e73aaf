"""The suites of settings on digits: which classes, looks and labels each shows; nothing trains."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from xferlab.benchmark.runs.methods import find_method
from xferlab.benchmark.runs.plan import make_packs
from xferlab.benchmark.suites.suite import SuiteRequest
from xferlab.benchmark.suites.table import COLLECTIONS, SUITES
from xferlab.core.roles import ROLES
from xferlab.core.settings import Setting, View
from xferlab.data.made.optdigits import optdigits

NAMES = COLLECTIONS["settings"].suites


@functools.cache
def build(name):
    return SUITES[name](SuiteRequest())


@pytest.mark.parametrize("name", NAMES)
def test_every_method_of_a_suite_fits_every_task(name):
    suite = build(name)
    packs = make_packs(suite, [find_method(m) for m in suite.methods], seeds=1, width=1)
    assert len(packs) == len(suite.methods) * len(suite.tasks)
    assert suite.seeds == 5 and suite.header.name == name
    assert suite.header.baseline in suite.methods or suite.methods[0] == "target_only"


@pytest.mark.parametrize("name", NAMES)
def test_a_suite_shows_what_its_setting_says(name):
    for each in build(name).tasks:
        shown = each.task.training_arrays()
        for role, part, view in zip(ROLES, shown, each.task.setting.views, strict=True):
            assert (part is None) == (view is View.ABSENT), role
            assert hasattr(part, "by_head") == (view is View.LABELS), role


def shares(name):
    return [
        (
            each.task.class_map.shared,
            each.task.class_map.source_private,
            each.task.class_map.target_private,
        )
        for each in build(name).tasks
    ]


def test_classes_of_the_three_relations():
    assert set(shares("partial")) == {(tuple("01234"), tuple("56789"), ())}
    assert set(shares("open_set")) == {(tuple("01234"), (), tuple("56789"))}
    assert set(shares("universal")) == {(tuple("3456"), tuple("012"), tuple("789"))}


def test_a_digit_keeps_its_name_where_some_are_left_out():
    """Labels are numbered anew; the images under a name are those of all digits."""
    (each, _) = build("universal").tasks
    target, whole = each.task.target, optdigits("optdigits_scan", half="b")
    assert target.class_names == tuple("3456789")
    for name, split in target.splits.items():
        every = whole.splits[name]
        kept = every.labels >= 3
        np.testing.assert_array_equal(split.inputs, every.inputs[kept])
        np.testing.assert_array_equal(split.labels + 3, every.labels[kept])


def test_each_look_is_left_out_once():
    names = [(each.task.name, len(each.task.sources)) for each in build("unseen_domain").tasks]
    looks = ("optdigits", "optdigits_scan", "optdigits_photo")
    assert names == [(f"others->{look}", 2) for look in looks]
    assert build("unseen_domain").tasks[0].task.setting == Setting.DOMAIN_GENERALISATION


def test_the_pixels_of_own_inputs_are_those_of_the_scans():
    """8 x 8 scans enlarged and averaged again, each column a pixel, all in one order."""
    for each in build("own_inputs").tasks:
        target = each.task.target.splits["test"]
        assert target.inputs.shape[1:] == (64,) and target.inputs.dtype == np.float32
        assert -1 <= target.inputs.min() < target.inputs.max() <= 1
        counts = np.bincount(each.task.target.splits["train"].labels[list(each.task.shots)])
        assert len(set(counts)) == 1 and len(counts) == 10
    pixels = optdigits(half="b").splits["test"].inputs[..., 0].reshape(-1, 8, 2, 8, 2)
    means = pixels.mean(axis=(2, 4)).reshape(len(pixels), -1) / 127.5 - 1
    np.testing.assert_allclose(np.sort(means), np.sort(target.inputs), atol=1e-6)
