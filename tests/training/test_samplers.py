"""Stages with a sampler: their programs, their data, resident and streamed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.methods.toys import (
    CLASSES,
    assert_close,
    assert_same_bits,
    make_options,
    make_spec,
    make_split,
    make_task,
    make_training,
)
from xferlab.core.errors import InputError
from xferlab.data.domain import Domain
from xferlab.data.feeds.resident import to_resident
from xferlab.data.feeds.streamed import Streamed
from xferlab.methods.base import Method, Stage, Term, method
from xferlab.methods.source_only import SourceOnly
from xferlab.training.checkpoint import Checkpoint
from xferlab.training.run import Member, StageCache, Training

TASK = make_task(sizes=(40, 30))
OPTIONS = make_options(steps=8, batch_sizes=(12, 10))
PER_CLASS = Stage(SourceOnly(), sampler="per_class")


@method
class Counts(Method):
    """Logs how often each class and each domain is in the source's batch."""

    def loss(self, nets, batch, ctx):
        own = batch.source
        terms = {"size": Term((nets.apply(own.inputs).logits ** 2).mean())}
        for n in range(3):
            terms |= {f"class_{n}": Term((own.labels == n).sum().astype(float), 0.0)}
            terms |= {f"domain_{n}": Term((own.domain_id == n).sum().astype(float), 0.0)}
        return terms


def training_of(*stages, seed=0, task=TASK, cache=None, sizes=(12, 10)):
    options = dataclasses.replace(OPTIONS, batch_sizes=sizes)
    members = [Member(stages[0].method, options, seed, stages)]
    data = {task.setting: to_resident(task.training_arrays())}
    return Training(make_spec(), members, data, task.setting, cache or StageCache())


def three_sources():
    sources = tuple(
        Domain(f"s{n}", {k: make_split(size, seed=n) for k in ("train", "test")}, CLASSES)
        for n, size in enumerate((30, 9, 21))
    )
    return dataclasses.replace(TASK, sources=sources)


@pytest.mark.parametrize(
    ("sampler", "logged"), [("per_class", "class"), ("per_domain", "domain"), ("shuffled", "")]
)
def test_a_loss_sees_balanced_batches(sampler, logged):
    training = training_of(Stage(Counts(), sampler=sampler), task=three_sources())
    for step in range(1, 9):
        (log,) = training.advance(step)
        means = [[log.means[f"{kind}_{n}"] for n in range(3)] for kind in ("class", "domain")]
        for kind, found in zip(("class", "domain"), means, strict=True):
            assert sum(found) == 12 and (kind != logged or found == [4.0, 4.0, 4.0])


def test_each_sampler_has_a_program_and_the_default_is_shuffled():
    cache = StageCache()
    stages = (Stage(SourceOnly(), 0.5), Stage(SourceOnly(), 0.5, sampler="per_class"))
    training_of(*stages, cache=cache).advance(8)
    assert len(cache._stages) == 2
    assert [s.chunk._function._cache_size() for s in cache._stages.values()] == [1, 1]
    training_of(Stage(SourceOnly(), 0.5), Stage(SourceOnly(), 0.5, sampler="shuffled"),
                cache=cache).advance(8)  # fmt: skip
    assert len(cache._stages) == 2


def test_tasks_of_other_sizes_share_the_program():
    cache = StageCache()
    for sizes in ((40, 30), (35, 28)):
        task = make_task(sizes=sizes)
        data = {task.setting: to_resident(task.training_arrays(), pad_to=(50, 50, 0))}
        member = Member(SourceOnly(), OPTIONS, 0, (PER_CLASS,))
        Training(make_spec(), [member], data, task.setting, cache).advance(8)
    (compiled,) = cache._stages.values()
    assert compiled.chunk._function._cache_size() == 1


def test_stacked_runs_are_the_single_ones_and_resume_holds_the_bits(tmp_path):
    members = [Member(SourceOnly(), OPTIONS, seed, (PER_CLASS,)) for seed in (0, 1)]
    stacked = make_training(SourceOnly(), task=TASK, members=members)
    stacked.advance(8)
    for seed, own in enumerate(stacked.weights()):
        whole, half, rest = (training_of(PER_CLASS, seed=seed) for _ in range(3))
        whole.advance(8)
        assert_close(own, whole.weights()[0], rtol=1e-3, atol=1e-5)
        half.advance(3)
        checkpoint = Checkpoint(tmp_path / str(seed), seed)
        checkpoint.save(half, [])
        checkpoint.restore(rest)
        rest.advance(8)
        assert_same_bits(rest.state, whole.state)


@pytest.mark.parametrize(
    "stage", [PER_CLASS, Stage(Counts()), Stage(Counts(), sampler="per_class")]
)
def test_a_stream_is_drawn_as_resident_data_are(stage):
    def train(feed):
        member = Member(stage.method, OPTIONS, 0, (stage,))
        training = Training(make_spec(), [member], {TASK.setting: feed}, TASK.setting, StageCache())
        (log,) = training.advance(8)
        return training, log

    splits = TASK.training_arrays()
    streamed, log = train(Streamed.of(splits))
    resident, expected = train(to_resident(splits))
    assert log.means == pytest.approx(expected.means, rel=1e-4)
    assert_close(streamed.state.params, resident.state.params, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("stage", "sizes", "message"),
    [
        (PER_CLASS, (2, 10), "every class of the source in each step, but the batch size is 2"),
    ],
)
def test_a_sampler_that_does_not_fit_is_refused_before_the_first_step(stage, sizes, message):
    with pytest.raises(InputError, match=message):
        training_of(stage, sizes=sizes)
    with pytest.raises(InputError, match=message):
        training_of(Stage(SourceOnly(), 0.5), stage._replace(fraction=0.5), sizes=sizes)


def test_labels_that_are_hidden_decide_no_batch():
    """Target labels in another order: the same batches of the target."""
    rng = np.random.default_rng(0)
    splits = {
        name: dataclasses.replace(split, labels=rng.permutation(split.labels))
        for name, split in TASK.target.splits.items()
    }
    permuted = dataclasses.replace(TASK, target=dataclasses.replace(TASK.target, splits=splits))
    states = []
    for task in (TASK, permuted):
        training = training_of(PER_CLASS, task=task)
        training.advance(8)
        states.append(training.state.params)
    assert_same_bits(states[0], states[1])
