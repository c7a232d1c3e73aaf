"""The one step: what it trains, how phases and stages differ, how loop and scan agree."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.methods.toys import (
    assert_close,
    make_options,
    make_spec,
    make_task,
    quick_jit,
    same_bits,
    snapshot,
)
from xferlab.core.errors import InputError
from xferlab.data.feeds.resident import to_resident
from xferlab.losses.classification import cross_entropy
from xferlab.methods.base import Method, Phase, Stage, Term, method, static
from xferlab.methods.source_only import SourceOnly
from xferlab.methods.table import METHODS
from xferlab.training.scan import batch_at, run_chunk
from xferlab.training.stage import make_stage
from xferlab.training.step import train_step

TASK = make_task(sizes=(40, 30))
SPEC = make_spec(bottleneck=0)
OPTIONS = make_options(steps=8, batch_sizes=(6, 5))
DATA = to_resident(TASK.training_arrays())


def start(some_method, options=OPTIONS, spec=SPEC, seed=0):
    """The functions of a stage and its first state."""
    functions = make_stage(spec, Stage(some_method), options, options.steps)
    key = jax.random.key(seed)
    return functions, functions.init(some_method, options, key, ({}, {}), 30)


@method
class OnePhase(Method):
    """One phase of another method."""

    inner: Method = static()
    number: int = static()

    def phases(self):
        return (self.inner.phases()[self.number],)

    def extra_networks(self, spec, features, rngs):
        return self.inner.extra_networks(spec, features, rngs)

    def init_state(self, params, statistics, target_size):
        return self.inner.init_state(params, statistics, target_size)

    def loss(self, nets, batch, ctx):
        raise NotImplementedError


PHASES = [
    ("adda", 0, {"discriminator"}),
    ("adda", 1, {"encoder"}),
    ("mcd", 0, {"encoder", "heads", "second_head"}),
    ("mcd", 1, {"heads", "second_head"}),
    ("mcd", 2, {"encoder"}),
    ("wdgrl", 0, {"critic"}),
    ("wdgrl", 1, {"encoder", "heads"}),
]


@pytest.mark.parametrize(("name", "number", "trains"), PHASES)
def test_a_phase_trains_the_groups_that_it_names(name, number, trains):
    only = OnePhase(inner=METHODS[name], number=number)
    functions, state = start(only)
    step = quick_jit(
        lambda state: train_step(
            functions.program, state, only, OPTIONS, batch_at(state, OPTIONS, DATA)
        )[0]
    )
    after = step(state)
    for part in ("params", "optimiser"):
        old, new = getattr(state, part), getattr(after, part)
        assert {g for g in new if not same_bits(old[g], new[g])} == trains


@pytest.mark.parametrize("name", METHODS)
def test_phases_name_themselves_apart(name):
    names = [phase.name for phase in METHODS[name].phases()]
    assert len(set(names)) == len(names)


@method
class Misnamed(Method):
    def phases(self):
        return (Phase("train", self.loss, trains=("decoder",)),)

    def loss(self, nets, batch, ctx):
        raise NotImplementedError


def test_a_phase_that_trains_an_unknown_group():
    message = r"Misnamed.*phase 'train', which trains 'decoder'.*\['encoder', 'heads'\]"
    with pytest.raises(InputError, match=message):
        start(Misnamed())


def test_single_steps_are_the_chunk():
    """For the perceptron to the bit, also where the chunk is cut in two."""
    dann = METHODS["dann"]
    functions, state = start(dann)

    @quick_jit
    def step(state):
        return train_step(functions.program, state, dann, OPTIONS, batch_at(state, OPTIONS, DATA))

    chunk = quick_jit(
        lambda state, until: run_chunk(functions.program, state, dann, OPTIONS, DATA, until)
    )
    looped, sums = state, []
    for _ in range(5):
        looped, terms = step(looped)
        sums.append(terms)
    scanned, log = chunk(state, jnp.int32(5))
    assert_close(scanned.params, looped.params, rtol=1e-5, atol=1e-7)
    assert_close(log.sums, jax.tree.map(lambda *t: sum(t), *sums), rtol=1e-5)
    halves, _ = chunk(chunk(state, jnp.int32(2))[0], jnp.int32(5))
    assert same_bits(halves, scanned)
    assert chunk._cache_size() == step._cache_size() == 1


def test_multipliers_by_path():
    """Frozen leaves keep their bits; halved ones move by half in the first step."""
    moves = {}
    for rules in (
        (("**", 1.0),),
        (("encoder/**/bias", 0.0), ("encoder/**", 0.5), ("**", 1.0)),
    ):
        options = dataclasses.replace(OPTIONS, lr_rules=rules)
        source_only = SourceOnly()
        functions, state = start(source_only, options)
        after, _ = quick_jit(
            lambda s, f=functions, o=options: run_chunk(
                f.program, s, SourceOnly(), o, DATA, jnp.int32(1)
            )
        )(state)
        moves[rules] = jax.tree.map(lambda a, b: np.asarray(b - a), state.params, after.params)
    whole, ruled = moves.values()
    layer, ruled_layer = (m["encoder"]["backbone"]["layers"][0] for m in (whole, ruled))
    assert not ruled_layer["bias"].any() and layer["bias"].any()
    np.testing.assert_allclose(ruled_layer["kernel"], layer["kernel"] / 2, rtol=1e-3, atol=1e-7)
    assert_close(ruled["heads"], whole["heads"], rtol=1e-3, atol=1e-7)


@method
class Projecting(Method):
    """PCGrad (Yu et al. 2020) with two terms: each gradient loses what opposes the other."""

    project: bool = static(default=True)

    @property
    def per_term_gradients(self):
        return self.project

    def loss(self, nets, batch, ctx):
        source = nets.apply(batch.source.inputs)
        return {
            "classification": Term(cross_entropy(source.logits, batch.source.labels).mean()),
            "size": Term(-(source.logits**2).mean(), 0.5),
        }

    def combine_gradients(self, gradients, ctx):
        first, second = gradients["classification"], gradients["size"]

        def dot(a, b):
            return sum(jnp.vdot(x, y) for x, y in zip(*map(jax.tree.leaves, (a, b)), strict=True))

        inner = jnp.minimum(dot(first, second), 0.0)
        lengths = dot(first, first), dot(second, second)
        return jax.tree.map(
            lambda a, b: a - inner / lengths[1] * b + b - inner / lengths[0] * a, first, second
        )


def first_update(some_method):
    """Minus the gradient: the first update of plain SGD over the learning rate."""
    options = dataclasses.replace(OPTIONS, momentum=0.0)
    functions, state = start(some_method, options)
    after, _ = quick_jit(
        lambda s: train_step(functions.program, s, some_method, options, batch_at(s, options, DATA))
    )(state)
    before, after = (
        np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(s.params)])
        for s in (state, after)
    )
    return (before - after) / options.lr


def test_combine_gradients():
    @method
    class OneTerm(Method):
        name: str = static()

        def loss(self, nets, batch, ctx):
            return {self.name: Projecting.loss(self, nets, batch, ctx)[self.name]}

    a, b = (first_update(OneTerm(name=name)) for name in ("classification", "size"))
    assert a @ b < 0
    expected = a - (a @ b) / (b @ b) * b + b - (a @ b) / (a @ a) * a
    np.testing.assert_allclose(first_update(Projecting()), expected, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(first_update(Projecting(project=False)), a + b, rtol=1e-3, atol=1e-4)


def test_ada_bn_moves_the_averages_alone_to_the_mean_over_target_batches():
    spec, ada_bn = make_spec(), METHODS["ada_bn"]
    functions, state = start(ada_bn, spec=spec)
    state = state._replace(params=jax.tree.map(lambda a: a + 0.1, state.params))
    before = snapshot(state)
    draw = quick_jit(lambda state: batch_at(state, OPTIONS, DATA).target.inputs)
    batches = [np.asarray(draw(state._replace(step=jnp.int32(i)))) for i in range(4)]
    after, log = quick_jit(
        lambda s: run_chunk(functions.program, s, ada_bn, OPTIONS, DATA, jnp.int32(4))
    )(state)
    assert log.sums == {}
    assert same_bits(after.params, before.params)
    encoder = before.params["encoder"]

    def before_norm(x):
        layer, bottleneck = encoder["backbone"]["layers"][0], encoder["bottleneck"]
        hidden = np.maximum(x @ layer["kernel"] + layer["bias"][None], 0)
        return hidden @ bottleneck["kernel"] + bottleneck["bias"][None]

    values = [before_norm(x) for x in batches]
    norm = after.statistics["encoder"]["norm"]
    np.testing.assert_allclose(
        norm["mean"][0], np.mean([v.mean(axis=0) for v in values], axis=0), rtol=1e-4
    )
    variances = [v.var(axis=0, ddof=1) for v in values]
    np.testing.assert_allclose(norm["var"][0], np.mean(variances, axis=0), rtol=1e-3)
