"""Debug mode: the first number that is not finite is named, and nothing else changes."""

import jax
import jax.numpy as jnp
import pytest

from tests.methods import toys
from xferlab.core.errors import InputError
from xferlab.core.settings import Setting
from xferlab.data.feeds.resident import to_resident
from xferlab.data.feeds.streamed import Streamed
from xferlab.losses.classification import cross_entropy
from xferlab.methods.base import Method, Term, method, static
from xferlab.methods.table import METHODS
from xferlab.training.debug import NotFiniteError, check_same_tree, jit_with_checks, with_checks
from xferlab.training.run import Member, StageCache, Training


@method
class Faulty(Method):
    """Goes wrong at one place of one step."""

    place: str = static()
    at: int = static(default=3)

    def init_state(self, params, statistics, target_size):
        return {"memory": {"of {1}": jnp.zeros(2)}}

    def loss(self, nets, batch, ctx):
        source, target = nets.forward(batch)
        bad = jnp.where(ctx.step == self.at, jnp.nan, 1.0)
        odd = target.features.mean()
        if self.place == "term":
            odd = odd * bad
        elif self.place == "gradient":
            odd = jnp.sqrt((target.features * 0).sum() + (ctx.step != self.at))
        return {
            "classification": Term(cross_entropy(source.logits, batch.source.labels).mean()),
            "odd": Term(odd, bad if self.place == "weight" else 1.0),
        }

    def after_update(self, state, nets, ctx):
        if self.place != "state":
            return state
        return jax.tree.map(lambda a: jnp.where(ctx.step == self.at, jnp.inf, a), state)


@pytest.fixture
def debugging(monkeypatch):
    monkeypatch.setattr(toys, "CACHE", StageCache(debug=True))


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("term", "term of phase 'train' odd/value at step 3"),
        ("weight", "term of phase 'train' odd/weight at step 3"),
        ("gradient", "gradient of phase 'train' encoder/backbone/layers/0/bias at step 3"),
        ("state", "state of the method memory/of {1} at step 3"),
    ],
)
def test_the_first_leaf_that_is_not_finite_is_named(debugging, place, words):
    training = toys.make_training(Faulty(place=place), options=toys.make_options(steps=8))
    training.advance(3)
    with pytest.raises(NotFiniteError) as raised:
        training.advance(8)
    assert words in str(raised.value)


def test_inputs_that_are_not_finite_are_named_before_what_follows_from_them(debugging):
    """No domain holds such numbers; what augments or scales them may make some."""
    data = to_resident(toys.make_task().training_arrays())
    spoilt = data.splits.target._replace(inputs=jnp.full_like(data.splits.target.inputs, jnp.inf))
    data = data._replace(splits=data.splits._replace(target=spoilt))
    setting = Setting.UNSUPERVISED_DA
    member = Member(METHODS["dann"], toys.make_options(), 0)
    training = Training(toys.make_spec(), [member], {setting: data}, setting, toys.CACHE)
    with pytest.raises(NotFiniteError, match="batch target/inputs at step 0"):
        training.advance(2)


@pytest.mark.parametrize("place", ["gradient", "nowhere"])
def test_a_streamed_run_is_checked_too(debugging, place):
    setting, options = Setting.UNSUPERVISED_DA, toys.make_options(steps=8)
    data = {setting: Streamed.of(toys.make_task().training_arrays())}
    member = Member(Faulty(place=place), options, 0)
    training = Training(toys.make_spec(), [member], data, setting, toys.CACHE)
    if place == "nowhere":
        training.advance(5)
        training.advance(8)
        return
    with pytest.raises(NotFiniteError, match=r"gradient of phase 'train' encoder/.* at step 3"):
        training.advance(8)


@pytest.mark.parametrize("name", ["dann", "wdgrl", "ada_bn", "shot", "self_ensembling"])
def test_a_sound_run_ends_where_it_does_without_checks(name, monkeypatch):
    ends = []
    for debug in (False, True):
        monkeypatch.setattr(toys, "CACHE", StageCache(debug=debug))
        training = toys.make_training(METHODS[name], options=toys.make_options(steps=8))
        training.advance(3)
        training.advance(8)
        ends.append(toys.snapshot(training.state))
    toys.assert_close(*ends, rtol=1e-4, atol=1e-6)


def test_runs_are_checked_one_by_one_on_one_device(debugging):
    members = [Member(METHODS["dann"], toys.make_options(), seed) for seed in (0, 1)]
    with pytest.raises(InputError, match="one by one; use a width of 1"):
        toys.make_training(METHODS["dann"], members=members)
    with pytest.raises(InputError, match="one device"):
        StageCache(jax.make_mesh((1, 1), ("run", "data")), debug=True)


def test_a_second_trace_is_a_fault():
    double = jit_with_checks(with_checks(lambda x: 2 * x))
    assert double(jnp.ones(2)).tolist() == [2, 2] == double(jnp.ones(2)).tolist()
    with pytest.raises(RuntimeError, match="traced a second time"):
        double(jnp.ones(3))


@pytest.mark.parametrize("change", [jnp.float16, lambda a: a[:1], lambda a: {"a": a}])
def test_a_step_keeps_the_trees(change):
    before = {"weights": jnp.ones(3)}
    check_same_tree(before, {"weights": jnp.zeros(3)})
    with pytest.raises(AssertionError):
        check_same_tree(before, {"weights": change(jnp.ones(3))})
