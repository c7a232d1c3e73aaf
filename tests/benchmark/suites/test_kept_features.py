"""Suites on features of kept networks: declared without training, refused where they do not fit."""

import dataclasses
import itertools

import numpy as np
import pytest

from tests.benchmark.featured_suite import (
    FEATURES,
    ON_FEATURES,
    TUNED,
    domains,
    featured_suite,
    features_by,
    tasks_of,
)
from tests.benchmark.tiny import tiny_packs
from xferlab.benchmark.runs.kept import describe_kept, kept_waves
from xferlab.benchmark.suites import finetuned
from xferlab.benchmark.suites.suite import SuiteRequest
from xferlab.core.errors import InputError
from xferlab.core.settings import Setting
from xferlab.data.domain import Domain
from xferlab.data.split import Split
from xferlab.methods.source_only import SourceOnly
from xferlab.methods.table import ALL_METHODS
from xferlab.training.run import Training


def with_network(**changes):
    return dataclasses.replace(FEATURES, network=dataclasses.replace(TUNED, **changes))


def test_the_suite_is_declared_without_training(monkeypatch):
    def image_domain(name, request):
        rng = np.random.default_rng(len(name))
        images = rng.integers(0, 256, (10, 128, 128, 3), np.uint8)
        split = Split(images, np.arange(10))
        return Domain(name, {"train": split, "test": split}, tuple(map(str, range(10))))

    def refuse(self, *arguments):
        raise RuntimeError("nothing is trained or predicted")

    monkeypatch.setattr(finetuned, "_images", image_domain)
    monkeypatch.setattr(Training, "__init__", refuse)
    suite = finetuned.office_caltech_finetuned(SuiteRequest(steps=20))
    names = itertools.permutations(finetuned.OFFICE_CALTECH, 2)
    assert [s.task.name for s in suite.tasks] == [f"{a}->{b}" for a, b in names]
    assert all(name in ALL_METHODS for name in suite.methods)
    for each in suite.tasks:
        assert each.training.steps == 20 and each.network.input_shape == (1280,)
        assert each.features.training.steps == 100
        assert each.task.source.input_shape == (128, 128, 3)
    text = " ".join(suite.header.protocol)
    assert "100 steps" in text and "128 × 128" in text and "128 pixels" in suite.header.title
    kept, _ = kept_waves(tiny_packs(suite, methods=suite.methods[:2]), 1)
    assert [pack.runs[0][0].task.sources for pack in kept] == [
        (name,) for name in finetuned.OFFICE_CALTECH
    ]


def test_data_are_needed():
    with pytest.raises(InputError, match="--data_dir"):
        finetuned.office_caltech_finetuned(SuiteRequest())


@pytest.mark.fast
def test_the_protocol_says_what_the_inputs_are():
    packs = tiny_packs(featured_suite(), methods=("source_only", "svm"))
    assert describe_kept(packs) == (
        "Inputs: features of mlp, trained by SourceOnly for 4 steps on the source with labels;"
        " once for each source, whatever the seed, and kept for all rows and targets.",
    )


OWN_INPUTS = dataclasses.replace(Setting.UNSUPERVISED_DA, own_inputs=True)
REFUSED = {
    "two input spaces": (
        {
            "tasks": [task.with_setting(OWN_INPUTS) for task in tasks_of(domains())],
            "network": dataclasses.replace(ON_FEATURES, target_inputs=(("mlp", (5,)),)),
        },
        "KeptFeatures are those of one network for both domains",
    ),
    "another width": ({"network": dataclasses.replace(ON_FEATURES, input_shape=(2,))}, "width 5"),
    "another input": (
        {"features": with_network(input_shape=(3,))},
        r"inputs of shape \(2,\), the network of its features reads \(3,\)",
    ),
    "other heads": (
        {"features": with_network(heads=(("class", 3),))},
        "has the heads 'class' \\(2 classes\\), its network 'class' \\(3",
    ),
}


@pytest.mark.fast
@pytest.mark.parametrize("name", REFUSED)
def test_networks_that_do_not_fit_are_refused(name):
    changes, message = REFUSED[name]
    with pytest.raises(InputError, match=message):
        featured_suite(**changes)


@pytest.mark.fast
@pytest.mark.parametrize(
    ("kept", "setting"),
    [
        (False, Setting.DOMAIN_GENERALISATION),
        (True, None),
        (True, Setting.UNSUPERVISED_DA),
        (True, Setting.SUPERVISED),
    ],
)
def test_stages_that_see_the_target_or_are_not_kept_are_refused(kept, setting):
    with pytest.raises(InputError, match=r"stage 1 of KeptFeatures \(SourceOnly\) has kept="):
        features_by(SourceOnly(), setting, kept)
    with pytest.raises(InputError, match="has target_inputs"):
        with_network(target_inputs=(("mlp", (2,)),))
    with pytest.raises(InputError, match="no stage"):
        dataclasses.replace(FEATURES, stages=())
