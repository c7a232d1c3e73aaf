"""Recipes: where stages end, what passes between them, and very short runs of every method."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from tests.methods.toys import (
    assert_same_bits,
    make_options,
    make_task,
    make_training,
    same_bits,
    snapshot,
)
from xferlab.core.errors import InputError
from xferlab.methods.ada_bn import AdaBN
from xferlab.methods.base import Method, Stage, method, static
from xferlab.methods.cdan import CDAN
from xferlab.methods.dann import DANN
from xferlab.methods.source_only import SourceOnly
from xferlab.methods.table import METHODS
from xferlab.training.recipe import stage_bounds, stages_of

TASK = make_task(sizes=(40, 30))


def options(steps):
    return make_options(steps=steps, batch_sizes=(12, 10))


@pytest.mark.fast
@pytest.mark.parametrize(
    ("fractions", "steps", "ends"),
    [
        ((1.0,), 7, [7]),
        ((0.5, 0.5), 9, [4, 9]),
        ((0.9, 0.1), 400, [360, 400]),
        ((1 / 3, 1 / 3, 1 / 3), 10, [3, 7, 10]),
        ((0.9, 0.1), 4, [3, 4]),
        ((0.1, 0.9), 4, [1, 4]),
        ((0.98, 0.01, 0.01), 5, [3, 4, 5]),
        ((0.01, 0.98, 0.01), 3, [1, 2, 3]),
        ((0.5, 0.5), 2, [1, 2]),
    ],
)
def test_stages_end_at_their_share_and_take_a_step_at_least(fractions, steps, ends):
    assert stage_bounds([Stage(SourceOnly(), f) for f in fractions], steps) == ends


@pytest.mark.parametrize("name", METHODS)
def test_every_stage_of_every_method_takes_place_in_the_shortest_run(name, monkeypatch):
    stages = METHODS[name].stages()
    training = make_training(METHODS[name], task=TASK, options=options(len(stages)))
    seen = []
    for step in range(1, len(stages) + 1):
        training.advance(step)
        seen.append(training.stage)
    assert seen == list(range(len(stages)))
    if len(stages) > 1:
        number = f"{len(stages) - 1}"
        with pytest.raises(InputError, match=rf"steps is {number},.*stage {len(stages)} \("):
            make_training(METHODS[name], task=TASK, options=options(len(stages) - 1))


def test_ada_bn_in_four_steps_is_not_source_only():
    trained = [
        make_training(METHODS[name], task=TASK, options=options(4))
        for name in ("source_only", "ada_bn")
    ]
    for training in trained:
        training.advance(4)
    first, second = (training.state.statistics for training in trained)
    assert not same_bits(first, second)


@method
class Recipe(Method):
    """Stages that a test gives."""

    given: tuple[Stage, ...] = static()

    def stages(self):
        return self.given

    def loss(self, nets, batch, ctx):
        raise NotImplementedError


def enter_second(*stages):
    """The state at the end of the first stage and at the start of the second."""
    training = make_training(Recipe(given=stages), task=TASK, options=options(6))
    training.advance(3)
    first = snapshot(training.state)
    training.restore(1, lambda template: template)
    return first, training.state


def test_extra_networks_pass_from_stage_to_stage():
    first, second = enter_second(Stage(DANN(), 0.5), Stage(DANN(weight=0.1), 0.5))
    assert set(second.params) == {"encoder", "heads", "discriminator"}
    assert_same_bits(second.params, first.params)
    assert_same_bits(second.statistics, first.statistics)


def test_a_fresh_network_is_drawn_anew():
    fresh = Stage(DANN(), 0.5, fresh=("discriminator",))
    first, second = enter_second(Stage(DANN(), 0.5), fresh)
    assert not same_bits(second.params["discriminator"], first.params["discriminator"])
    assert_same_bits(second.params["encoder"], first.params["encoder"])


def test_a_network_of_the_same_name_and_other_shapes_is_refused():
    with pytest.raises(InputError, match=r"'discriminator' has other shapes.*fresh="):
        enter_second(Stage(DANN(), 0.5), Stage(CDAN(), 0.5))
    _, second = enter_second(Stage(DANN(), 0.5), Stage(CDAN(), 0.5, fresh=("discriminator",)))
    kernel = jax.tree.leaves(second.params["discriminator"]["net"]["hidden"])[1]
    assert np.shape(kernel)[0] == 18


def test_a_stage_that_has_no_such_network_drops_it():
    first, second = enter_second(Stage(DANN(), 0.5), Stage(SourceOnly(), 0.5))
    assert set(second.params) == {"encoder", "heads"}
    assert_same_bits(second.params, {k: first.params[k] for k in second.params})


WRONG = [
    ((), "not a tuple of at least one Stage"),
    ([], "not a tuple of at least one Stage"),
    (None, "gave None, not a tuple"),
    (3, "gave 3, not a tuple"),
    (SourceOnly(), "gave SourceOnly"),
    ((SourceOnly(),), r"as stage 1 SourceOnly.*not a Stage\("),
    (((SourceOnly(), 1.0),), r"as stage 1 \(SourceOnly.*not a Stage\("),
    ((Stage(SourceOnly),), "a Stage of <class.*not of a method"),
    ((Stage("dann"),), "a Stage of 'dann'"),
    ((Stage(SourceOnly(), "half"),), r"fraction 'half', not a number in \(0, 1\]"),
    ((Stage(SourceOnly(), 0.0), Stage(AdaBN())), r"as stage 1 the fraction 0\.0"),
    ((Stage(SourceOnly(), 1.5), Stage(AdaBN(), -0.5)), r"as stage 1 the fraction 1\.5"),
    ((Stage(SourceOnly(), 1.0), Stage(AdaBN(), -0.5)), r"as stage 2 the fraction -0\.5"),
    ((Stage(SourceOnly(), float("nan")),), "the fraction nan"),
    ((Stage(SourceOnly(), True),), "the fraction True"),
    ((Stage(SourceOnly(), 1.0, "source_free"),), "setting 'source_free', neither"),
    ((Stage(SourceOnly(), fresh="heads"),), "fresh='heads', not a tuple"),
    ((Stage(SourceOnly(), 0.5), Stage(AdaBN(), 0.3)), r"0\.5, 0\.3, which add up to 0\.8, not"),
    ((Stage(SourceOnly(), 0.5),), r"add up to 0\.5"),
    ((Stage(SourceOnly(), rates={"**": 1.0}),), r"rates=\{.*not a tuple of \(pattern, multi"),
    ((Stage(SourceOnly(), rates=(("**", -1.0),)),), r"rates=\(\('\*\*', -1\.0\),\), not a tuple"),
    ((Stage(SourceOnly(), rates=(("**", True),)),), "rates=.*not a tuple"),
    ((Stage(SourceOnly(), rates=(("", 1.0),)),), "rates=.*not a tuple"),
    ((Stage(SourceOnly(), rates=(("**", float("inf")),)),), "rates=.*not a tuple"),
    ((Stage(SourceOnly(), options=(("momentum", 0.5),)),), "options=.*'lr' or 'weight_decay'"),
    ((Stage(SourceOnly(), options=(("lr", "0.5"),)),), "options=.*'lr' or 'weight_decay'"),
    ((Stage(SourceOnly(), adapter=4),), "adapter=4, neither None nor an adapter such as LoRA"),
    (
        (Stage(SourceOnly(), sampler="per_clas"),),
        r"sampler='per_clas'.*none of shuffled, in_order, per_class",
    ),
    ((Stage(SourceOnly(), sampler=None),), "sampler=None, none of shuffled"),
    ((Stage(SourceOnly(), kept=1),), "kept=1, neither True nor False"),
    ((Stage(SourceOnly(), kept=True),), "kept stages alone"),
    ((Stage(SourceOnly()), Stage(SourceOnly(), kept=True)), "stage 2 or later a kept one; kept"),
    ((Stage(SourceOnly(), 0.0, kept=True), Stage(AdaBN())), r"fraction 0\.0, not.*\(0, inf\]"),
    ((Stage(SourceOnly(), 0.5, kept=True), Stage(AdaBN(), 0.5)), r"0\.5, which add up to 0\.5"),
]


class Unchecked:
    """Stands for structure of any kind, hashable or not."""

    def __init__(self, value):
        self.value = value


@method
class Gives(Method):
    box: Unchecked = static()

    def stages(self):
        return self.box.value

    def loss(self, nets, batch, ctx):
        raise NotImplementedError


@pytest.mark.fast
@pytest.mark.parametrize(("stages", "message"), WRONG)
def test_what_is_no_recipe_is_refused_with_its_place(stages, message):
    with pytest.raises(InputError, match=message) as caught:
        stages_of(Gives(box=Unchecked(stages)))
    assert str(caught.value).startswith("method Gives: stages gave ")
    assert "test_recipe.py line" in str(caught.value)
