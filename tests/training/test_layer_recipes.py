"""Recipes over the layers of a network: gradual unfreezing, and rates that shrink with depth."""

from __future__ import annotations

import functools

import jax
import numpy as np
import pytest

from tests.methods.toys import (
    make_options,
    make_spec,
    make_task,
    make_training,
    same_bits,
    snapshot,
)
from xferlab.core.errors import InputError
from xferlab.core.paths import resolve_rules
from xferlab.methods.base import Stage
from xferlab.methods.dann import DANN
from xferlab.methods.recipes import (
    FROZEN_ENCODER,
    Recipe,
    gradual_unfreezing,
    layer_decay,
    lora,
    lp_ft,
    pretrained,
)
from xferlab.methods.source_only import SourceOnly
from xferlab.models.layer_groups import layer_groups
from xferlab.training.recipe import stage_bounds, stages_of
from xferlab.training.run import Member

GROUPS = layer_groups(make_spec())
"""A hidden layer, the bottleneck with its norm, the head."""
LAYER, BOTTLENECK, NORM, HEAD = (pattern for group in GROUPS for pattern in group)
PARAMS = {
    "encoder": {
        "backbone": {"layers": {0: {"kernel": 0, "bias": 0}}},
        "bottleneck": {"kernel": 0, "bias": 0},
        "norm": {"scale": 0, "bias": 0},
    },
    "heads": {"label": {"kernel": 0, "bias": 0}},
    "discriminator": {"kernel": 0},
}


def rates_of(stage):
    """The multiplier of the layer, the bottleneck, the head and the discriminator."""
    tree = resolve_rules(stage.rates or (("**", 1.0),), PARAMS)
    layer = tree["encoder"]["backbone"]["layers"][0]["kernel"]
    rest = (tree["encoder"]["bottleneck"]["kernel"], tree["heads"]["label"]["kernel"])
    return (layer, *rest, tree["discriminator"]["kernel"])


def composed(some_method, *changes):
    return stages_of(some_method, Recipe(tuple((c.__name__, c) for c in changes)).on(make_spec()))


@pytest.mark.fast
def test_one_more_layer_is_trained_every_stage():
    stages = gradual_unfreezing((Stage(DANN(), fresh=("heads",)),), GROUPS)
    assert [rates_of(stage) for stage in stages] == [(0, 0, 1, 1), (0, 1, 1, 1), (1, 1, 1, 1)]
    assert [stage.fraction for stage in stages] == [0.25, 0.25, 0.5]
    assert [stage.fresh for stage in stages] == [("heads",), (), ()]
    assert stages[-1] == Stage(DANN(), 0.5)
    several = gradual_unfreezing((Stage(SourceOnly(), 0.6), Stage(DANN(), 0.4)), GROUPS)
    assert [stage.fraction for stage in several] == [0.25, 0.25, 0.3, 0.2]
    assert stage_bounds(several, 20) == [5, 10, 16, 20]


@pytest.mark.fast
def test_fresh_networks_of_later_stages_stay_fresh():
    stages = (Stage(DANN(), 0.5, fresh=("heads",)), Stage(DANN(), 0.5, fresh=("discriminator",)))
    made = gradual_unfreezing(stages, GROUPS)
    assert [stage.fresh for stage in made] == [("heads",), (), (), ("discriminator",)]
    assert [stage.fresh for stage in lp_ft(stages)] == [("heads",), (), ("discriminator",)]


@pytest.mark.fast
def test_of_two_groups_it_is_lp_ft():
    two = gradual_unfreezing((Stage(DANN()),), (("encoder/**",), ("heads/**",)))
    for own, other in zip(two, lp_ft((Stage(DANN()),)), strict=True):
        assert rates_of(own) == rates_of(other) and own.fraction == other.fraction


@pytest.mark.fast
@pytest.mark.parametrize("decay", [1 / 2.6, 0.5, 1.0])
def test_rates_shrink_with_depth(decay):
    change = layer_decay if decay == 1 / 2.6 else functools.partial(layer_decay, decay=decay)
    (stage,) = change((Stage(DANN()),), groups=GROUPS)
    np.testing.assert_allclose(rates_of(stage), (decay**2, decay, 1.0, 1.0))
    kept = Stage(SourceOnly(), kept=True)
    assert change((kept, Stage(DANN())), groups=GROUPS)[0] == kept


@pytest.mark.fast
def test_the_two_compose_in_both_orders_and_with_others():
    d = 1 / 2.6
    expected = [(0, 0, 1, 1), (0, d, 1, 1), (d**2, d, 1, 1)]
    for changes in ((gradual_unfreezing, layer_decay), (layer_decay, gradual_unfreezing)):
        found = [rates_of(stage) for stage in composed(DANN(), *changes)]
        np.testing.assert_allclose(found, expected)
    found = [rates_of(stage) for stage in composed(DANN(), lp_ft, layer_decay)]
    np.testing.assert_allclose(found, [(0, 0, 1, 1), (d**2, d, 1, 1)])
    stages = composed(DANN(), pretrained, gradual_unfreezing)
    assert [stage.kept for stage in stages] == [True, False, False, False]
    assert [stage.fresh for stage in stages[1:]] == [("heads",), (), ()]


@pytest.mark.fast
def test_rules_of_a_part_of_a_layer_stay():
    rates = (("**/bias", 0.0), ("discriminator/**", 3.0), ("encoder/**", 0.1), ("**", 1.0))
    (stage,) = layer_decay((Stage(DANN(), rates=rates),), GROUPS, decay=0.5)
    np.testing.assert_allclose(rates_of(stage), (0.025, 0.05, 1.0, 3.0))
    tree = resolve_rules(stage.rates, PARAMS)
    assert tree["encoder"]["norm"] == {"scale": 0.05, "bias": 0.0}


def test_layers_move_when_it_is_their_turn():
    stages = composed(DANN(), gradual_unfreezing)
    options = make_options(steps=12, batch_sizes=(12, 10))
    member = Member(DANN(), options, 0, stages)
    training = make_training(DANN(), task=make_task(sizes=(40, 30)), members=[member])
    places = (("encoder", "backbone"), ("encoder", "bottleneck"), ("heads", "label"))

    def values():
        return [snapshot(training.state.params[a][b]) for a, b in places]

    before = values()
    for until, moved in ((3, (0, 0, 1)), (6, (0, 1, 1)), (12, (1, 1, 1))):
        training.advance(until)
        after = values()
        assert [not same_bits(a, b) for a, b in zip(after, before, strict=True)] == list(moved)
        before = after


def test_an_update_of_plain_sgd_is_smaller_by_the_decay():
    """From the same weights and the same batch: the difference is lr times rate times gradient."""
    task, options = make_task(sizes=(40, 30)), make_options(steps=1, batch_sizes=(12, 10))
    moves = []
    for stages in ((Stage(SourceOnly()),), composed(SourceOnly(), layer_decay)):
        member = Member(SourceOnly(), options, 0, stages)
        training = make_training(SourceOnly(), task=task, members=[member])
        before = snapshot(training.state.params)
        training.advance(1)
        moves.append(jax.tree.map(lambda a, b: np.asarray(a) - b, training.state.params, before))
    plain, decayed = moves
    for depth, moved in (
        (0, lambda tree: tree["heads"]["label"]["kernel"]),
        (1, lambda tree: tree["encoder"]["norm"]["scale"]),
        (1, lambda tree: tree["encoder"]["bottleneck"]["kernel"]),
        (2, lambda tree: tree["encoder"]["backbone"]["layers"][0]["kernel"]),
    ):
        expected = moved(plain) / 2.6**depth
        np.testing.assert_allclose(moved(decayed), expected, rtol=1e-3, atol=1e-6)


def mine(stages, groups=(("encoder/**",), ("heads/**",))):
    return gradual_unfreezing(stages, groups)


def counts_layers(stages, groups):
    return tuple(stage._replace(options=(("lr", 0.1 * len(groups)),)) for stage in stages)


@pytest.mark.fast
def test_a_users_recipe_gives_groups_or_asks_for_them():
    assert len(composed(DANN(), mine)) == 2
    (stage,) = composed(DANN(), counts_layers)
    assert stage.options == (("lr", 0.1 * 3),)
    assert Recipe((("a", lp_ft),)).on(make_spec()).changes == (("a", lp_ft),)


@pytest.mark.fast
@pytest.mark.parametrize("change", [gradual_unfreezing, layer_decay])
@pytest.mark.parametrize(
    "groups", [(), (("heads/**",),), "encoder/**", (("encoder/**",), ()), (("",), ("a",)), None]
)
def test_groups_that_are_none(change, groups):
    with pytest.raises(InputError, match=rf"groups of {change.__name__} are .*give two or more"):
        change((Stage(DANN()),), groups)


@pytest.mark.fast
@pytest.mark.parametrize("decay", [0.0, -1.0, 1.5, float("nan"), True, "0.5"])
def test_a_decay_that_is_none(decay):
    with pytest.raises(InputError, match="decay of layer_decay is"):
        layer_decay((Stage(DANN()),), GROUPS, decay)


@pytest.mark.fast
def test_rates_and_adapters_that_do_not_fit():
    with pytest.raises(InputError, match=r"no rule for all of 'heads/\*\*'"):
        layer_decay((Stage(DANN(), rates=(("encoder/**", 0.1),)),), GROUPS)
    for change in (gradual_unfreezing, layer_decay):
        with pytest.raises(InputError, match="do not reach the factors of an adapter"):
            composed(DANN(), lora, change)
    assert composed(DANN(), layer_decay, lora)[0].rates == FROZEN_ENCODER


def test_groups_that_a_network_does_not_have_are_refused_before_the_first_step():
    stages = gradual_unfreezing((Stage(DANN()),), (("encoder/stem/**",), ("heads/**",)))
    member = Member(DANN(), make_options(steps=8), 0, stages)
    with pytest.raises(InputError, match=r"rule 'encoder/stem/\*\*' matches no parameter"):
        make_training(DANN(), members=[member])
