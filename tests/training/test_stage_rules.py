"""Rules of stages (rates, options, fresh networks), and the recipes that set them."""

from __future__ import annotations

import pytest

from tests.methods.toys import (
    assert_close,
    assert_same_bits,
    assert_stack_is_singles,
    make_options,
    make_spec,
    make_task,
    make_training,
    same_bits,
    snapshot,
)
from xferlab.core.errors import InputError
from xferlab.data.feeds.resident import to_resident
from xferlab.data.feeds.streamed import Streamed
from xferlab.methods.ada_bn import AdaBN
from xferlab.methods.base import Stage
from xferlab.methods.dann import DANN
from xferlab.methods.recipes import FROZEN_ENCODER, RECIPES, Recipe, linear_probe, lp_ft, pretrained
from xferlab.methods.source_only import SourceOnly
from xferlab.methods.table import METHODS
from xferlab.training.recipe import kept_steps, stage_bounds, stages_of
from xferlab.training.run import Member, StageCache, Training

TASK = make_task(sizes=(40, 30))
ADAPT_A_SOURCE_MODEL = ("ada_bn", "adda", "shot", "tent")


@pytest.mark.fast
def test_the_stages_of_recipes():
    dann, half = DANN(), (Stage(SourceOnly(), 0.6, fresh=("heads",)), Stage(AdaBN(), 0.4))
    assert linear_probe((Stage(dann),)) == (Stage(dann, rates=FROZEN_ENCODER),)
    assert lp_ft((Stage(dann),)) == (Stage(dann, 0.5, rates=FROZEN_ENCODER), Stage(dann, 0.5))
    assert lp_ft(half) == (
        Stage(SourceOnly(), 0.5, fresh=("heads",), rates=FROZEN_ENCODER),
        Stage(SourceOnly(), 0.3),
        Stage(AdaBN(), 0.2),
    )
    first, second = pretrained((Stage(dann),))
    assert first.kept and not second.kept and second == Stage(dann, fresh=("heads",))
    assert first.setting is not None and first.setting.target == first.setting.shots == 0
    for changes in ((pretrained, lp_ft), (lp_ft, pretrained)):
        stages = stages_of(dann, Recipe(tuple((c.__name__, c) for c in changes)))
        assert [stage.kept for stage in stages] == [True, False, False]
        assert stages[1].rates == FROZEN_ENCODER and stages[1].fresh == ("heads",)
        assert stages[2] == Stage(dann, 0.5)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_fits_every_method(name, recipe):
    """But `source_kept`, which is for those that adapt a source model."""
    if recipe == "source_kept" and name not in ADAPT_A_SOURCE_MODEL:
        with pytest.raises(InputError, match="keeps a first stage that learns from the source"):
            stages_of(METHODS[name], Recipe(((recipe, RECIPES[recipe]),)))
        return
    stages = stages_of(METHODS[name], Recipe(((recipe, RECIPES[recipe]),)).on(make_spec()))
    steps = len(stages) + 1
    assert stage_bounds(stages, steps)[-1] == steps
    assert kept_steps(stages, 10) == (10 if recipe in ("pretrained", "source_kept") else 0)


def gives(value):
    def recipe(stages):
        return value(stages) if callable(value) else value

    return Recipe((("mine", recipe),))


@pytest.mark.fast
@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "gave None, not a tuple"),
        (lambda stages: stages[0], "gave Stage|not a Stage"),
        (lambda stages: stages * 2, "add up to 2, not to 1"),
        (lambda stages: stages[7], r"failed \(IndexError.*a tuple of Stage that returns one"),
    ],
)
def test_what_a_recipe_may_not_give(value, message):
    with pytest.raises(InputError, match=message) as caught:
        stages_of(DANN(), gives(value))
    assert "recipe 'mine' on the stages of method DANN" in str(caught.value)


def member_of(*stages, steps=8, seed=0, **changes):
    return Member(DANN(), make_options(steps=steps, batch_sizes=(12, 10), **changes), seed, stages)


def train(member, monkeypatch, cache=None):
    if cache is not None:
        monkeypatch.setattr("tests.methods.toys.CACHE", cache)
    return make_training(DANN(), task=TASK, members=[member])


def test_the_halves_of_lp_ft_are_two_programs_and_equal_stages_share_one(monkeypatch):
    for stages, programs in (
        (lp_ft((Stage(DANN()),)), 2),
        ((Stage(DANN(), 0.5), Stage(DANN(weight=0.1), 0.5)), 1),
        ((Stage(DANN(), 0.5), Stage(DANN(), 0.5, options=(("lr", 0.5),))), 1),
        ((Stage(DANN(), 0.5), Stage(DANN(), 0.5, rates=(("heads/**", 2.0), ("**", 1.0)))), 2),
        ((Stage(DANN(), 0.5), Stage(DANN(), 0.5, options=(("weight_decay", 0.1),))), 2),
    ):
        cache = StageCache()
        training = train(member_of(*stages), monkeypatch, cache)
        training.advance(8)
        assert len(cache._stages) == programs
        chunks = [stage.chunk._function._cache_size() for stage in cache._stages.values()]
        assert chunks == [1] * programs


def test_lp_ft_trains_the_heads_and_then_everything(monkeypatch):
    training = train(member_of(*lp_ft((Stage(DANN()),))), monkeypatch)
    before = snapshot(training.state)
    training.advance(4)
    middle = snapshot(training.state)
    training.advance(8)
    assert_same_bits(middle.params["encoder"], before.params["encoder"])
    assert_same_bits(middle.statistics, before.statistics)
    for group in ("heads", "discriminator"):
        assert not same_bits(middle.params[group], before.params[group])
    assert not same_bits(training.state.params["encoder"], middle.params["encoder"])
    assert not same_bits(training.state.statistics, middle.statistics)


def test_options_of_a_stage_are_its_own(monkeypatch):
    """Two stages with another rate each are two runs with these rates, one after the other."""
    stages = (Stage(DANN(), 0.5, options=(("lr", 0.05),)), Stage(DANN(), 0.5))
    changed = train(member_of(*stages, lr=0.01), monkeypatch)
    plain = train(member_of(Stage(DANN(), 0.5), Stage(DANN(), 0.5), lr=0.05), monkeypatch)
    for training in (changed, plain):
        training.advance(4)
    assert_same_bits(changed.state.params, plain.state.params)
    for training in (changed, plain):
        training.advance(8)
    assert not same_bits(changed.state.params, plain.state.params)


def test_stacked_runs_of_a_recipe_are_the_single_ones():
    members = [
        member_of(
            Stage(DANN(weight=weight), 0.5, rates=FROZEN_ENCODER, options=(("lr", lr),)),
            Stage(DANN(weight=weight), 0.5),
            seed=seed,
        )
        for seed, (weight, lr) in enumerate([(1.0, 0.05), (0.1, 0.02)])
    ]
    assert_stack_is_singles(
        lambda own: make_training(DANN(), task=TASK, members=own), members, 8, rtol=1e-3, atol=1e-5
    )


def test_stacked_runs_whose_stages_differ_in_structure_are_refused():
    members = [member_of(Stage(DANN(), f), Stage(DANN(), 1 - f)) for f in (0.5, 0.25)]
    with pytest.raises(InputError, match="stacked runs of DANN differ in the structure"):
        make_training(DANN(), task=TASK, members=members)


def test_a_start_is_what_the_first_stage_begins_with(monkeypatch):
    earlier = train(member_of(Stage(DANN()), seed=3), monkeypatch)
    earlier.advance(8)
    start = (earlier.state.params, earlier.state.statistics)
    member = member_of(Stage(DANN(), fresh=("heads",)))._replace(start=start)
    later = train(member, monkeypatch)
    for group in ("encoder", "discriminator"):
        assert_same_bits(later.state.params[group], start[0][group])
    assert not same_bits(later.state.params["heads"], start[0]["heads"])
    assert_same_bits(later.state.statistics, start[1])


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        (
            (Stage(DANN(), fresh=("heads",)),),
            "begins 'heads' anew, which the stage before",
        ),
        (
            (Stage(SourceOnly(), 0.5), Stage(DANN(), 0.5, fresh=("discriminator",))),
            r"stage 2 \(DANN\) begins 'discriminator' anew, which the stage before does not have",
        ),
        (
            (Stage(DANN(), 0.5), Stage(SourceOnly(), 0.5, fresh=("discriminator",))),
            r"stage 2 \(SourceOnly\) begins 'discriminator' anew, which it does not have",
        ),
        (
            (Stage(DANN(), 0.5), Stage(DANN(), 0.5, rates=(("body/**", 0.0), ("**", 1.0)))),
            r"rule 'body/\*\*' matches no parameter; the parameters are \['discriminator/",
        ),
        (
            (Stage(DANN(), 0.5), Stage(DANN(), 0.5, rates=(("encoder/**", 0.0),))),
            "no rule covers parameter 'discriminator/",
        ),
        (
            (Stage(DANN(), 0.5), Stage(DANN(), 0.5, rates=(("**", 0.0),))),
            "freeze every parameter, so DANN has nothing to train",
        ),
    ],
)
def test_stages_that_do_not_fit_are_refused_before_the_first_step(stages, message, monkeypatch):
    with pytest.raises(InputError, match=message):
        train(member_of(*stages), monkeypatch)


def test_the_loop_over_streamed_batches_is_the_compiled_one():
    """The same batches, one after the other from outside: two stages, the first one frozen."""
    setting, member = TASK.setting, member_of(*lp_ft((Stage(DANN()),)))
    data = to_resident(TASK.training_arrays())
    runs = [
        Training(make_spec(), [member], {setting: feed}, setting, StageCache())
        for feed in (data, Streamed.of(TASK.training_arrays()))
    ]
    for training in runs:
        training.advance(8)
    assert_close(runs[1].state.params, runs[0].state.params, rtol=1e-4, atol=1e-6)
    assert_close(runs[1].state.statistics, runs[0].state.statistics, rtol=1e-4, atol=1e-6)
