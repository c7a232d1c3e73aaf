"""Augmentations: what methods see of a batch, and views that some compare with each other."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from xferlab.core.batch import Batch
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
    return noise(noise_key, _shifted(shift_key, inputs, (2, 2)))


def mirror_and_shift(key: Key[Array, ""], inputs: Float[Array, "n h w c"]) -> Array:
    """Mirrors each image left to right or not, and moves it by up to an eighth of its side.

    For photographs; digits and text are not the same in a mirror. Edges are repeated.
    """
    mirror_key, shift_key = jax.random.split(key)
    n, h, w, _ = inputs.shape
    mirrored = jax.random.bernoulli(mirror_key, shape=(n, 1, 1, 1))
    turned = jnp.where(mirrored, inputs[:, :, ::-1], inputs)
    return _shifted(shift_key, turned, (h // 8, w // 8))


def _shifted(
    key: Key[Array, ""], inputs: Float[Array, "n h w c"], most: tuple[int, int]
) -> Float[Array, "n h w c"]:
    """Moves each image by up to so many pixels down or up, and across; edges are repeated."""
    n, h, w, c = inputs.shape
    down, across = most
    padded = jnp.pad(inputs, ((0, 0), (down, down), (across, across), (0, 0)), mode="edge")
    ends = jnp.array([[2 * down + 1, 2 * across + 1]])
    starts = jax.random.randint(key, (n, 2), 0, ends)
    crop = jax.vmap(lambda x, s: jax.lax.dynamic_slice(x, (s[0], s[1], 0), (h, w, c)))
    return crop(padded, starts)


Augmentation = Callable[[Array, Array], Array]


def random_view(augmentation: Augmentation, key: Key[Array, ""], inputs: Inputs) -> Inputs:
    """Returns augmented inputs; every one of several modalities has a key of its own."""
    if not isinstance(inputs, Modalities):
        return augmentation(key, inputs)
    keys = [jax.random.fold_in(key, place) for place in range(len(inputs.parts))]
    return Modalities(*map(augmentation, keys, inputs.parts))


NO_VIEW = "none"
AUGMENTATIONS: NameTable[Augmentation] = NameTable(
    "augmentation",
    {
        NO_VIEW: identity_view,
        "noise": noise,
        "shift_and_noise": shift_and_noise,
        "mirror_and_shift": mirror_and_shift,
    },
)


def view_of(name: str, key: Key[Array, ""], batch: Batch) -> Batch:
    """Returns a batch as an augmentation shows it, each role by a key of its own."""
    if name == NO_VIEW:
        return batch
    keys = jax.random.split(key, len(batch))
    return Batch._make(
        part
        if part is None
        else part._replace(inputs=random_view(AUGMENTATIONS[name], k, part.inputs))
        for k, part in zip(keys, batch, strict=True)
    )
