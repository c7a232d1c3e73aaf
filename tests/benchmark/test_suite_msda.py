"""The suite `amazon_reviews_msda` on a few made reviews: tasks, splits, coordinates, cache."""

import itertools

import numpy as np
import pytest
import scipy.sparse

from xferlab.benchmark.suites import amazon
from xferlab.benchmark.suites.suite import SuiteRequest
from xferlab.benchmark.suites.table import SUITES
from xferlab.data.catalogue.plain_file import write_plain
from xferlab.data.catalogue.sets.amazon import CLASS_NAMES, DOMAINS
from xferlab.data.features.msda import fit_msda
from xferlab.data.raw import RawDomain
from xferlab.data.split import Split
from xferlab.methods.table import ALL_METHODS

pytestmark = pytest.mark.fast

TRAIN, WORDS = 20, 7
TEST = {"books": 6, "dvd": 8, "electronics": 10, "kitchen": 12}


def reviews(n, seed):
    counts = np.random.default_rng(seed).poisson(0.7, (n, WORDS)).astype(np.float32)
    return Split(scipy.sparse.csr_array(counts), np.arange(n, dtype=np.int32) % 2)


RAW = {
    name: RawDomain(reviews(TRAIN, seed), reviews(TEST[name], 10 + seed), CLASS_NAMES)
    for seed, name in enumerate(DOMAINS)
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A data folder with the made reviews, beside an empty cache."""
    folder = tmp_path_factory.mktemp("data")
    for name, raw in RAW.items():
        write_plain(folder / "amazon_reviews", name, raw)
    return folder


@pytest.fixture(autouse=True)
def own_cache(folder, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))


def build(folder, name="amazon_reviews_msda"):
    return SUITES[name](SuiteRequest(data_dir=folder))


def wide(names):
    """The representation of training and test reviews of two domains, by domain."""
    rows = {name: [part.inputs.toarray() for part in RAW[name][:2]] for name in names}
    denoiser = fit_msda(np.concatenate([rows[name][0] for name in names]))
    return {name: [denoiser(part) for part in parts] for name, parts in rows.items()}


def test_tasks_networks_and_budget(folder):
    suite = build(folder)
    names = [each.task.name for each in suite.tasks]
    assert names == [f"{a}->{b}" for a, b in itertools.permutations(DOMAINS, 2)]
    width = min(2 * TRAIN, 6 * WORDS)
    assert {each.network.input_shape for each in suite.tasks} == {(width,)}
    assert {each.training for each in suite.tasks} == {amazon.MSDA_TRAINING}
    assert {each.task.target.input_shape for each in suite.tasks} == {(width,)}
    assert suite.header.published == "amazon_reviews_msda"
    assert suite.header.validator == "reverse_validation" and set(suite.sweeps) == {"dann"}
    assert all(method in ALL_METHODS for method in suite.methods)


def test_protocols_state_what_is_done(folder):
    counts, msda = (build(folder, name) for name in ("amazon_reviews", "amazon_reviews_msda"))
    for suite, published in ((counts, "1e-3"), (msda, "1e-4")):
        text = " ".join(suite.header.protocol)
        lr = suite.tasks[0].training.lr
        assert f"500 steps of SGD, lr {lr:g}, " in text and f"lr {published}, one" in text
        assert "{" not in text
    assert set(counts.header.protocol) != set(msda.header.protocol)
    assert counts.header.protocol[0] == msda.header.protocol[0]
    assert "also on the source reviews that are held out" in msda.header.protocol[3]


def test_the_same_reviews_are_held_out_as_on_counts(folder):
    for on_counts, on_msda in zip(
        build(folder, "amazon_reviews").tasks, build(folder).tasks, strict=True
    ):
        names = on_counts.task.source.name, on_counts.task.target.name
        represent = fit_msda(np.concatenate([RAW[n].train.inputs.toarray() for n in sorted(names)]))
        for part in ("train", "test"):
            counts, coordinates = (each.task.source.splits[part] for each in (on_counts, on_msda))
            np.testing.assert_array_equal(counts.labels, coordinates.labels)
            np.testing.assert_allclose(
                coordinates.inputs @ coordinates.inputs.T,
                (rows := represent(counts.inputs.to_dense())) @ rows.T,
                rtol=1e-3,
                atol=1e-3,
            )


def test_inner_products_with_training_reviews_are_those_of_the_wide_rows(folder):
    for task in (each.task for each in build(folder).tasks):
        expected = wide(sorted((task.source.name, task.target.name)))
        train, test = expected[task.target.name]
        parts = task.target.splits
        assert len(parts["train"].labels) == TRAIN
        assert len(parts["test"].labels) == TEST[task.target.name]
        for part, rows in (("train", train), ("test", test)):
            product = parts[part].inputs @ parts["train"].inputs.T
            np.testing.assert_allclose(product, rows @ train.T, rtol=1e-3, atol=1e-3)


def test_each_pair_is_computed_once(folder, tmp_path, monkeypatch):
    calls = []
    original = amazon.msda_coordinates

    def counted(*rows, **options):
        calls.append(options)
        return original(*rows, **options)

    monkeypatch.setattr(amazon, "msda_coordinates", counted)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first, second = build(folder), build(folder)
    assert calls == [{"layers": 5, "corruption": 0.5, "ridge": 1e-5}] * 6
    for left, right in zip(first.tasks, second.tasks, strict=True):
        assert left.task.fingerprint == right.task.fingerprint
