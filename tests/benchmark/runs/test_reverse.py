"""Reverse validation: a run back from its own labels, and no look at the target's."""

import dataclasses

import numpy as np
import pytest

from tests.benchmark.test_label_permutation import permuted
from tests.benchmark.tiny import execute, tiny_suite, tiny_task
from xferlab.benchmark.runs.methods import find_method
from xferlab.benchmark.runs.plan import Candidate, make_packs
from xferlab.benchmark.runs.reverse import check_reversed, constant_score, reverse_task
from xferlab.benchmark.store.load import load_record
from xferlab.benchmark.store.records import REVERSE_VALIDATION
from xferlab.benchmark.tables.selection import select
from xferlab.core.errors import InputError
from xferlab.core.heads import Labels
from xferlab.data.domain import Domain
from xferlab.data.feeds.resident import to_resident
from xferlab.data.made.moons import moons
from xferlab.data.task import TransferTask
from xferlab.methods.closed_form.coral import CORAL
from xferlab.training.run import Member, StageCache, Training

GRID = ({}, {"weight": 0.1})
CONSTANT = """
import jax.numpy as jnp
from xferlab.methods import Method, Term, method
from xferlab.models.nets import Output

@method
class Constant(Method):
    weight: float = 1.0

    def loss(self, nets, batch, ctx):
        source, _ = nets.forward(batch)
        return {"size": Term((source.logits**2).mean(), self.weight)}

    def predict(self, nets, inputs, state, *, role):
        output = nets.apply(inputs)
        return Output(output.features, jnp.zeros_like(output.logits).at[:, 1].set(1.0))
"""


def swept(*names, task=None, grid=GRID, validator=REVERSE_VALIDATION, width=1):
    """The packs of the tiny suite; the first method has a grid, the others none."""
    suite = tiny_suite(task=task)
    header = dataclasses.replace(suite.header, validator=validator)
    first, *others = [find_method(name) for name in names]
    return make_packs(
        dataclasses.replace(suite, header=header),
        [first._replace(grid=grid), *others],
        seeds=1,
        width=width,
    )


def run(folder, packs):
    store = execute(folder, packs)
    return [load_record(store, spec.digest) for pack in packs for spec, _ in pack.runs]


def scores(record):
    return [each.validators.get(REVERSE_VALIDATION) for each in record.evaluations]


def lopsided_task():
    """The tiny task; three of four held-out source examples are of class 1."""
    task = tiny_task()
    test = task.source.splits["test"]
    kept = np.concatenate(
        [np.flatnonzero(test.labels == 0)[:3], np.flatnonzero(test.labels == 1)[:9]]
    )
    splits = dict(task.source.splits) | {"test": type(test)(test.inputs[kept], test.labels[kept])}
    source = Domain(task.source.name, splits, task.source.class_names)
    return dataclasses.replace(task, sources=(source,))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    packs = swept("dann", "source_only", "target_only")
    return packs, run(tmp_path_factory.mktemp("runs"), packs)


def by_hand(spec, method, task):
    """A training of one run, to its last step, with none of the benchmark's code."""
    data = {task.setting: to_resident(task.training_arrays())}
    member = Member(method, spec.training, spec.random_seed)
    training = Training(spec.network, [member], data, task.setting, StageCache())
    training.advance(spec.training.steps)
    return training


def classes_of(training, split):
    (output,) = training.predict(split.inputs, "target")
    return output.logits.argmax(axis=1)


def test_the_swept_method_has_a_score_at_its_last_evaluation(finished):
    _, (plain, weak, source_only, target_only) = finished
    for record in (plain, weak):
        first, last = scores(record)
        assert first is None and 0 <= last <= 1
    assert scores(source_only) == scores(target_only) == [None, None]


def test_the_score_is_that_of_a_run_back_by_hand(finished):
    packs, records = finished
    for pack, record in zip(packs[:2], records, strict=False):
        ((spec, method),) = pack.runs
        source, target = pack.task.source, pack.task.target
        there = by_hand(spec, method, pack.task)
        labels = classes_of(there, target.splits["train"])
        assert set(labels) == {0, 1}
        made = dataclasses.replace(target.splits["train"], labels=labels)
        back = TransferTask(
            "back",
            (Domain("labelled", {"train": made, "test": made}, target.class_names),),
            source,
            pack.task.setting,
        )
        held_out = source.splits["test"]
        right = classes_of(by_hand(spec, method, back), held_out) == held_out.labels
        assert scores(record)[-1] == pytest.approx(right.mean())


def test_the_rule_takes_last_checkpoints_and_the_best_hyper_parameters(finished):
    _, records = finished
    chosen = select(records, REVERSE_VALIDATION).set_index("method")
    assert set(chosen["step"]) == {6}
    last = select(records, "last").set_index("method")
    assert chosen.loc["source_only", "value"] == last.loc["source_only", "value"]
    best = max(records[:2], key=lambda record: scores(record)[-1])
    assert chosen.loc["dann", "hyper"] == best.hyper
    assert chosen.loc["dann", "value"] == best.evaluations[-1].metrics["accuracy"]


def test_the_rule_follows_the_score(finished):
    _, (plain, weak, *_) = finished
    for high in (plain, weak):
        given = [with_score(record, 0.9 if record is high else 0.2) for record in (plain, weak)]
        assert list(select(given, REVERSE_VALIDATION)["hyper"]) == [high.hyper]


def with_score(record, score):
    *before, last = record.evaluations
    validators = dict(last.validators) | {REVERSE_VALIDATION: score}
    return dataclasses.replace(
        record, evaluations=(*before, dataclasses.replace(last, validators=validators))
    )


def test_target_labels_change_nothing(finished, tmp_path):
    _, records = finished
    task = tiny_task(permuted(moons(rotation_degrees=35.0, points=20)))
    others = run(tmp_path, swept("dann", task=task))
    assert records[0].evaluations[-1].metrics != others[0].evaluations[-1].metrics
    assert [scores(record) for record in others] == [scores(record) for record in records[:2]]


def test_runs_of_one_program_are_scored_one_by_one(finished, tmp_path):
    _, records = finished
    packs = swept("dann", width=2)
    assert [len(pack.runs) for pack in packs] == [2]
    together = run(tmp_path, packs)
    for record, alone in zip(together, records, strict=False):
        # Stacked runs may differ in last bits, so that an example may change sides.
        assert scores(record)[-1] == pytest.approx(scores(alone)[-1], abs=0.11)


def test_a_sweep_without_the_score_is_refused_under_the_rule(tmp_path):
    packs = swept("dann", validator="entropy")
    assert not any(pack.reverse for pack in packs)
    records = run(tmp_path, packs)
    assert [scores(record) for record in records] == [[None, None]] * 2
    with pytest.raises(InputError, match=r"no score by reverse validation.*another --out"):
        select(records, REVERSE_VALIDATION)
    assert select(records[:1], REVERSE_VALIDATION)["step"].tolist() == [6]


def test_a_constant_answer_gets_its_share_of_held_out_source(tmp_path):
    (tmp_path / "constant.py").write_text(CONSTANT)
    packs = swept(str(tmp_path / "constant.py"), task=lopsided_task())
    for record in run(tmp_path / "runs", packs):
        assert scores(record)[-1] == 9 / 12


def test_the_task_back():
    task = lopsided_task()
    labels = np.arange(20) % 2
    back = reverse_task(task, labels)
    assert back.setting is task.setting and back.target is task.source
    np.testing.assert_array_equal(back.source.splits["train"].labels, labels)
    np.testing.assert_array_equal(
        back.source.splits["train"].inputs, task.target.splits["train"].inputs
    )
    assert not hasattr(back.training_arrays().target, "labels")
    for answer, share in ((0, 3 / 12), (1, 9 / 12)):
        assert reverse_task(task, np.full(20, answer)) is None
        assert constant_score(task, np.full(20, answer)) == share


def test_closed_form_methods_are_fitted_back(tmp_path):
    task = lopsided_task()
    candidate = Candidate("coral", CORAL(classifier="1nn"), grid=({}, {"ridge": 0.1}))
    suite = tiny_suite(task=task)
    header = dataclasses.replace(suite.header, validator=REVERSE_VALIDATION)
    packs = make_packs(dataclasses.replace(suite, header=header), [candidate], seeds=1, width=2)
    records = run(tmp_path, packs)
    target, held_out = task.target.splits["train"], task.source.splits["test"]
    for (spec, method), record in zip(packs[0].runs, records, strict=True):
        options = {"num_classes": 2, "seed": spec.random_seed}
        there = method.fit(task.training_arrays(), **options)
        labels = there.predict(target.inputs, role="target").logits.argmax(axis=1)
        batch = task.training_arrays()
        back = method.fit(
            batch._replace(
                source=batch.source._replace(
                    inputs=target.inputs, by_head=(Labels(labels),), index=batch.target.index
                ),
                target=batch.target._replace(
                    inputs=task.source.splits["train"].inputs, index=batch.source.index
                ),
            ),
            **options,
        )
        right = (
            back.predict(held_out.inputs, role="target").logits.argmax(axis=1) == held_out.labels
        )
        assert scores(record) == [pytest.approx(right.mean())]


def test_batches_that_do_not_fit_the_way_back_are_refused_before_training():
    task = tiny_task()
    n, m = (len(d.splits["train"].labels) for d in (task.source, task.target))
    with pytest.raises(InputError, match=f"trains from {m} target to {n} source"):
        check_reversed(task, (m + 1, n))
    with pytest.raises(InputError, match=f"trains from {m} target to {n} source"):
        check_reversed(task, (m, n + 1))
    check_reversed(task, (m, n))
