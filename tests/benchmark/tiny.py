"""A suite of one small task, for the tests of the benchmark and of the command line."""

import dataclasses

import numpy as np

from xferlab.benchmark.runs.executor import Executor
from xferlab.benchmark.runs.methods import find_method
from xferlab.benchmark.runs.options import ExecutorOptions
from xferlab.benchmark.runs.plan import make_packs
from xferlab.benchmark.store.folders import RunStore
from xferlab.benchmark.suites.header import SuiteHeader
from xferlab.benchmark.suites.suite import Suite, SuiteTask
from xferlab.core.heads import Head, Labels
from xferlab.core.settings import Setting
from xferlab.data.made.moons import moons
from xferlab.data.task import TransferTask
from xferlab.models.spec import NetworkSpec
from xferlab.training.options import TrainingOptions

NETWORK = NetworkSpec(backbone="mlp", input_shape=(2,), hidden=(8,), heads=(("class", 2),))


def tiny_task(target=None):
    """The moons of 20 points, or the first of them with another target."""
    target = target or moons(rotation_degrees=35.0, points=20)
    return TransferTask("moons->turned", (moons(points=20),), target, Setting.UNSUPERVISED_DA)


ANGLE = Head("angle", "numbers", 1)
"""Where on its half circle a point of the moons lies, about."""


def with_angles(domain):
    """The moons with a second head; in training every other class and angle is missing."""
    splits = {}
    for name, split in domain.splits.items():
        rows = np.arange(len(split.labels))
        every = name != "train"
        angles = Labels(split.inputs[:, :1], every | (rows % 2 == 0))
        known = None if every else rows % 3 > 0
        splits[name] = dataclasses.replace(split, known=known, others=(angles,))
    return dataclasses.replace(domain, splits=splits, others=(ANGLE,))


def two_heads_suite(steps=6, *, evaluations=2, methods=("source_only",)):
    """The tiny suite with two heads, labels partly missing."""
    target = with_angles(moons(rotation_degrees=35.0, points=20))
    source = with_angles(moons(points=20))
    task = TransferTask("moons->turned", (source,), target, Setting.UNSUPERVISED_DA)
    suite = tiny_suite(steps, evaluations=evaluations, methods=methods)
    network = dataclasses.replace(NETWORK, heads=(("class", 2), ("angle", 1, "numbers")))
    tasks = (SuiteTask(task=task, network=network, training=suite.tasks[0].training),)
    header = dataclasses.replace(suite.header, further_metrics=("angle/rmse",))
    return dataclasses.replace(suite, header=header, tasks=tasks)


def tiny_suite(steps=6, *, task=None, methods=("source_only",), evaluations=2):
    """One task, two seeds."""
    training = TrainingOptions(
        steps=steps, batch_sizes=(8, 8), optimiser="adam", lr=1e-2, evaluations=evaluations
    )
    return Suite(
        header=SuiteHeader(name="tiny", title="tiny: two moons", protocol=("Twenty points.",)),
        tasks=(SuiteTask(task=task or tiny_task(), network=NETWORK, training=training),),
        methods=methods,
        seeds=2,
    )


def build_tiny(request):
    """The tiny suite, for the tests of listings and flags."""
    return tiny_suite(request.steps or 6)


def execute(root, packs, *, report=None, jobs=1, checkpoint_seconds=60.0):
    """Runs packs into a folder and returns its store; raises what a pack failed with."""
    store = RunStore(root)
    options = ExecutorOptions(jobs=jobs, checkpoint_seconds=checkpoint_seconds)
    outcome = Executor(store, options, report or (lambda pack, steps, state: None)).run(packs)
    for failure in outcome.failures:
        raise failure.error
    return store


def tiny_packs(suite=None, *, methods=("source_only",), seeds=1, width=1):
    """The packs of a suite, the tiny one by default."""
    candidates = [find_method(name) for name in methods]
    return make_packs(suite or tiny_suite(), candidates, seeds=seeds, width=width)


def without_metric(records, name):
    """The records as if the metric had never been computed."""

    def forget(evaluation):
        rest = {k: v for k, v in evaluation.metrics.items() if k != name}
        return dataclasses.replace(evaluation, metrics=rest)

    return [dataclasses.replace(r, evaluations=tuple(map(forget, r.evaluations))) for r in records]


def contents(folder):
    """The bytes of every file of a run except the times."""
    files = sorted(path for path in folder.iterdir() if path.name != "timing.json")
    return {path.name: path.read_bytes() for path in files}
