"""Online tasks: every batch is predicted, then trained on, in order; who may take part."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.methods.toys import (
    CACHE,
    assert_close,
    assert_same_bits,
    make_options,
    make_spec,
    make_task,
    with_permuted_target_labels,
)
from xferlab.benchmark.runs.plan import Candidate, make_packs
from xferlab.benchmark.suites.header import SuiteHeader
from xferlab.benchmark.suites.suite import Suite, SuiteTask
from xferlab.core.errors import InputError
from xferlab.core.roles import TARGET
from xferlab.core.settings import Setting, View
from xferlab.data import as_stream
from xferlab.data.feeds.resident import to_resident
from xferlab.data.feeds.streamed import Streamed
from xferlab.losses.classification import cross_entropy
from xferlab.methods.base import Method, Stage, Term, method
from xferlab.methods.source_only import SourceOnly
from xferlab.methods.table import METHODS
from xferlab.training.checkpoint import Checkpoint
from xferlab.training.feeding import bounds_of, stages_under
from xferlab.training.run import Member, StageCache, Training
from xferlab.training.sharding import make_mesh

AT_ONCE = make_task(sizes=(40, 30))
TASK = dataclasses.replace(
    AT_ONCE, target=as_stream(AT_ONCE.target, "train"), setting=Setting.TEST_TIME
)
SIZE, BATCH, SOURCE_STEPS, STEPS = 30, 8, 8, 12
OPTIONS = make_options(steps=STEPS, batch_sizes=(12, BATCH))
FEEDS = {"resident": to_resident, "streamed": Streamed.of}


@method
class SelfTraining(Method):
    """A foreign method: pseudo-labels, and logits less those of the classes seen so far."""

    def stages(self):
        return (Stage(SourceOnly(), 0.5), Stage(self, 0.5, Setting.SOURCE_FREE))

    def init_state(self, params, statistics, target_size):
        return jnp.ones(3)

    def loss(self, nets, batch, ctx):
        logits = nets.apply(batch.target.inputs).logits
        return {"pseudo_label": Term(cross_entropy(logits, logits.argmax(1)).mean())}

    def after_update(self, state, nets, ctx):
        logits = nets.apply(ctx.batch.target.inputs).logits
        return state + jax.nn.softmax(logits).sum(0)

    def predict(self, nets, inputs, state, *, role):
        output = nets.apply(inputs, role=role)
        return output._replace(logits=output.logits - jnp.log(state / state.sum())[None])


ADAPTING = {"ada_bn": METHODS["ada_bn"], "tent": METHODS["tent"], "foreign": SelfTraining()}
each_method = pytest.mark.parametrize("learner", ADAPTING.values(), ids=list(ADAPTING))


def spoilt(splits, after, how):
    """The splits with target inputs from a row on replaced."""
    if splits.target is None or how is None:
        return splits
    inputs = np.array(splits.target.inputs)
    inputs[after:] = how(inputs[after:])
    return splits._replace(target=splits.target._replace(inputs=inputs))


def start(learner, *, feed="resident", seeds=(0,), task=TASK, cache=CACHE, after=0, how=None):
    stages = stages_under(learner.stages(), task.setting)
    shown = {stage.setting: task.training_arrays(stage.setting) for stage in stages}
    data = {setting: FEEDS[feed](spoilt(own, after, how)) for setting, own in shown.items()}
    members = [Member(learner, OPTIONS, seed) for seed in seeds]
    return Training(make_spec(), members, data, task.setting, cache)


def arrived(learner, **changes):
    """What is predicted at arrival by each run that has gone through the stream."""
    training = start(learner, **changes)
    training.advance(STEPS)
    return training.arrived()


@each_method
def test_predictions_are_those_of_a_loop_that_predicts_each_batch_and_then_trains(learner):
    """The loop is of a task that is not online: its last stage draws the target in order."""
    training = start(learner)
    training.advance(STEPS)
    (found,) = training.arrived()
    adapting = learner.stages()[-1]._replace(fraction=1 / 3, sampler="in_order")
    stages = (Stage(SourceOnly(), 2 / 3, Setting.DOMAIN_GENERALISATION), adapting)
    data = {stage.setting: to_resident(AT_ONCE.training_arrays(stage.setting)) for stage in stages}
    members = [Member(learner, OPTIONS, 0, stages)]
    loop = Training(make_spec(), members, data, AT_ONCE.setting, CACHE)
    loop.advance(SOURCE_STEPS)
    assert loop.arrived() == [None]
    loop.restore(1, lambda state: state)  # The method predicts before it trains.
    inputs, come = TASK.target.splits["train"].inputs, 0
    for step in range(SOURCE_STEPS, STEPS):
        (now,) = loop.predict(inputs[come : come + BATCH], TARGET)
        rows = slice(come, come + len(now.logits))
        for own, expected in zip(found.output.heads, now.heads, strict=True):
            np.testing.assert_allclose(own[rows], expected, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(found.output.features[rows], now.features, rtol=1e-4, atol=1e-5)
        come = rows.stop
        loop.advance(step + 1)
    assert come == SIZE and found.come.all()
    assert_same_bits(training.state._replace(arrived=()), loop.state)


@each_method
@pytest.mark.parametrize("how", [lambda a: a * np.nan, lambda a: a[::-1] + 1], ids=["nan", "other"])
def test_what_comes_later_changes_no_earlier_prediction(learner, how):
    (plain,), (changed,) = arrived(learner), arrived(learner, after=16, how=how)
    for own, expected in zip(changed.output.heads, plain.output.heads, strict=True):
        np.testing.assert_array_equal(own[:16], expected[:16])
        assert not np.array_equal(own[16:], expected[16:])
    (changed,) = arrived(learner, after=0, how=lambda a: np.vstack([a[:8] + 1, a[8:]]))
    differ = (changed.output.logits != plain.output.logits).any(axis=1)
    assert differ[8:].mean() > 0.9  # What came before does.


def test_target_labels_change_no_bit():
    permuted = with_permuted_target_labels(TASK)
    trainings = [start(METHODS["tent"], task=task) for task in (TASK, permuted)]
    for training in trainings:
        training.advance(STEPS)
    assert_same_bits(*(training.state for training in trainings))


@each_method
def test_streamed_and_stacked_runs_predict_as_single_resident_ones(learner):
    singles = [arrived(learner, seeds=(seed,))[0] for seed in (0, 1)]
    assert not np.array_equal(singles[0].output.logits, singles[1].output.logits)
    for changes in ({}, {"feed": "streamed"}):
        stack = arrived(learner, seeds=(0, 1), **changes)
        for own, expected in zip(stack, singles, strict=True):
            assert_close(own, expected, rtol=1e-3, atol=1e-4)
    assert_close(arrived(learner, feed="streamed")[0], singles[0], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("runs", "data"), [(1, 4), (2, 1), (2, 2)])
def test_several_devices_predict_as_one(runs, data):
    cache = StageCache(make_mesh(runs=runs, data=data))
    seeds = tuple(range(runs))
    expected = [arrived(METHODS["tent"], seeds=(seed,))[0] for seed in seeds]
    for own, alone in zip(
        arrived(METHODS["tent"], seeds=seeds, cache=cache), expected, strict=True
    ):
        assert_close(own, alone, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("feed", FEEDS)
@pytest.mark.parametrize("seeds", [(0,), (0, 1)])
def test_a_run_that_is_stopped_amid_the_stream_ends_with_the_same_bits(feed, seeds, tmp_path):
    whole, half, rest = (start(ADAPTING["foreign"], feed=feed, seeds=seeds) for _ in range(3))
    for stop in (SOURCE_STEPS + 2, STEPS):
        whole.advance(stop)
    half.advance(SOURCE_STEPS + 2)
    assert [each.come.sum() for each in half.arrived()] == [2 * BATCH] * len(seeds)
    checkpoint = Checkpoint(tmp_path, 0)
    checkpoint.save(half, [])
    checkpoint.restore(rest)
    assert_same_bits(rest.arrived(), half.arrived())
    rest.advance(STEPS)
    assert_same_bits(rest.state, whole.state)


def test_a_stage_outside_the_stream_has_no_record():
    training = start(METHODS["tent"])
    training.advance(1)
    assert training.state.arrived == () and training.arrived() == [None]
    source_alone = start(METHODS["source_only"])
    source_alone.advance(STEPS)
    assert source_alone.arrived() == [None]


def test_padding_never_comes():
    stages = stages_under(METHODS["ada_bn"].stages(), TASK.setting)
    shown = [stage.setting for stage in stages]
    data = {s: to_resident(TASK.training_arrays(s), pad_to=(50, 50, 0)) for s in shown}
    member = Member(METHODS["ada_bn"], OPTIONS, 0)
    training = Training(make_spec(), [member], data, TASK.setting, CACHE)
    training.advance(STEPS)
    (found,) = training.arrived()
    assert found.come.tolist() == [True] * SIZE + [False] * 20
    assert not found.output.logits[SIZE:].any()


def test_the_stream_takes_its_own_steps_and_the_others_share_the_rest():
    free = Stage(ADAPTING["foreign"], 0.5, Setting.SOURCE_FREE)
    source = Stage(SourceOnly(), 0.25)
    for stages, ends in (
        ((source, source, free), [4, 8, 12]),
        ((source, source._replace(fraction=0.75), free), [2, 8, 12]),
        ((source,), [12]),
    ):
        assert bounds_of(stages_under(stages, TASK.setting), OPTIONS, SIZE) == ends
    only = dataclasses.replace(OPTIONS, steps=4)
    assert bounds_of(stages_under((free,), TASK.setting), only, SIZE) == [4]


def test_each_stage_sees_source_or_stream():
    source, stream = stages_under(METHODS["ada_bn"].stages(), TASK.setting)
    assert source.setting == Setting.DOMAIN_GENERALISATION and source.sampler == "shuffled"
    assert stream.setting == dataclasses.replace(Setting.SOURCE_FREE, online=True)
    assert stream.sampler == "in_order"
    assert stages_under((source, stream), TASK.setting) == (source, stream)
    stages = METHODS["ada_bn"].stages()
    assert stages_under(stages, AT_ONCE.setting) == stages


FREE = Stage(METHODS["tent"], 0.1, Setting.SOURCE_FREE)


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ((FREE._replace(sampler="per_class"),), "'per_class' and sees.*'in_order'"),
        ((FREE._replace(sampler="per_domain"),), "'per_domain' and sees.*'in_order'"),
        ((FREE._replace(setting=Setting.UNSUPERVISED_DA),), r"stage 1 \(Tent\) sees source and ta"),
        ((FREE, Stage(SourceOnly())), r"stage 1 \(Tent\) sees.*stage 2 \(SourceOnly\)\. The last"),
        ((FREE, FREE), "comes once, and a stage follows"),
        ((FREE._replace(kept=True), Stage(SourceOnly())), "is kept, so trained before the run"),
        ((Stage(METHODS["shot"], 1.0, Setting.SOURCE_FREE),), "is refreshed, so sees the whole ta"),
    ],
)
def test_stages_that_an_online_task_refuses(stages, message):
    with pytest.raises(InputError, match=message):
        stages_under(stages, TASK.setting)


def test_a_stage_is_not_online_where_the_task_is_not():
    online = Setting("own", target=View.INPUTS, online=True)
    with pytest.raises(InputError, match=r"stage 1 \(Tent\).*'own'.*'unsupervised_da', is not"):
        stages_under((FREE._replace(setting=online),), AT_ONCE.setting)


@pytest.mark.parametrize(
    ("stages", "steps", "message"),
    [
        ((Stage(SourceOnly()), FREE), 4, "30 target examples come in 4 batches of 8.*Give 5 steps"),
        ((Stage(SourceOnly()), FREE), 3, "steps is 3;.*1 or more for the stages before"),
        ((FREE,), 5, "as many steps, and no more. Give 4 steps, or another batch size"),
    ],
)
def test_too_few_steps(stages, steps, message):
    options = dataclasses.replace(OPTIONS, steps=steps)
    with pytest.raises(InputError, match=message):
        bounds_of(stages_under(stages, TASK.setting), options, SIZE)


def test_other_examples_than_those_that_come_are_no_stream():
    with pytest.raises(InputError, match=r"'test_time' is online.*as_stream\(target\)"):
        dataclasses.replace(AT_ONCE, setting=Setting.TEST_TIME)
    assert TASK.fingerprint != TASK.with_setting(Setting.UNSUPERVISED_DA).fingerprint


def test_a_stream_is_a_split_in_its_order():
    target = AT_ONCE.target
    for split in ("train", "test"):
        stream = as_stream(target, split)
        assert stream.transductive and stream.name == target.name
        for own in stream.splits.values():
            np.testing.assert_array_equal(own.inputs, target.splits[split].inputs)
            np.testing.assert_array_equal(own.labels, target.splits[split].labels)
    with pytest.raises(InputError, match=r"split 'validation'.*test, train"):
        as_stream(target, "validation")
    with pytest.raises(InputError, match="domain is 3"):
        as_stream(3)


def suite_of(evaluations=1):
    training = dataclasses.replace(OPTIONS, evaluations=evaluations)
    task = SuiteTask(task=TASK, network=make_spec(), training=training)
    header = SuiteHeader(name="toy", title="Toy", protocol=())
    return Suite(header=header, tasks=(task,), methods=(), seeds=1)


SOURCE_ALONE = {
    "uncertainty_weighting",
    "pcgrad",
    "source_only",
    "group_dro",
    "nearest_neighbour",
    "svm",
}
REFUSED = {
    "shot": r"stage 2 \(SHOT\) is refreshed",
    "target_only": "tested on what it is trained on",
    "simclr": "4 batches of 8.*and no more",
    "untrained": "4 batches of 8.*and no more",
    **dict.fromkeys(("pca", "coral", "tca", "subspace_alignment", "gfk", "jda"), "whole target at"),
}


@pytest.mark.parametrize("name", METHODS)
def test_which_methods_of_the_package_can(name):
    candidates = [Candidate(name, METHODS[name])]
    if name in SOURCE_ALONE | {"ada_bn", "tent"}:
        (pack,) = make_packs(suite_of(), candidates, seeds=1, width=1)
        assert pack.task.setting == Setting.TEST_TIME and not pack.runs[0][0].oracle
        return
    with pytest.raises(InputError, match=REFUSED.get(name, "sees source and target at once")):
        make_packs(suite_of(), candidates, seeds=1, width=1)


def test_an_online_task_is_evaluated_once():
    with pytest.raises(InputError, match=r"evaluations is 3; give.*evaluations=1"):
        suite_of(evaluations=3)
