"""Scores are given what the task shows, and nothing else."""

import dataclasses

import numpy as np
import pytest
import scipy.sparse

from tests.benchmark.tiny import execute, tiny_suite, tiny_task
from xferlab.benchmark.runs.methods import find_method
from xferlab.benchmark.runs.plan import Candidate, make_packs
from xferlab.benchmark.runs.scoring import EMBEDDING_SAMPLE, VALIDATION_LIMIT, Scorer
from xferlab.benchmark.store.load import load_record
from xferlab.benchmark.suites.suite import SuiteTask
from xferlab.core.settings import Setting, View
from xferlab.data.domain import Domain
from xferlab.data.split import Split
from xferlab.data.task import TransferTask
from xferlab.evaluation.validators.table import VALIDATORS
from xferlab.losses import cross_entropy, entropy
from xferlab.methods import Method, Term, method


@method
class Entropy(Method):
    """A foreign method that adapts without the source."""

    needs = Setting.SOURCE_FREE

    def loss(self, nets, batch, ctx):
        logits = nets.apply(batch.target.inputs).logits
        return {"entropy": Term(entropy(logits).mean())}


def scored(root, setting):
    suite = tiny_suite(task=tiny_task().with_setting(setting))
    (pack,) = make_packs(suite, [Candidate("own", Entropy())], seeds=1, width=1)
    store = execute(root, [pack])
    lines = store.read(pack.runs[0][0].digest)["metrics"]
    return [set(line["validators"]) for line in lines if line["kind"] == "evaluation"]


def test_validators_do_not_see_a_source_that_the_task_hides(tmp_path):
    without = {name for name, validator in VALIDATORS.items() if not validator.needs_source}
    assert without < set(VALIDATORS)
    assert scored(tmp_path / "a", Setting.SOURCE_FREE) == [without] * 2
    assert scored(tmp_path / "b", Setting.UNSUPERVISED_DA) == [set(VALIDATORS)] * 2


@method
class SourceAlone(Method):
    needs = Setting("source_alone", source=View.LABELS)

    def loss(self, nets, batch, ctx):
        logits = nets.apply(batch.source.inputs).logits
        return {"ce": Term(cross_entropy(logits, batch.source.labels).mean())}


def test_validators_do_not_see_a_target_that_the_task_hides(tmp_path):
    suite = tiny_suite(task=tiny_task().with_setting(SourceAlone.needs))
    (pack,) = make_packs(suite, [Candidate("own", SourceAlone())], seeds=1, width=1)
    lines = execute(tmp_path, [pack]).read(pack.runs[0][0].digest)["metrics"]
    scores = [set(line["validators"]) for line in lines if line["kind"] == "evaluation"]
    assert scores == [{"source_accuracy", "oracle"}] * 2


def test_validators_see_both_classes_of_large_splits_whose_classes_take_turns():
    labels = np.arange(2 * VALIDATION_LIMIT) % 2
    split = Split(np.zeros((len(labels), 2), np.float32), labels)
    domain = Domain("turns", {"train": split, "test": split}, ("a", "b"))
    scorer = Scorer(TransferTask("t", (domain,), domain, Setting.UNSUPERVISED_DA))
    for sampled in (scorer._source_train, scorer._source_test):
        assert len(sampled.labels) == VALIDATION_LIMIT
        assert 0.45 < np.mean(sampled.labels) < 0.55


def test_pictures_show_every_class_of_sorted_data_and_the_same_rows_for_every_method(tmp_path):
    labels = np.repeat([0, 1], [480, 120])
    inputs = np.random.default_rng(0).normal(size=(600, 2)).astype(np.float32)
    split = Split(inputs, labels)
    domain = Domain("sorted", {"train": split, "test": split}, ("a", "b"))
    suite = tiny_suite(task=TransferTask("t", (domain,), domain, Setting.UNSUPERVISED_DA))
    methods = [find_method(name) for name in ("source_only", "dann", "nearest_neighbour")]
    packs = make_packs(suite, methods, seeds=1, width=1)
    store = execute(tmp_path, packs)
    arrays = [store.read(pack.runs[0][0].digest)["arrays"] for pack in packs]
    for each in arrays:
        shown = each["embedding_labels"].reshape(2, EMBEDDING_SAMPLE)
        np.testing.assert_array_equal(shown.sum(axis=1), [30, 30])
        np.testing.assert_array_equal(each["plane_points"], arrays[0]["plane_points"])


@pytest.mark.parametrize(("form", "drawn"), [("dense", True), ("sparse", False), ("own", False)])
def test_decision_regions_are_of_dense_inputs_of_one_space(form, drawn, tmp_path):
    task, suite = tiny_task(), tiny_suite(task=None)
    network = dataclasses.replace(suite.tasks[0].network, batch_norm="separate")
    if form == "sparse":
        source, target = (d.map_inputs(scipy.sparse.csr_array) for d in (task.source, task.target))
        task = dataclasses.replace(task, sources=(source,), target=target)
    if form == "own":
        task = task.with_setting(dataclasses.replace(task.setting, own_inputs=True))
        own = ((network.backbone, network.input_shape, network.hidden),)
        network = dataclasses.replace(network, target_inputs=own)
    place = SuiteTask(task=task, network=network, training=suite.tasks[0].training)
    suite = dataclasses.replace(suite, tasks=(place,))
    (pack,) = make_packs(suite, [find_method("source_only")], seeds=1, width=1)
    store = execute(tmp_path, [pack])
    record = load_record(store, pack.runs[0][0].digest)
    assert (record.plane is not None) == drawn and record.embedding is not None
