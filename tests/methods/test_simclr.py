"""SimCLR: which views are contrasted, what is shown, and what a probe says of the features."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import xferlab
from tests.benchmark.tiny import tiny_suite
from tests.methods.toys import make_options, make_spec, make_task, make_training, same_bits
from tests.oracles.losses import nt_xent
from tests.oracles.methods import dense, relu
from xferlab.benchmark.runs.scoring import Scorer
from xferlab.core.batch import Batch, Labelled, Unlabelled
from xferlab.core.names import NameTable
from xferlab.core.settings import Setting
from xferlab.data.made.moons import moons
from xferlab.evaluation.probes import KnnProbe
from xferlab.methods.base import Context
from xferlab.methods.table import METHODS
from xferlab.models.nets import Blueprint, Nets
from xferlab.training.run import Member

METHOD = METHODS["simclr"]
SPEC = make_spec(bottleneck=0)
RNG = np.random.default_rng(0)
PARTS = {role: RNG.normal(size=(n, 4)) for role, n in (("source", 5), ("target", 4), ("shots", 3))}


def make_batch(roles):
    arrays = {role: jnp.asarray(PARTS[role], jnp.float32) for role in roles}
    return Batch(
        **{
            role: Unlabelled.of(x) if role == "target" else Labelled.of(x, jnp.zeros(len(x), int))
            for role, x in arrays.items()
        }
    )


@pytest.mark.fast
@pytest.mark.parametrize(
    "roles", [["target"], ["source"], ["source", "target"], ["source", "target", "shots"]]
)
def test_two_views_of_every_example_that_is_shown_are_contrasted(roles):
    blueprint = Blueprint.of(SPEC, METHOD.extra_networks)
    params, _ = blueprint.init(METHOD.extra_networks, jax.random.key(0))
    views = []

    def augment(key, inputs):
        views.append(inputs + jax.random.normal(key, inputs.shape))
        return views[-1]

    nets = Nets(blueprint, params, {}, train=True, key=jax.random.key(1))
    ctx = Context(jax.random.key(2), jnp.int32(0), jnp.float32(0), (), augment)
    terms = METHOD.loss(nets, make_batch(roles), ctx)
    assert len(views) == 2 * len(roles)
    assert not any(np.allclose(a, b) for a, b in zip(views[::2], views[1::2], strict=True))

    def project(several):
        x = np.concatenate([np.asarray(view, np.float64) for view in several])
        features = relu(dense(x, params["encoder"]["backbone"]["layers"][0]))
        hidden = relu(dense(features, params["projection"]["hidden"][0]))
        return dense(hidden, params["projection"]["out"])

    expected = nt_xent(project(views[::2]), project(views[1::2])).mean()
    np.testing.assert_allclose(terms["nt_xent"].value, expected, rtol=1e-4)


@pytest.mark.fast
def test_the_projection_has_one_hidden_layer_as_wide_as_the_features():
    blueprint = Blueprint.of(SPEC, METHOD.extra_networks)
    params, _ = blueprint.init(METHOD.extra_networks, jax.random.key(0))
    ((hidden, *deeper), out) = params["projection"]["hidden"].values(), params["projection"]["out"]
    assert (hidden["kernel"].shape, deeper, out["kernel"].shape) == ((8, 8), [], (8, 128))


@pytest.mark.parametrize("setting", [Setting.UNSUPERVISED, Setting.SOURCE_FREE])
def test_heads_rest_and_predict_nothing(setting):
    task = make_task().with_setting(setting)
    training = make_training(
        METHOD, task=task, options=make_options(optimiser="adamw", weight_decay=0.1)
    )
    before = jax.tree.map(np.asarray, training.state.params)
    training.advance(3)
    assert same_bits(before["heads"], training.state.params["heads"])
    assert not same_bits(before["encoder"], training.state.params["encoder"])
    (output,) = training.predict(task.target.splits["test"].inputs, "target")
    assert not output.logits.any() and output.features.any()


def nuisance(key, inputs):
    """Draws the last two columns anew: what an example is lies in the others."""
    return inputs.at[:, 2:].set(30 * jax.random.normal(key, inputs[:, 2:].shape))


def test_features_lose_what_views_do_not_share(monkeypatch):
    """Classes lie in two columns, beside two of large noise that every view has its own of."""
    table = NameTable("augmentation", {"none": nuisance})
    monkeypatch.setattr("xferlab.training.step.AUGMENTATIONS", table)

    def loud(inputs):
        return np.hstack([inputs[:, :2], 30 * inputs[:, 2:]]).astype(np.float32)

    task = make_task(sizes=(300, 300))
    source, target = (domain.map_inputs(loud) for domain in (task.source, task.target))
    task = dataclasses.replace(task, sources=(source,), target=target, setting=Setting.UNSUPERVISED)
    spec = make_spec(hidden=(64,), bottleneck=32)
    options = make_options(optimiser="adam", lr=3e-3, steps=400, batch_sizes=(64, 64))
    training = make_training(METHOD, task=task, spec=spec, members=[Member(METHOD, options, 0)])

    def probed():
        train, test = target.splits["train"], target.splits["test"]
        features, queries = (training.predict(s.inputs, "target")[0] for s in (train, test))
        found = KnnProbe().predict(features.features, train.labels, queries.features)
        return (found == test.labels).mean()

    untrained = probed()
    training.advance(400)
    assert untrained < 0.8 and probed() > 0.95


@functools.cache
def unsupervised_table():
    target = moons(rotation_degrees=35.0, points=40)
    return xferlab.compare(
        moons(points=40), target, methods=["simclr"], seeds=2, steps=20,
        setting=Setting.UNSUPERVISED,
    )  # fmt: skip


def test_a_setting_without_labels_is_scored_by_probes():
    table = unsupervised_table()
    assert list(table.by_metric) == ["linear_probe", "knn_probe"]
    for each in table.by_metric.values():
        assert not each.cells["deterministic"].any() and (each.cells["seeds"] == 2).all()
        assert each.cells["low"].notna().all()
        assert set(each.trivial["method"]) == {"majority class"}


def test_a_validator_prefers_none_of_its_checkpoints():
    cells = unsupervised_table().cells.set_index("rule")
    assert cells.loc["information_maximisation", "mean"] == cells.loc["last", "mean"]


def test_validators_are_not_given_the_labels_of_a_source_that_hides_them():
    (each,) = tiny_suite().tasks
    task = each.task.with_setting(Setting.UNSUPERVISED)
    training = make_training(METHOD, task=task, spec=each.network, options=each.training)
    (score,) = Scorer(task).score(training, last=True)
    assert score.view.source_train is None and score.view.source_validation is None
    assert score.view.target is not None
    assert not {"source_accuracy", "dev"} & score.validators.keys()
