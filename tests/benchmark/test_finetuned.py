"""Features of networks fine-tuned on a source: whose labels they know, and that they are kept."""

import itertools

import numpy as np
import pytest

from xferlab.benchmark.suites import finetuned
from xferlab.benchmark.suites.finetuned import finetuned_features, office_caltech_finetuned
from xferlab.benchmark.suites.suite import SuiteRequest
from xferlab.core.errors import InputError
from xferlab.data.domain import Domain
from xferlab.data.split import Split
from xferlab.methods.table import ALL_METHODS
from xferlab.models.spec import NetworkSpec
from xferlab.training.options import TrainingOptions
from xferlab.training.run import StageCache

NETWORK = NetworkSpec(
    backbone="small_conv", input_shape=(8, 8, 3), hidden=(4,), heads=(("class", 2),)
)
OPTIONS = TrainingOptions(steps=4, batch_sizes=(4, 4), lr=0.1, evaluations=2)
CACHE = StageCache()


def make_domain(name, n, *, seed=0, flip=False):
    rng = np.random.default_rng([seed, n])
    images = rng.integers(0, 256, (n, 8, 8, 3), dtype=np.uint8)
    labels = (np.arange(n) + flip) % 2
    return Domain(name, dict.fromkeys(("train", "test"), Split(images, labels)), ("no", "yes"))


def features_of(domains, source="a", **changes):
    options = changes.get("options", OPTIONS)
    result = finetuned_features({d.name: d for d in domains}, source, NETWORK, options, CACHE)
    return {name: domain.splits["test"].inputs for name, domain in result.items()}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "xferlab"


@pytest.fixture(scope="module")
def domains():
    return [make_domain("a", 7), make_domain("b", 5), make_domain("c", 6)]


def test_every_domain_is_as_long_as_before_and_keeps_its_labels(domains):
    result = finetuned_features({d.name: d for d in domains}, "a", NETWORK, OPTIONS, CACHE)
    for domain in domains:
        split = result[domain.name].splits["train"]
        assert split.inputs.shape == (len(split.labels), 4 * 4 * 4)
        np.testing.assert_array_equal(split.labels, domain.splits["train"].labels)


def test_features_do_not_know_the_labels_or_images_of_targets(domains):
    a, _, c = domains
    whole = features_of(domains)
    for other in (make_domain("b", 5, flip=True), make_domain("b", 5, seed=1)):
        changed = features_of([a, other, c])
        np.testing.assert_array_equal(changed["a"], whole["a"])
        np.testing.assert_array_equal(changed["c"], whole["c"])


def test_features_follow_the_labels_of_the_source(domains):
    _, b, c = domains
    changed = features_of([make_domain("a", 7, flip=True), b, c])
    whole = features_of(domains)
    assert np.abs(changed["b"] - whole["b"]).max() > 1e-4
    assert np.abs(features_of(domains, "b")["b"] - whole["b"]).max() > 1e-4


def test_features_are_kept(domains, folder, caplog):
    caplog.set_level("INFO", "xferlab")
    first = features_of(domains)
    assert caplog.messages[-1] == "fine-tuning on a: step 4 of 4"
    caplog.clear()
    assert len(list(folder.iterdir())) == 1
    again = features_of(domains)
    assert not caplog.messages
    for name in first:
        np.testing.assert_array_equal(first[name], again[name])
    features_of(domains, options=TrainingOptions(steps=2, batch_sizes=(4, 4), evaluations=1))
    assert len(list(folder.iterdir())) == 2


def test_a_pair_is_seen_by_the_network_of_its_source(monkeypatch):
    names = finetuned.OFFICE_CALTECH
    images = {name: make_domain(name, 6 + i) for i, name in enumerate(names)}

    def fake(domains, source, network, options, cache):
        number = np.float32(names.index(source))
        return {
            name: domain.map_inputs(lambda x: np.full((len(x), 1280), number))
            for name, domain in domains.items()
        }

    monkeypatch.setattr(finetuned, "_images", lambda name, request: images[name])
    monkeypatch.setattr(finetuned, "finetuned_features", fake)
    suite = office_caltech_finetuned(SuiteRequest(steps=20))
    assert [s.task.name for s in suite.tasks] == [
        f"{a}->{b}" for a, b in itertools.permutations(names, 2)
    ]
    assert all(method in ALL_METHODS for method in suite.methods)
    for each in suite.tasks:
        assert each.training.steps == 20 and each.network.input_shape == (1280,)
        number = names.index(each.task.source.name)
        for domain in (each.task.source, each.task.target):
            assert (domain.splits["train"].inputs == number).all()
    text = " ".join(suite.header.protocol)
    assert "100 steps" in text and "128 × 128" in text and "128 pixels" in suite.header.title


def test_data_are_needed():
    with pytest.raises(InputError, match="--data_dir"):
        office_caltech_finetuned(SuiteRequest())
