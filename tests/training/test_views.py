"""Training views: what every method sees of a batch, and the augmentations themselves."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.methods.toys import (
    CACHE,
    assert_close,
    make_options,
    make_spec,
    make_task,
    make_training,
    same_bits,
    snapshot,
)
from xferlab.core.errors import InputError
from xferlab.core.roles import TARGET
from xferlab.data.feeds.resident import to_resident
from xferlab.data.feeds.streamed import Streamed
from xferlab.methods.table import METHODS
from xferlab.training.augment import AUGMENTATIONS, mirror_and_shift, shift_and_noise
from xferlab.training.run import Member, Training

TASK = make_task()
SIDE = 16
IMAGES = np.random.default_rng(0).normal(size=(6, SIDE, SIDE, 3)).astype(np.float32)


@pytest.fixture
def lost(monkeypatch):
    """A view in which nothing can be seen."""
    hidden = lambda key, inputs: jnp.full_like(inputs, jnp.nan)  # noqa: E731
    monkeypatch.setitem(AUGMENTATIONS._entries, "lost", hidden)
    return make_options(steps=8, train_view="lost")


@pytest.mark.parametrize("name", [name for name in METHODS if name != "untrained"])
def test_a_view_reaches_every_method_in_every_stage(name, lost):
    training = make_training(METHODS[name], options=lost)
    training.advance(1)
    (log,) = training.advance(8)
    if log.means:  # Not all: self-ensembling leaves out what it is not sure of.
        assert any(np.isnan(mean) for mean in log.means.values())
    else:  # AdaBN takes averages, and no gradient.
        leaves = jax.tree.leaves(snapshot(training.state.statistics))
        assert any(np.isnan(leaf).any() for leaf in leaves)


def test_predictions_are_of_the_inputs_as_they_are(lost):
    training = make_training(METHODS["source_only"], options=lost)
    (output,) = training.predict(TASK.target.splits["test"].inputs, TARGET)
    assert np.isfinite(output.logits).all()


def runs(view, feed=to_resident):
    options = make_options(steps=6, train_view=view)
    data = {TASK.setting: feed(TASK.training_arrays())}
    member = Member(METHODS["dann"], options, 0)
    training = Training(make_spec(), [member], data, TASK.setting, CACHE)
    training.advance(6)
    return training.weights()


def test_views_are_a_function_of_seed_and_step_whatever_the_feed():
    resident, streamed = (runs("noise", feed) for feed in (to_resident, Streamed.of))
    assert_close(streamed, resident, rtol=1e-3, atol=1e-5)
    assert not same_bits(runs("none"), resident)


def test_an_unknown_view_is_refused():
    with pytest.raises(InputError, match=r"unknown augmentation 'noize'.*noise"):
        make_options(train_view="noize")


def shifts(image, most):
    """Every way to move an image by up to so many pixels, edges repeated (NumPy)."""
    padded = np.pad(image, ((most, most), (most, most), (0, 0)), mode="edge")
    places = range(2 * most + 1)
    return np.stack([padded[y : y + SIDE, x : x + SIDE] for y in places for x in places])


def test_mirror_and_shift_gives_each_image_or_its_mirror_moved():
    seen = np.asarray(mirror_and_shift(jax.random.key(3), jnp.asarray(IMAGES)))
    mirrored = []
    for image, view in zip(IMAGES, seen, strict=True):
        found = [
            (shifts(each, SIDE // 8) == view).all(axis=(1, 2, 3)).any()
            for each in (image, image[:, ::-1])
        ]
        assert sum(found) == 1
        mirrored.append(found[1])
    assert set(mirrored) == {True, False}


def test_shift_and_noise_is_a_shift_by_two_pixels_with_noise():
    key = jax.random.key(5)
    seen = np.asarray(shift_and_noise(key, jnp.asarray(IMAGES)))
    for image, view in zip(IMAGES, seen, strict=True):
        rest = np.abs(shifts(image, 2) - view).mean(axis=(1, 2, 3))
        assert np.sort(rest)[0] < 0.1 < np.sort(rest)[1]  # 0.08 is the mean of |0.1 N(0, 1)|.
    shift_key, _ = jax.random.split(key)
    starts = np.asarray(jax.random.randint(shift_key, (len(IMAGES), 2), 0, 5))
    nearest = [
        np.abs(shifts(image, 2) - view).mean(axis=(1, 2, 3)).argmin()
        for image, view in zip(IMAGES, seen, strict=True)
    ]
    np.testing.assert_array_equal(np.array(nearest), starts[:, 0] * 5 + starts[:, 1])
