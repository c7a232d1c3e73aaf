"""Reading a folder of runs for a report: what is missing or damaged is said, the rest is shown."""

import dataclasses

import numpy as np
import pytest

from xferlab.benchmark.store.folders import RunStore
from xferlab.benchmark.store.load_suite import describe_environments, read_runs
from xferlab.benchmark.store.manifest import ManifestRun
from xferlab.benchmark.store.records import MissingRun
from xferlab.benchmark.store.spec import MethodSpec, RunSpec, TaskSpec
from xferlab.core.errors import InputError
from xferlab.models.spec import NetworkSpec
from xferlab.training.options import TrainingOptions

pytestmark = pytest.mark.fast

SPECS = [
    RunSpec(
        task=TaskSpec(
            name="a->b",
            sources=("a",),
            target="b",
            setting="unsupervised_da",
            views=(2, 1, 0),
            fingerprint="0",
        ),
        method=MethodSpec(name="dann"),
        network=NetworkSpec(backbone="mlp", input_shape=(2,), hidden=(8,), heads=(("class", 2),)),
        training=TrainingOptions(
            steps=6, batch_sizes=(8, 8), optimiser="adam", lr=1e-2, evaluations=2
        ),
        seed=seed,
    )
    for seed in range(3)
]
RUNS = [ManifestRun.of(spec) for spec in SPECS]
DIGESTS = [run.digest for run in RUNS]
LINES = [
    {"kind": "evaluation", "step": 6, "metrics": {"accuracy": 0.5}, "validators": {"snd": 1.0}}
]


@pytest.fixture
def store(tmp_path):
    store = RunStore(tmp_path / "runs")
    arrays = {"logits": np.eye(2, dtype=np.float32), "labels": np.array([0, 1])}
    for cores, spec in enumerate(SPECS[:2]):
        environment = {"cores": cores, "versions": {"jax": "0.10"}}
        store.write(
            spec, metrics=LINES, arrays=arrays, environment=environment, timing={"seconds": 1.5}
        )
    return store


def test_sound_runs_with_their_environments_and_what_is_missing(store):
    runs = read_runs(store, RUNS)
    assert [record.digest for record in runs.records] == DIGESTS[:2]
    assert [environment["cores"] for environment in runs.environments] == [0, 1]
    missing = MissingRun(DIGESTS[2], "not finished", "a->b", "dann", 2)
    assert runs.problems == (missing,)


def test_why_a_run_failed_is_kept_until_it_is_there(store):
    failed = [dataclasses.replace(run, failed="dims=9") for run in RUNS]
    runs = read_runs(store, failed)
    assert [record.digest for record in runs.records] == DIGESTS[:2]
    assert [(p.what, p.failed) for p in runs.problems] == [("dims=9", True)]


def test_a_damaged_run_does_not_hide_the_others(store):
    (store.folder(DIGESTS[0]) / "metrics.jsonl").write_text("{}")
    runs = read_runs(store, RUNS)
    assert [record.digest for record in runs.records] == DIGESTS[1:2]
    assert runs.problems[0].digest == DIGESTS[0]
    assert "is damaged" in runs.problems[0].what


def test_no_run_at_all_is_refused(store, tmp_path):
    with pytest.raises(InputError, match=r"none of the suite's 1 runs .*not finished"):
        read_runs(store, RUNS[2:])


def test_environments_in_words():
    first, second = {"versions": {"jax": "1"}, "cores": 2}, {"versions": {"jax": "2"}, "cores": 2}
    assert describe_environments([first, second, second]) == {
        "jax": "2 (2 runs), 1 (1 runs)",
        "cores": "2",
    }
