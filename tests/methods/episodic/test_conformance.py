"""What every method of episodes must satisfy, and how any method answers them.

They are no rows of `tests/methods/test_conformance.py` and `test_visibility.py`, whose task has
three classes that both domains share and batches in any order.
"""

import dataclasses
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.methods.episodic.toys import INPUTS_TOO, make_few_shot, train
from tests.methods.toys import assert_close, assert_same_bits, same_bits, snapshot
from xferlab.benchmark.runs.scoring import Scorer
from xferlab.core.batch import Episodes
from xferlab.core.errors import InputError
from xferlab.core.settings import Setting
from xferlab.data.feeds.episode_pieces import EpisodePieces
from xferlab.data.feeds.streamed import Streamed
from xferlab.methods.base import Method, Stage, Term, method
from xferlab.methods.closed_form.nearest_neighbour import NearestNeighbour
from xferlab.methods.dann import DANN
from xferlab.methods.episodic.maml import MAML
from xferlab.methods.episodic.prototypical import Prototypical
from xferlab.methods.episodic.table import EPISODIC
from xferlab.methods.source_only import SourceOnly
from xferlab.models.nets import Output
from xferlab.training.checkpoint import Checkpoint
from xferlab.training.closed_form import ClosedFormMember, ClosedFormRuns

TASK = make_few_shot()


class Row(NamedTuple):
    """A method as small as the task, and what it trains."""

    method: Method
    trains: set[str]


ROWS = {
    "prototypical": Row(Prototypical(ways=3, shots=2), {"encoder"}),
    "maml": Row(MAML(ways=3, shots=2, inner_steps=2), {"encoder", "episode_head"}),
}
each_method = pytest.mark.parametrize("name", ROWS)


def episodes_of(task):
    return EpisodePieces(task.target.splits["test"].inputs, task.drawn_episodes)


def accuracy(outputs, task=TASK):
    return float((outputs.logits.argmax(1) == task.drawn_episodes.labels.ravel()).mean())


@pytest.fixture(scope="module", params=ROWS)
def trained(request):
    """A training of two seeds, stacked, its state at the start and after six steps."""
    row = ROWS[request.param]
    training = train(row.method, seeds=(0, 1))
    before = snapshot(training.state)
    (log, _) = training.advance(6)
    return row, training, before, log


def test_every_method_has_a_row():
    assert list(ROWS) == list(EPISODIC)


def test_exactly_the_named_groups_change(trained):
    row, training, before, log = trained
    after = snapshot(training.state)
    changed = {g for g in after.params if not same_bits(before.params[g], after.params[g])}
    assert changed == row.trains and set(log.means) == {"episode"}
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(after))


def test_stacked_runs_are_single_ones(trained):
    row, training, _, _ = trained
    answers = training.answer(episodes_of(TASK))
    alone = train(row.method, seeds=(1,))
    alone.advance(6)
    own = jax.tree.map(lambda a: a[1], training.state)
    assert_close(own.params, alone.state.params, rtol=1e-3, atol=1e-5)
    (single,) = alone.answer(episodes_of(TASK))
    assert_close(answers[1]._asdict(), single._asdict(), rtol=1e-2, atol=1e-3)
    assert not same_bits(answers[0].logits, answers[1].logits)
    assert single.logits.shape == (20 * 12, 3)


@each_method
def test_streamed_and_resumed_runs_are_resident_ones(name, tmp_path):
    method = ROWS[name].method
    resident, streamed = train(method), train(method, feed=Streamed.of)
    resident.advance(3)
    checkpoint = Checkpoint(tmp_path / "checkpoint", "identity")
    checkpoint.save(resident, [])
    resumed = train(method)
    checkpoint.restore(resumed)
    for training in (resident, streamed, resumed):
        training.advance(6)
    assert_same_bits(resumed.state, resident.state)
    assert_close(streamed.state.params, resident.state.params, rtol=1e-4, atol=1e-6)


def test_labels_of_the_target_change_scores_alone():
    """Those of its test split are a support's: an answer is shown them, training never is."""
    rng = np.random.default_rng(0)
    splits = {
        name: dataclasses.replace(split, labels=rng.permutation(split.labels))
        for name, split in TASK.target.splits.items()
    }
    permuted = dataclasses.replace(TASK, target=dataclasses.replace(TASK.target, splits=splits))
    runs = [train(Prototypical(ways=3, shots=2), task=task) for task in (TASK, permuted)]
    for training in runs:
        training.advance(6)
    assert_same_bits(runs[0].state, runs[1].state)
    scores = [
        Scorer(task).score(training, last=True)[0]
        for task, training in zip((TASK, permuted), runs, strict=True)
    ]
    assert scores[0].metrics["accuracy"] > scores[1].metrics["accuracy"] + 0.2
    differing = {k for k, v in scores[0].validators.items() if v != scores[1].validators[k]}
    assert differing == {"oracle"} and set(scores[0].validators) == {"oracle", "source_accuracy"}


@method
class Cosine(Method):
    """From outside: episodes in training, and an answer of its own."""

    needs: ClassVar[Setting] = Setting.FEW_SHOT
    scale: float = 10.0

    def stages(self):
        return (Stage(self, sampler=Episodes(2)),)

    def loss(self, nets, batch, ctx):
        half = batch.source.inputs.shape[0] // 2
        features = nets.encode(batch.source.inputs, role="source")
        first, second = features[:half].mean(0), features[half:].mean(0)
        return {"near": Term(jnp.exp(-((first - second) ** 2).sum()))}

    def predict_episode(self, nets, support, queries, state, *, ways):
        known, asked = (nets.apply(x).features for x in (support.inputs, queries))
        members = jax.nn.one_hot(support.labels, ways).T @ known
        similar = asked @ members.T / jnp.linalg.norm(members, axis=1)[None]
        return Output(asked, self.scale * similar)


@pytest.mark.parametrize(
    ("method", "setting"),
    [(SourceOnly(), Setting.FEW_SHOT), (DANN(), INPUTS_TOO), (Cosine(), Setting.FEW_SHOT)],
    ids=lambda value: type(value).__name__ if isinstance(value, Method) else "",
)
def test_any_method_answers_episodes(method, setting):
    task = dataclasses.replace(TASK, setting=setting)
    training = train(method, task=task)
    training.advance(6)
    (score,) = Scorer(task).score(training, last=True)
    (outputs,) = training.answer(episodes_of(task))
    assert score.metrics["accuracy"] == pytest.approx(accuracy(outputs))
    per_episode = outputs.logits.argmax(1).reshape(20, -1) == task.drawn_episodes.labels
    assert score.metrics["accuracy"] == pytest.approx(per_episode.mean(axis=1).mean())
    assert score.metrics["accuracy"] > 0.6
    np.testing.assert_array_equal(score.predictions[0], outputs.logits.argmax(1))


def test_closed_form_methods_answer_by_their_features():
    runs = ClosedFormRuns([ClosedFormMember(NearestNeighbour(), 0)], TASK)
    (score,) = Scorer(TASK).score(runs, last=True)
    assert score.metrics["accuracy"] > 0.9


def test_an_evaluation_before_the_last_looks_at_whole_episodes(monkeypatch):
    monkeypatch.setattr("xferlab.benchmark.runs.scoring.LEAST_TESTED", 1)
    training = train(SourceOnly())
    scorer = Scorer(TASK, most=320 + 30)
    few, whole = (scorer.score(training, last=last)[0].predictions[0] for last in (False, True))
    seen = few >= 0
    assert 0 < seen.sum() < 240 and seen.sum() % 12 == 0
    np.testing.assert_array_equal(few[seen], whole[seen])


def test_a_bad_answer_is_named():
    @method
    class Wide(Method):
        def loss(self, nets, batch, ctx):
            return {"norm": Term((nets.apply(batch.source.inputs).logits ** 2).mean())}

        def predict_episode(self, nets, support, queries, state, *, ways):
            return nets.apply(queries)

    message = r"Wide: predict_episode gave logits as .*\[12, 6\]; the shape is \[12, 3\]"
    with pytest.raises(InputError, match=message):
        train(Wide()).answer(episodes_of(TASK))
