"""Inputs of several modalities, and domains whose inputs have a space each."""

import dataclasses

import jax
import numpy as np
import pytest
import scipy.sparse

from tests.methods.toys import (
    AS_SOURCE_ONLY,
    NearMeans,
    assert_close,
    make_options,
    make_spec,
    make_task,
    make_training,
    same_bits,
    snapshot,
)
from xferlab.core.errors import InputError
from xferlab.core.inputs import Modalities, map_parts
from xferlab.core.roles import SOURCE, TARGET
from xferlab.core.settings import Setting, View
from xferlab.core.sparse import SparseRows
from xferlab.data.feeds.streamed import Streamed
from xferlab.data.readers.arrays import domain_from_arrays
from xferlab.data.shots import draw_shots
from xferlab.methods import Method, Stage, Term, method
from xferlab.methods.recipes import NO_RECIPE, RECIPES, Recipe, lora
from xferlab.methods.supervised import supervised
from xferlab.methods.table import METHODS
from xferlab.models.nets import Blueprint, Nets
from xferlab.training.recipe import stages_of
from xferlab.training.run import Member, StageCache, Training

LEARN = {**METHODS, "foreign": NearMeans()}
TWO = {"input_shape": (2,), "further_inputs": (("mlp", (2,), (5,)), ("mlp", (6,), ()))}


def in_two(inputs):
    """The columns as two arrays, and sparse rows beside them."""
    extra = scipy.sparse.csr_array(np.maximum(np.tile(inputs[:, :3], 2) - 1, 0))
    return Modalities(inputs[:, :2], inputs[:, 2:], SparseRows.from_scipy(extra, slots=6))


def several_modalities():
    task = make_task()
    source, target = (domain.map_inputs(in_two) for domain in (task.source, task.target))
    return dataclasses.replace(task, sources=(source,), target=target)


def own_spaces(views=Setting.UNSUPERVISED_DA, shots=0):
    """The target has the columns twice, and an encoder of its own."""
    task = make_task()
    target = task.target.map_inputs(lambda x: np.hstack([x, x[:, ::-1]]))
    setting = dataclasses.replace(views, own_inputs=True)
    drawn = draw_shots(target, shots) if shots else ()
    return dataclasses.replace(task, target=target, setting=setting, shots=drawn)


OWN = make_spec(target_inputs=(("mlp", (8,), (9,)),))
BOTH = several_modalities()


def trained(learner, task, spec, steps=3):
    training = make_training(learner, task=task, spec=spec, options=make_options(augment="noise"))
    training.advance(2 * steps if len(learner.stages()) > 1 else steps)
    return training


@pytest.mark.parametrize("name", LEARN)
def test_every_method_trains_on_several_modalities(name):
    training = trained(LEARN[name], BOTH, make_spec(**TWO, batch_norm="domain"))
    for role, domain in ((SOURCE, BOTH.source), (TARGET, BOTH.target)):
        (output,) = training.predict(domain.splits["test"].inputs, role)
        assert np.isfinite(output.logits).all() and output.logits.shape == (90, 3)


def test_features_are_those_of_the_backbones_side_by_side():
    """Two linear backbones side by side are one that reads both: the oracle is NumPy's."""
    spec = make_spec(input_shape=(2,), further_inputs=(("mlp", (2,), (5,)),), bottleneck=0)
    blueprint = Blueprint.of(spec, lambda *_: {})
    params, statistics = blueprint.init(lambda *_: {}, jax.random.key(0))
    inputs = make_task().source.splits["test"].inputs
    nets = Nets(blueprint, params, statistics, train=False)
    features = nets.encode(Modalities(inputs[:, :2], inputs[:, 2:]), role=SOURCE)
    encoder = params["encoder"]
    layers = [encoder["backbone"]["layers"][0], encoder["others"][0]["layers"][0]]
    parts = [inputs[:, :2], inputs[:, 2:]]
    expected = [
        np.maximum(x @ np.asarray(a["kernel"]) + np.asarray(a["bias"]), 0)
        for a, x in zip(layers, parts, strict=True)
    ]
    np.testing.assert_allclose(features, np.concatenate(expected, axis=1), rtol=1e-5, atol=1e-6)


def test_each_modality_has_noise_of_its_own():
    seen = []

    @method
    class Looks(Method):
        def loss(self, nets, batch, ctx):
            view = ctx.augment(ctx.key, batch.target.inputs)
            seen.append(map_parts(lambda a, b: a.shape == b.shape, view, batch.target.inputs))
            noise = map_parts(lambda a, b: a - b, view, batch.target.inputs)
            correlated = (noise.parts[0] * noise.parts[1]).mean()
            source, _ = nets.forward(batch)
            return {**supervised(nets, source, batch), "noise": Term(correlated, 0.0)}

    training = make_training(
        Looks(), task=BOTH, spec=make_spec(**TWO), options=make_options(augment="noise", lr=0.0)
    )
    (log,) = training.advance(50)
    assert seen[0].parts == (True, True, True)
    assert abs(log.means["noise"]) < 0.1 * 0.1**2 * 5


@pytest.mark.parametrize(("task", "spec"), [
    (BOTH, make_spec(**TWO)), (own_spaces(Setting.SEMI_SUPERVISED, 2), OWN),
], ids=["modalities", "own inputs"])  # fmt: skip
def test_stacked_and_streamed_agree_with_single(task, spec):
    members = [
        Member(NearMeans(weight=w), make_options(), seed) for seed, w in enumerate((1.0, 0.1))
    ]
    stack = make_training(NearMeans(), task=task, spec=spec, members=members)
    stack.advance(4)
    inputs = task.target.splits["test"].inputs
    for member, together in zip(members, stack.predict(inputs, TARGET), strict=True):
        alone = make_training(NearMeans(), task=task, spec=spec, members=[member])
        alone.advance(4)
        (output,) = alone.predict(inputs, TARGET)
        assert_close(together, output, rtol=1e-4, atol=1e-5)
    feed = Streamed.of(task.training_arrays())
    streamed = Training(spec, members, {task.setting: feed}, task.setting, StageCache())
    streamed.advance(4)
    outputs = zip(streamed.predict(inputs, TARGET), stack.predict(inputs, TARGET), strict=True)
    for own, expected in outputs:
        assert_close(own, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", [n for n, m in LEARN.items() if not m.one_encoder])
def test_every_method_trains_where_the_target_has_an_encoder_of_its_own(name):
    task = own_spaces()
    training = trained(LEARN[name], task, OWN)
    assert {"encoder", "target_encoder", "heads"} <= set(training.state.params)
    for role, domain in ((SOURCE, task.source), (TARGET, task.target)):
        (output,) = training.predict(domain.splits["test"].inputs, role)
        assert np.isfinite(output.logits).all() and output.features.shape == (90, 6)


def test_each_role_is_read_by_its_encoder():
    """Shots move the target's encoder, source labels the source's alone."""
    task = own_spaces(Setting.SEMI_SUPERVISED, 2)
    before = snapshot(make_training(METHODS["source_only"], task=task, spec=OWN).state.params)
    after = snapshot(trained(METHODS["source_only"], task, OWN).state.params)
    assert not same_bits(before["encoder"], after["encoder"])
    assert not same_bits(before["target_encoder"], after["target_encoder"])
    hidden = own_spaces()
    after = snapshot(trained(METHODS["source_only"], hidden, OWN).state.params)
    assert not same_bits(before["encoder"], after["encoder"])
    assert same_bits(before["target_encoder"], after["target_encoder"])


def moved_by(learner, recipe=NO_RECIPE, steps=4):
    """The parts of both encoders that a run moves: parameters and statistics by group."""
    task = own_spaces(learner.needs, shots=2 * (learner.needs.shots is View.LABELS))
    stages = stages_of(learner, recipe.on(OWN))
    member = Member(learner, make_options(steps=steps, batch_sizes=(12, 10, 6)), 0, stages)
    training = make_training(learner, task=task, spec=OWN, members=[member])
    before = snapshot(training.state)
    training.advance(steps)
    after, groups = snapshot(training.state), ("encoder", "target_encoder")
    parts = (
        {
            f"{part}/{g}": same_bits(getattr(before, part)[g], getattr(after, part)[g])
            for g in groups
        }
        for part in ("params", "statistics")
    )
    return {place for part in parts for place, same in part.items() if not same}


REST = {*AS_SOURCE_ONLY, "untrained"}
ADAPT = [n for n, m in LEARN.items() if not m.one_encoder and n not in REST]


@pytest.mark.parametrize("name", ADAPT)
def test_every_method_that_adapts_trains_the_targets_encoder(name):
    """Phases of methods name the encoder, and mean each that reads what they look at."""
    learner = LEARN[name]
    if name == "self_ensembling":  # In so few steps it is sure of no target example.
        learner = dataclasses.replace(learner, confidence_threshold=0.0)
    assert "params/target_encoder" in moved_by(learner)


@pytest.mark.parametrize("recipe", ["linear_probe", "lora"])
@pytest.mark.parametrize("name", ["foreign", "mcd"])
def test_recipes_that_freeze_the_encoder_freeze_both(name, recipe):
    """Of LoRA the kernels: what moves are the factors, which are groups of their own."""
    assert moved_by(LEARN[name], Recipe(((recipe, RECIPES[recipe]),))) == set()


def test_lora_has_factors_of_both_encoders():
    (stage,) = lora((Stage(LEARN["mcd"]),))
    member = Member(LEARN["mcd"], make_options(steps=4), 0, (stage,))
    training = make_training(LEARN["mcd"], task=own_spaces(), spec=OWN, members=[member])
    training.advance(4)
    for group in ("adapter/encoder", "adapter/target_encoder"):
        factors = jax.tree_util.tree_leaves_with_path(training.state.params[group])
        b = [leaf for path, leaf in factors if path[-1].key == "b"]
        assert b and all(np.asarray(leaf).any() for leaf in b)  # B begins as zero.


@pytest.mark.parametrize("name", [n for n, m in METHODS.items() if m.one_encoder])
def test_a_method_of_one_encoder_refuses_two(name):
    with pytest.raises(InputError, match=r"own_inputs.*one encoder for both"):
        trained(METHODS[name], own_spaces(), OWN)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_norm": "joint"}, "batch_norm is 'joint'.*Choose 'separate' or 'domain'"),
        ({"target_inputs": (("mpl", (8,)),)}, "unknown network 'mpl'"),
        ({"target_inputs": (("mlp",),)}, r"target_inputs is .*Give \(backbone, input shape\)"),
        ({"target_inputs": "mlp"}, "target_inputs is 'mlp'"),
        ({"further_inputs": (("mlp", (0,)),)}, "further_inputs"),
    ],
)
def test_bad_specs(changes, message):
    with pytest.raises(InputError, match=message):
        dataclasses.replace(OWN, **changes)


def test_encoders_of_unequal_width_need_a_bottleneck():
    spec = dataclasses.replace(OWN, bottleneck=0)
    with pytest.raises(InputError, match="source's encoder has 8 features, the target's 9"):
        Blueprint.of(spec, lambda *_: {})


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (Modalities(), "Modalities of no part"),
        (Modalities(np.zeros((6, 2)), np.zeros((5, 2))), "modalities of 6, 5 examples"),
        (Modalities(np.zeros((6, 2)), np.full((6, 1), np.nan)), "modality 2: the input at index 0"),
        (Modalities(np.zeros((6, 2)), ["a"] * 6), "modality 2"),
        (
            Modalities(Modalities(np.zeros((6, 2))), np.zeros((6, 2))),
            "Modalities within Modalities",
        ),
    ],
)
def test_bad_modalities(inputs, message):
    with pytest.raises(InputError, match=message):
        domain_from_arrays("mine", inputs, np.arange(6) % 2)
