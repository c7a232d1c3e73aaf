"""What holds in every setting, with methods of under 30 lines that are not the package's.

Each setting has a toy task and a foreign method that its views allow. Hidden labels change no bit,
a run that is saved and restored ends with the same bits, and loop, compiled, stacked and sharded
runs agree.
"""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.methods.toys import (
    NearMeans,
    assert_close,
    assert_same_bits,
    assert_stack_is_singles,
    make_options,
    make_spec,
    make_split,
    make_task,
    same_bits,
    snapshot,
)
from tests.training.test_heads import SPEC as HEADS_SPEC
from tests.training.test_heads import make_heads_task
from tests.training.test_input_spaces import OWN, own_spaces
from xferlab.core.batch import EpisodicTest
from xferlab.core.roles import TARGET
from xferlab.core.settings import NAMED, Setting, View
from xferlab.data.domain import Domain
from xferlab.data.feeds.resident import to_resident
from xferlab.data.feeds.streamed import Streamed
from xferlab.data.shots import draw_shots
from xferlab.data.stream import as_stream
from xferlab.data.task import TransferTask
from xferlab.losses import cross_entropy, entropy
from xferlab.methods import Method, Stage, Term, method
from xferlab.methods.source_only import SourceOnly
from xferlab.models.spec import NetworkSpec
from xferlab.training.checkpoint import Checkpoint
from xferlab.training.feeding import stages_under
from xferlab.training.run import Member, StageCache, Training
from xferlab.training.sharding import make_mesh

STEPS = 6
OPTIONS = make_options(steps=STEPS, batch_sizes=(16, 16, 4), augment="noise")
MOST_LINES = 30


@method
class SmallFeatures(Method):
    """Sees the source alone."""

    needs = Setting.DOMAIN_GENERALISATION
    weight: float = 0.1

    def loss(self, nets, batch, ctx):
        source = nets.apply(batch.source.inputs, role="source")
        value = cross_entropy(source.logits, batch.source.labels).mean()
        return {"ce": Term(value), "size": Term((source.features**2).mean(), self.weight)}


@method
class SourcesApart(Method):
    """Tells the source's domains apart, by means of classes of their features."""

    weight: float = 0.1

    def loss(self, nets, batch, ctx):
        source, target = nets.forward(batch)
        member = jax.nn.one_hot(batch.source.domain_id, nets.source_domains)
        means = member.T @ source.features / jnp.maximum(member.sum(0)[:, None], 1.0)
        gap = ((means - target.features.mean(0, keepdims=True)) ** 2).sum(1).mean()
        ce = cross_entropy(source.logits, batch.source.labels).mean()
        return {"ce": Term(ce), "gap": Term(gap, self.weight)}


@method
class SureOfTarget(Method):
    """Adapts a source model without its source."""

    one_encoder = True

    def stages(self):
        return Stage(SourceOnly(), 0.5), Stage(self, 0.5, Setting.SOURCE_FREE)

    def loss(self, nets, batch, ctx):
        output = nets.apply(batch.target.inputs, role="target")
        return {"entropy": Term(entropy(output.logits).mean())}


@method
class TwoViews(Method):
    """Looks at no label of either side."""

    needs = Setting.UNSUPERVISED

    def phases(self):
        (only,) = super().phases()
        return (only._replace(trains=("encoder",)),)

    def loss(self, nets, batch, ctx):
        keys = jax.random.split(ctx.key)
        first, second = (
            nets.encode(ctx.augment(k, batch.target.inputs), role="target") for k in keys
        )
        source = nets.encode(batch.source.inputs, role="source")
        spread = jnp.mean((source.std(0) - 1) ** 2)
        return {"apart": Term(jnp.mean((first - second) ** 2)), "spread": Term(spread)}


@method
class ShotsToo(Method):
    """Weighs the labelled examples of the target by hand."""

    needs = Setting.SEMI_SUPERVISED
    weight: float = 2.0

    def loss(self, nets, batch, ctx):
        source, _ = nets.forward(batch)
        shots = nets.apply(batch.shots.inputs, role="shots")
        own = cross_entropy(shots.logits, batch.shots.labels).mean()
        ce = cross_entropy(source.logits, batch.source.labels).mean()
        return {"source": Term(ce), "shots": Term(own, self.weight)}


class Case(NamedTuple):
    """A setting's toy task, the network for it, and a method of a user's."""

    task: TransferTask
    spec: NetworkSpec
    learner: Method


def of_setting(setting: Setting, **changes: Any) -> TransferTask:
    return dataclasses.replace(make_task(), setting=setting, **changes)


def with_shots() -> TransferTask:
    return of_setting(Setting.SEMI_SUPERVISED, shots=draw_shots(make_task().target, 2))


def two_sources(setting: Setting) -> TransferTask:
    first = make_task().source
    splits = {name: make_split(60, seed=9, moved=True) for name in ("train", "test")}
    return of_setting(setting, sources=(first, Domain("second", splits, first.class_names)))


def some_classes(domain: Domain, kept: tuple[int, ...]) -> Domain:
    splits = {}
    for name, split in domain.splits.items():
        own = split.take(np.flatnonzero(np.isin(split.labels, kept)))
        labels = np.searchsorted(kept, own.labels).astype(np.int32)
        splits[name] = dataclasses.replace(own, labels=labels)
    return Domain(domain.name, splits, tuple(domain.class_names[c] for c in kept))


def other_classes(
    setting: Setting, source: tuple[int, ...], target: tuple[int, ...]
) -> TransferTask:
    whole = make_task()
    of_source, of_target = some_classes(whole.source, source), some_classes(whole.target, target)
    return of_setting(setting, sources=(of_source,), target=of_target)


def streamed_in_order() -> TransferTask:
    """Three batches of the target, scored as they come."""
    target = make_task().target
    rows = np.arange(48)
    short = dataclasses.replace(
        target, splits=dict(target.splits) | {"test": target.splits["test"].take(rows)}
    )
    return of_setting(Setting.TEST_TIME, target=as_stream(short))


def new_classes() -> TransferTask:
    """The target's classes have other names, and are told apart in episodes."""
    target = dataclasses.replace(make_task().target, class_names=("d", "e", "f"))
    episodes = EpisodicTest(ways=3, shots=1, queries=5, count=4)
    return of_setting(Setting.FEW_SHOT, target=target, episodes=episodes)


TWO_CLASSES = make_spec(heads=(("label", 2),))
CASES = {
    "unsupervised_da": Case(make_task(), make_spec(), NearMeans()),
    "semi_supervised": Case(with_shots(), make_spec(), ShotsToo()),
    "supervised": Case(of_setting(Setting.SUPERVISED), make_spec(), NearMeans()),
    "domain_generalisation": Case(
        two_sources(Setting.DOMAIN_GENERALISATION), make_spec(), SmallFeatures()
    ),
    "several_sources": Case(two_sources(Setting.UNSUPERVISED_DA), make_spec(), SourcesApart()),
    "partial_da": Case(
        other_classes(Setting.PARTIAL_DA, (0, 1, 2), (0, 2)), make_spec(), NearMeans()
    ),
    "open_set_da": Case(
        other_classes(Setting.OPEN_SET_DA, (0, 1), (0, 1, 2)), TWO_CLASSES, NearMeans()
    ),
    "universal_da": Case(
        other_classes(Setting.UNIVERSAL_DA, (0, 1), (1, 2)), TWO_CLASSES, NearMeans()
    ),
    "few_shot": Case(new_classes(), make_spec(), SmallFeatures()),
    "source_free": Case(make_task(), make_spec(), SureOfTarget()),
    "test_time": Case(streamed_in_order(), make_spec(), SureOfTarget()),
    "unsupervised": Case(of_setting(Setting.UNSUPERVISED), make_spec(), TwoViews()),
    "multi_task": Case(make_heads_task(), HEADS_SPEC, NearMeans()),
    "own_inputs": Case(own_spaces(Setting.SEMI_SUPERVISED, shots=2), OWN, ShotsToo()),
}
each = pytest.mark.parametrize("name", CASES)


def start(case: Case, feed=to_resident, *, members=None, mesh=None, task=None) -> Training:
    task = task or case.task
    members = members or [Member(case.learner, OPTIONS, 0)]
    stages = stages_under(case.learner.stages(), task.setting)
    settings = {stage.setting or task.setting for stage in stages}
    data = {setting: feed(task.training_arrays(setting)) for setting in settings}
    return Training(case.spec, members, data, task.setting, StageCache(mesh))


def permuted(task: TransferTask) -> TransferTask:
    """The task with every label permuted that the setting hides, of every head and split."""
    rng = np.random.default_rng(0)

    def split(own, fixed):
        rows = np.setdiff1d(np.arange(len(own.labels)), fixed)
        order = np.arange(len(own.labels))
        order[rows] = rng.permutation(rows)
        others = tuple(
            one._replace(
                values=one.values[order], known=None if one.known is None else one.known[order]
            )
            for one in own.others
        )
        known = None if own.known is None else own.known[order]
        return dataclasses.replace(own, labels=own.labels[order], known=known, others=others)

    def domain(own, view, fixed=()):
        train = own.splits["train"]
        shown = view is View.LABELS
        splits = {
            "train": train if shown else split(train, np.array(fixed, int)),
            "test": split(own.splits["test"], np.array([], int)),
        }
        return dataclasses.replace(own, splits=splits)

    views = task.setting.views
    return dataclasses.replace(
        task,
        sources=tuple(domain(source, views.source) for source in task.sources),
        target=domain(task.target, views.target, task.shots),
    )


@pytest.mark.fast
def test_every_setting_of_the_package_is_here():
    assert {setting.label for setting in NAMED} <= set(CASES)


@pytest.mark.fast
@each
def test_the_method_is_short_and_not_the_packages(name):
    kind = type(CASES[name].learner)
    assert len(inspect.getsource(kind).splitlines()) < MOST_LINES
    assert not kind.__module__.startswith("xferlab")


@each
def test_hidden_labels_change_no_bit(name):
    case = CASES[name]
    other = permuted(case.task)
    assert other.fingerprint != case.task.fingerprint
    runs = [start(case), start(case, task=other)]
    for run in runs:
        run.advance(STEPS)
    assert_same_bits(runs[1].state, runs[0].state)
    test = case.task.target.splits["test"].inputs
    assert_same_bits(*(run.predict(test, TARGET) for run in runs))


@each
def test_a_restored_run_ends_with_the_same_bits(name, tmp_path):
    case = CASES[name]
    whole, half, rest = (start(case) for _ in range(3))
    before = snapshot(whole.state.params)
    for run, until in ((whole, 4), (whole, STEPS), (half, 4)):
        run.advance(until)
    checkpoint = Checkpoint(tmp_path, 0)
    checkpoint.save(half, [])
    checkpoint.restore(rest)
    rest.advance(STEPS)
    assert_same_bits(rest.state, whole.state)
    assert not same_bits(before["encoder"], snapshot(whole.state.params)["encoder"])


@each
def test_a_loop_over_streamed_batches_is_the_compiled_run(name):
    case = CASES[name]
    resident, streamed = (start(case, feed) for feed in (to_resident, Streamed.of))
    for run in (resident, streamed):
        run.advance(STEPS)
    assert streamed.streams and not resident.streams
    assert_close(streamed.weights(), resident.weights(), rtol=1e-3, atol=1e-5)


@each
def test_stacked_runs_are_the_runs_alone(name):
    case = CASES[name]
    members = [Member(case.learner, OPTIONS, seed) for seed in (0, 1)]
    assert_stack_is_singles(
        lambda some: start(case, members=some), members, STEPS, rtol=1e-3, atol=1e-5
    )


@each
def test_a_run_over_four_devices_is_the_run_on_one(name):
    case = CASES[name]
    one, four = (start(case, mesh=mesh) for mesh in (None, make_mesh(data=4)))
    logs = [run.advance(STEPS)[0].means for run in (one, four)]
    assert logs[1] == pytest.approx(logs[0], rel=1e-4, abs=1e-5)
    assert_close(four.weights(), one.weights(), rtol=1e-3, atol=1e-5)
