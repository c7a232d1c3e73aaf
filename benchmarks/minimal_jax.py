"""DANN by hand in `jax.numpy`: the least that a training step can cost in JAX.

No Flax and no optax: parameters are tuples, the optimiser is two lines, and every batch is drawn
with replacement. It computes what `xferlab.methods.dann` computes on the same batch.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int

from benchmarks.problems import (
    BATCH_SIZES,
    DISCRIMINATOR_WIDTH,
    LR,
    MOMENTUM,
    TOTAL_STEPS,
    Problem,
    layer_shapes,
)  # fmt: skip
from xferlab.core.batch import AdaptationBatch


class Weights(NamedTuple):
    """Layers as (kernel, bias); a bias has as many axes as what it is added to."""

    encoder: list[tuple[Array, Array]]
    head: tuple[Array, Array]
    discriminator: list[tuple[Array, Array]]


class State(NamedTuple):
    """What a step hands to the next one."""

    weights: Weights
    momentum: Weights
    key: Array
    step: Int[Array, ""]


class Arrays(NamedTuple):
    """Both domains' training splits, or a batch of them."""

    source: Array
    labels: Array
    target: Array


def load(problem: Problem) -> Arrays:
    """Puts the problem's data on the device."""
    source, target = problem.data.source, problem.data.target
    return Arrays(*(jnp.asarray(a) for a in (source.inputs, source.labels, target.inputs)))


def init(problem: Problem) -> State:
    """Draws the weights."""
    rng = np.random.default_rng(0)

    def layer(*shape: int) -> tuple[Array, Array]:
        fan_in = np.prod(shape[:-1])
        kernel = rng.normal(scale=fan_in**-0.5, size=shape)
        bias = np.zeros((1,) * (len(shape) - 1) + shape[-1:])
        return jnp.asarray(kernel, jnp.float32), jnp.asarray(bias, jnp.float32)

    shapes = layer_shapes(problem.spec)
    d = shapes[-1][-1]
    weights = Weights(
        [layer(*shape) for shape in shapes],
        layer(d, problem.spec.num_classes),
        [layer(d, DISCRIMINATOR_WIDTH), layer(DISCRIMINATOR_WIDTH, 1)],
    )
    momentum = jax.tree.map(jnp.zeros_like, weights)
    return State(weights, momentum, jax.random.key(0), jnp.int32(0))


def convolve(x: Float[Array, "n h w c"], kernel: Array) -> Array:
    """Returns the valid convolution: im2col on a CPU, XLA's own elsewhere, as xferlab chooses."""
    if jax.default_backend() != "cpu":
        layout = ("NHWC", "HWIO", "NHWC")
        return lax.conv_general_dilated(x, kernel, (1, 1), "VALID", dimension_numbers=layout)
    k, _, _, out = kernel.shape
    h, w = x.shape[1] - k + 1, x.shape[2] - k + 1
    patches = [x[:, i : i + h, j : j + w] for i in range(k) for j in range(k)]
    return jnp.concatenate(patches, axis=-1) @ kernel.reshape(-1, out)


def pool(x: Float[Array, "n h w c"]) -> Array:
    """Returns 2×2 maxima."""
    if jax.default_backend() != "cpu":
        return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
    n, h, w, c = x.shape
    x = x.reshape(n, h // 2, 2, w // 2, 2, c)
    rows = [jnp.maximum(x[:, :, i, :, 0], x[:, :, i, :, 1]) for i in (0, 1)]
    return jnp.maximum(*rows)


def encode(layers: list[tuple[Array, Array]], x: Array) -> Array:
    """Returns the features; kernels of four axes are convolutions, followed by pooling."""
    for kernel, bias in layers:
        if kernel.ndim == 4:
            x = pool(convolve(x, kernel) + bias)
        else:
            x = x.reshape(len(x), -1) @ kernel + bias
        x = jax.nn.relu(x)
    return x


@jax.custom_vjp
def reverse(x: Array, scale: Array) -> Array:
    """The identity, with a gradient times minus `scale`."""
    del scale
    return x


reverse.defvjp(lambda x, scale: (x, scale), lambda scale, g: (-scale * g, jnp.zeros_like(scale)))


def dann_loss(weights: Weights, batch: Arrays, progress: Array) -> Array:
    """Returns cross entropy of the source plus the domain loss of both."""
    n = len(batch.source)
    features = encode(weights.encoder, scale(jnp.concatenate([batch.source, batch.target])))
    kernel, bias = weights.head
    log_probs = jax.nn.log_softmax(features[:n] @ kernel + bias)
    classification = -jnp.take_along_axis(log_probs, batch.labels[:, None], axis=1).mean()
    ramp = 2.0 / (1.0 + jnp.exp(-10.0 * progress)) - 1.0
    (hidden_kernel, hidden_bias), (kernel, bias) = weights.discriminator
    hidden = jax.nn.relu(reverse(features, ramp) @ hidden_kernel + hidden_bias)
    domain = (hidden @ kernel + bias)[:, 0]
    source_loss, target_loss = jax.nn.softplus(-domain[:n]), jax.nn.softplus(domain[n:])
    return classification + 0.5 * (source_loss.mean() + target_loss.mean())


def scale(x: Array) -> Array:
    """Returns bytes as [-1, 1], other inputs as they are."""
    return x.astype(jnp.float32) / 127.5 - 1.0 if x.dtype == jnp.uint8 else x


def update(state: State, batch: Arrays) -> State:
    """Returns the state after one update of SGD with momentum."""
    gradient = jax.grad(dann_loss)(state.weights, batch, state.step / TOTAL_STEPS)
    momentum = jax.tree.map(lambda m, g: g + MOMENTUM * m, state.momentum, gradient)
    weights = jax.tree.map(lambda w, m: w - LR * m, state.weights, momentum)
    return State(weights, momentum, state.key, state.step + 1)


def draw(state: State, data: Arrays) -> Arrays:
    """Returns the batch of the state's step, drawn with replacement."""
    keys = jax.random.split(jax.random.fold_in(state.key, state.step))
    n, m = BATCH_SIZES
    source = jax.random.randint(keys[0], (n,), 0, len(data.source))
    target = jax.random.randint(keys[1], (m,), 0, len(data.target))
    return Arrays(data.source[source], data.labels[source], data.target[target])


looped_step = jax.jit(update, donate_argnums=0)


def loop(state: State, batches: Iterator[AdaptationBatch], steps: int) -> State:
    """Returns the state after many steps, one program each, on batches from the host."""
    for _ in range(steps):
        batch = next(batches)
        arrays = Arrays(batch.source.inputs, batch.source.labels, batch.target.inputs)
        state = looped_step(state, arrays)
    return state


@functools.partial(jax.jit, static_argnums=2, donate_argnums=0)
def scan(state: State, data: Arrays, steps: int) -> State:
    """Returns the state after many steps in one program that draws its batches."""

    def body(state: State, _: None) -> tuple[State, None]:
        return update(state, draw(state, data)), None

    return lax.scan(body, state, length=steps)[0]
