"""Target classes that the source lacks, from training to table: unknown, for scores only."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

import xferlab
from tests.benchmark.tiny import execute, tiny_suite
from tests.methods.toys import make_spec, make_task
from xferlab.benchmark.runs.kept import kept_packs
from xferlab.benchmark.runs.methods import Candidate, find_recipe
from xferlab.benchmark.runs.plan import make_packs
from xferlab.benchmark.runs.reverse import check_way_back
from xferlab.benchmark.store.load import load_record
from xferlab.benchmark.store.scores import with_scores
from xferlab.benchmark.suites.suite import SuiteTask
from xferlab.core.errors import InputError
from xferlab.core.settings import Setting
from xferlab.data.domain import Domain
from xferlab.data.split import Split
from xferlab.losses import cross_entropy
from xferlab.methods import Method, Term, method


@method
class Doubts(Method):
    """A foreign method that takes examples far from every class for unknown ones."""

    limit: float = 0.6

    def loss(self, nets, batch, ctx):
        source, _ = nets.forward(batch)
        return {"classification": Term(cross_entropy(source.logits, batch.source.labels).mean())}

    def predict(self, nets, inputs, state, *, role):
        output = nets.apply(inputs, role=role)
        sure = jnp.max(jnp.exp(output.logits) / jnp.exp(output.logits).sum(1, keepdims=True), 1)
        return output._replace(unknown=self.limit - sure)


def open_task():
    """The source has the classes a and c; of the target all examples of b are unknown."""
    task = make_task()
    source = {}
    for name, split in task.source.splits.items():
        rows = np.flatnonzero(split.labels != 1)
        source[name] = Split(split.inputs[rows], split.labels[rows] // 2)
    return dataclasses.replace(
        task, sources=(Domain("source", source, ("a", "c")),), setting=Setting.OPEN_SET_DA
    )


def packs(task):
    suite = tiny_suite(8, task=None)
    network = make_spec(heads=(("class", 2),))
    place = SuiteTask(task=task, network=network, training=suite.tasks[0].training)
    suite = dataclasses.replace(suite, tasks=(place,))
    methods = [Candidate("doubts", Doubts()), Candidate("never", Doubts(limit=-1.0))]
    return make_packs(suite, methods, seeds=1, width=1)


def records_of(folder, task):
    """Trains both methods and returns what is kept of them."""
    made = packs(task)
    store = execute(folder, made)
    return [load_record(store, spec.digest) for pack in made for spec, _ in pack.runs]


def test_unknown_examples_are_scored_as_a_class_of_their_own(tmp_path):
    task = open_task()
    truth = task.target.splits["test"].labels  # a 0, b 1, c 2
    truth = np.choose(truth, [0, 2, 1])  # a 0, c 1, unknown 2
    for record in records_of(tmp_path, task):
        assert record.num_classes == 3 and record.confusion.shape == (3, 3)
        np.testing.assert_array_equal(record.labels, truth)
        predicted, last = record.predictions[-1], record.evaluations[-1]
        assert last.metrics["accuracy"] == pytest.approx((predicted == truth).mean())
        assert (predicted == 2).any() == (record.method == "doubts")
        assert record.confusion.sum(axis=1).tolist() == np.bincount(truth).tolist()
        assert last.validators["oracle"] == pytest.approx(last.metrics["accuracy"])


def test_own_data_with_unknown_classes_have_tables_of_hos_beside():
    """HOS is the harmonic mean of the tables behind it, whose recalls scikit-learn gives."""
    task = open_task()
    doubts = f"{__file__}:Doubts"
    table = xferlab.compare(
        task.source, task.target, methods=["source_only", doubts], seeds=1, steps=30,
        setting=Setting.OPEN_SET_DA,
    )  # fmt: skip
    assert list(table.by_metric) == ["accuracy", "hos", "os_star", "unk"]
    shown = {
        name: each.cells.set_index(["rule", "method"])["mean"]
        for name, each in table.by_metric.items()
    }
    for key in shown["hos"].index:
        if key[0] == "oracle":  # Each metric's takes its own best.
            continue
        known, unknown = shown["os_star"][key], shown["unk"][key]
        mean = 2 * known * unknown / (known + unknown) if known and unknown else 0.0
        assert shown["hos"][key] == pytest.approx(mean)
    assert shown["hos"]["last", "source_only"] == 0.0
    alone = dataclasses.replace(task.source, name="other")
    closed = xferlab.compare(task.source, alone, methods=["source_only"], seeds=1, steps=30)
    assert list(closed.by_metric) == ["accuracy"]


def test_labels_of_unknown_examples_reach_nothing_that_is_trained(tmp_path):
    """Unknown examples change their names among themselves and with others: all bits stay."""
    task = open_task()
    rng = np.random.default_rng(0)
    splits = {
        name: dataclasses.replace(split, labels=rng.permutation(split.labels))
        for name, split in task.target.splits.items()
    }
    other = dataclasses.replace(task, target=dataclasses.replace(task.target, splits=splits))
    found = []
    for number, each in enumerate((task, other)):
        records = records_of(tmp_path / str(number), each)
        found.append({record.method: record for record in records})
    for name, record in found[0].items():
        np.testing.assert_array_equal(record.predictions, found[1][name].predictions)
        scores = [run[name].evaluations[-1].validators for run in found]
        assert all(scores[0][v] == scores[1][v] for v in scores[0] if v != "oracle")


def test_validators_of_later_see_what_was_taken_for_unknown(tmp_path):
    """Source examples that a method takes for unknown are wrong, now and later."""
    made = packs(open_task())
    store = execute(tmp_path, made)
    for spec, _ in (run for pack in made for run in pack.runs):
        record = load_record(store, spec.digest)
        bare = tuple(dataclasses.replace(e, validators={}) for e in record.evaluations)
        (later,) = with_scores(
            store, [dataclasses.replace(record, evaluations=bare)], "source_accuracy"
        )
        for now, then in zip(later.evaluations, record.evaluations, strict=True):
            assert now.validators["source_accuracy"] == then.validators["source_accuracy"]


def test_there_is_no_way_back():
    with pytest.raises(InputError, match="'open_set_da'; reverse validation is defined where"):
        check_way_back(open_task())


def test_runs_on_open_classes_begin_with_kept_stages(tmp_path):
    (pack, _) = packs(open_task())
    candidate = Candidate("doubts", Doubts(), recipe=find_recipe("pretrained"))
    suite = dataclasses.replace(tiny_suite(), tasks=(pack.suite_task,))
    made = make_packs(suite, [candidate], seeds=1, width=1)
    (kept,) = kept_packs(made, 1)
    assert kept.task.setting.classes == "open"
    assert execute(tmp_path, made).has(made[0].runs[0][0].digest)
