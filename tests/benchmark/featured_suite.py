"""A suite of tiny tasks on the features of networks fine-tuned on each source."""

import dataclasses

from tests.benchmark.tiny import tiny_suite
from xferlab.benchmark.suites.kept_features import KeptFeatures
from xferlab.benchmark.suites.pairs import pair
from xferlab.benchmark.suites.suite import SuiteTask
from xferlab.core.settings import Setting
from xferlab.data.made.moons import moons
from xferlab.methods.base import Stage
from xferlab.models.spec import NetworkSpec
from xferlab.training.options import TrainingOptions

TUNED = NetworkSpec(backbone="mlp", input_shape=(2,), hidden=(5,), heads=(("class", 2),))
TUNING = TrainingOptions(steps=4, batch_sizes=(8, 8), lr=0.1, evaluations=2)
FEATURES = KeptFeatures(network=TUNED, training=TUNING)
ON_FEATURES = NetworkSpec(backbone="mlp", input_shape=(5,), hidden=(6,), heads=(("class", 2),))


def domains():
    """Three domains of different sizes."""
    turned = {"flat": (0.0, 20), "turned": (35.0, 24), "steep": (70.0, 16)}
    return {
        name: dataclasses.replace(moons(rotation_degrees=angle, points=points), name=name)
        for name, (angle, points) in turned.items()
    }


def tasks_of(given, pairs=("flat->turned", "flat->steep", "turned->flat")):
    """The tasks between some domains, by 'source->target'."""
    return [pair(*(given[name] for name in text.split("->"))) for text in pairs]


def featured_suite(tasks=None, *, features=FEATURES, steps=6, evaluations=2, network=ON_FEATURES):
    """Tasks on features; two have one source."""
    suite = tiny_suite(steps, evaluations=evaluations)
    training = suite.tasks[0].training
    places = tuple(
        SuiteTask(task=task, network=network, training=training, features=features)
        for task in (tasks_of(domains()) if tasks is None else tasks)
    )
    return dataclasses.replace(suite, tasks=places)


def features_by(first, setting=Setting.DOMAIN_GENERALISATION, kept=True):
    """Features of a network that another method trains."""
    return dataclasses.replace(FEATURES, stages=(Stage(first, setting=setting, kept=kept),))
