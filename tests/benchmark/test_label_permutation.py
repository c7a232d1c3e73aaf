"""Target labels reach nothing but the oracle: permuting them changes no other number."""

import json

import numpy as np
import pytest

from tests.benchmark.tiny import execute, tiny_packs, tiny_suite, tiny_task
from xferlab.data.domain import Domain
from xferlab.data.two_moons import moons

METHODS = ("source_only", "ada_bn", "dann", "shot", "self_ensembling")
LABEL_FREE = ("logits", "predictions", "embedding_before", "embedding_after", "plane_classes")


def permuted(domain):
    """The domain with the labels of both splits in another order."""
    generator = np.random.default_rng(0)
    splits = {
        name: split._replace(labels=generator.permutation(split.labels))
        for name, split in domain.splits.items()
    }
    return Domain(domain.name, splits, domain.class_names)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    target = moons(rotation_degrees=35.0, points=20)
    suites = [tiny_suite(task=tiny_task(domain)) for domain in (target, permuted(target))]
    packs = [tiny_packs(suite, methods=METHODS) for suite in suites]
    store = execute(tmp_path_factory.mktemp("runs"), [*packs[0], *packs[1]])
    return {
        first.runs[0][0].method.name: [store.read(p.runs[0][0].digest) for p in (first, second)]
        for first, second in zip(*packs, strict=True)
    }


@pytest.mark.parametrize("method", METHODS)
def test_permuted_target_labels_change_nothing_that_a_method_sees(runs, method):
    whole, changed = runs[method]
    assert not np.array_equal(whole["arrays"]["labels"], changed["arrays"]["labels"])
    for name in LABEL_FREE:
        assert whole["arrays"][name].tobytes() == changed["arrays"][name].tobytes(), name
    assert label_free_lines(whole) == label_free_lines(changed)


def label_free_lines(run):
    """The lines of metrics.jsonl without what is scored on target labels."""
    lines = []
    for line in run["metrics"]:
        if line["kind"] == "evaluation":
            validators = {k: v for k, v in line["validators"].items() if k != "oracle"}
            line = line | {"metrics": None, "validators": validators}
        lines.append(json.dumps(line, sort_keys=True))
    return lines


def test_the_specs_differ_by_the_fingerprint_alone(runs):
    whole, changed = (run["spec"] for run in runs["dann"])
    fingerprint = {"fingerprint": whole["task"]["fingerprint"]}
    assert changed != whole
    assert changed | {"task": changed["task"] | fingerprint} == whole
