"""Augmentations that a suite offers to methods that compare views of one example."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from xferlab.core.inputs import Inputs, Modalities
from xferlab.core.names import NameTable
from xferlab.methods.base import identity_view


def noise(key: Key[Array, ""], inputs: Float[Array, "n ..."]) -> Float[Array, "n ..."]:
    """Adds Gaussian noise of standard deviation 0.1."""
    return inputs + 0.1 * jax.random.normal(key, inputs.shape, inputs.dtype)


def shift_and_noise(key: Key[Array, ""], inputs: Float[Array, "n h w c"]) -> Array:
    """Moves each image by up to 2 pixels in each direction, edges repeated, and adds noise.

    The 'minimal' augmentation of french2018self for digits: translation within [-2, 2] and
    Gaussian noise of standard deviation 0.1.
    """
    shift_key, noise_key = jax.random.split(key)
    n, h, w, c = inputs.shape
    padded = jnp.pad(inputs, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="edge")
    starts = jax.random.randint(shift_key, (n, 2), 0, 5)
    crop = jax.vmap(lambda x, s: jax.lax.dynamic_slice(x, (s[0], s[1], 0), (h, w, c)))
    return noise(noise_key, crop(padded, starts))


Augmentation = Callable[[Array, Array], Array]


def random_view(augmentation: Augmentation, key: Key[Array, ""], inputs: Inputs) -> Inputs:
    """Returns augmented inputs; every one of several modalities has a key of its own."""
    if not isinstance(inputs, Modalities):
        return augmentation(key, inputs)
    keys = [jax.random.fold_in(key, place) for place in range(len(inputs.parts))]
    return Modalities(*map(augmentation, keys, inputs.parts))


AUGMENTATIONS: NameTable[Augmentation] = NameTable(
    "augmentation",
    {"none": identity_view, "noise": noise, "shift_and_noise": shift_and_noise},
)
