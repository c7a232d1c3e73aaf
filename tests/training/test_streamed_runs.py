"""Runs on streamed splits are those on resident ones: refreshed, stacked, resumed."""

import pytest

from tests.methods.toys import (
    CACHE,
    assert_close,
    assert_same_bits,
    make_options,
    make_spec,
    make_task,
)
from xferlab.core.errors import InputError
from xferlab.core.settings import Setting
from xferlab.data.feeds.resident import to_resident
from xferlab.data.feeds.streamed import Streamed
from xferlab.methods.base import Stage
from xferlab.methods.shot import SHOT
from xferlab.methods.table import METHODS
from xferlab.training.checkpoint import Checkpoint
from xferlab.training.closed_form import ClosedFormMethod
from xferlab.training.run import Member, Training

TASK = make_task(sizes=(40, 30))
OPTIONS = make_options(steps=8)
FEEDS = {"resident": to_resident, "streamed": Streamed.of}
TRAINED = [name for name, m in METHODS.items() if not isinstance(m, ClosedFormMethod)]


def start(name, feed, seeds=(0,)):
    method = METHODS[name]
    members = [Member(method, OPTIONS, seed) for seed in seeds]
    setting = TASK.setting.widened(method.needs)
    settings = {stage.setting or setting for stage in method.stages()}
    data = {each: FEEDS[feed](TASK.training_arrays(each, oracle=True)) for each in settings}
    return Training(make_spec(), members, data, setting, CACHE)


@pytest.mark.parametrize("name", TRAINED)
def test_every_method_trains_on_streams_as_it_does_on_resident_splits(name):
    runs = [start(name, feed) for feed in FEEDS]
    for training in runs:
        training.advance(8)
    (resident,), (streamed,) = (run.weights() for run in runs)
    assert_close(streamed, resident, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", ["dann", "shot"])
def test_stacked_runs_stream_too(name):
    runs = [start(name, feed, seeds=(0, 1, 2)) for feed in FEEDS]
    for training in runs:
        training.advance(8)
    for own, expected in zip(runs[1].weights(), runs[0].weights(), strict=True):
        assert_close(own, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", ["dann", "shot"])
def test_a_stopped_stream_goes_on_to_the_same_bits(name, tmp_path):
    whole, half, rest = (start(name, "streamed") for _ in range(3))
    whole.advance(3)
    whole.advance(8)
    half.advance(3)
    checkpoint = Checkpoint(tmp_path, 0)
    checkpoint.save(half, [])
    checkpoint.restore(rest)
    rest.advance(8)
    assert_same_bits(rest.state, whole.state)


@pytest.mark.parametrize("feed", FEEDS)
def test_a_refresh_without_a_target_is_refused(feed):
    hidden = Setting.SUPERVISED.__class__("source", source=Setting.SUPERVISED.source)
    stage = Stage(SHOT.stages(METHODS["shot"])[-1].method, setting=hidden)
    data = {hidden: FEEDS[feed](TASK.training_arrays(hidden))}
    training = Training(
        make_spec(), [Member(stage.method, OPTIONS, 0, (stage,))], data, TASK.setting, CACHE
    )
    with pytest.raises(InputError, match="refreshed from the target, which its setting hides"):
        training.advance(1)
