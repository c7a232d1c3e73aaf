"""A tiny task of new classes, and its training."""

import numpy as np

from tests.methods.toys import CACHE, make_options, make_spec
from xferlab.core.batch import EpisodicTest
from xferlab.core.settings import Setting, View
from xferlab.data.domain import Domain
from xferlab.data.feeds.resident import to_resident
from xferlab.data.split import Split
from xferlab.data.task import TransferTask
from xferlab.training.run import Member, Training

BASE, NEW = tuple("abcdef"), tuple("vwxyz")
SPEC = make_spec(heads=(("class", 6),))
OPTIONS = make_options(steps=6, batch_sizes=(12, 12))
TEST = EpisodicTest(ways=3, shots=2, queries=4, count=20)
INPUTS_TOO = Setting("new_inputs", View.LABELS, View.INPUTS, classes="novel")
"""Beside the labelled source, inputs of the new classes."""


def make_domain(name, names, seed):
    """Clusters in four dimensions, of 20 examples each, in random order."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 2, (len(names), 4))
    splits = {}
    for split in ("train", "test"):
        labels = rng.permutation(np.repeat(np.arange(len(names)), 20)).astype(np.int32)
        inputs = centres[labels] + rng.normal(0, 0.5, (len(labels), 4))
        splits[split] = Split(inputs.astype(np.float32), labels)
    return Domain(name, splits, names)


def make_few_shot(*, setting=Setting.FEW_SHOT, test=TEST):
    source, target = make_domain("base", BASE, 0), make_domain("new", NEW, 1)
    return TransferTask("new classes", (source,), target, setting, episodes=test)


def train(method, *, task=None, seeds=(0,), feed=to_resident, options=OPTIONS, methods=()):
    """A training of seeds, or of methods of one structure, that has not begun."""
    task = task or make_few_shot()
    each = methods or [method] * len(seeds)
    members = [Member(own, options, seed) for own, seed in zip(each, seeds, strict=True)]
    settings = {stage.setting or task.setting for stage in method.stages()}
    data = {setting: feed(task.training_arrays(setting)) for setting in settings}
    return Training(SPEC, members, data, task.setting, CACHE)
