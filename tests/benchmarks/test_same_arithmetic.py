"""What `speed.py` compares is the same arithmetic: three steps change the weights alike."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks import minimal_jax, speed
from benchmarks.problems import TOTAL_STEPS, bag_of_words, host_batches, images
from xferlab.methods.base import Stage
from xferlab.training.stage import compile_stage, make_stage

EXAMPLES = 70
BEGIN = TOTAL_STEPS // 4
"""A step at which the gradient reversal is in force."""
STEPS = 3


@pytest.fixture(params=[bag_of_words, images], ids=["mlp", "lenet"], scope="module")
def trained(request):
    """The problem, and the weights before and after some steps of xferlab."""
    problem = request.param(EXAMPLES)
    return problem, *train_xferlab(problem)


def as_minimal(params):
    """xferlab's parameters in the form of the hand-written step."""

    def layer(values):
        kernel, bias = values["kernel"], values["bias"]
        return jnp.array(kernel), jnp.array(bias.reshape((1,) * (kernel.ndim - 1) + (-1,)))

    backbone, net = params["encoder"]["backbone"], params["discriminator"]["net"]
    first = [backbone[name] for name in ("conv1", "conv2") if name in backbone]
    dense = backbone["dense" if first else "layers"]
    return minimal_jax.Weights(
        [layer(values) for values in [*first, *(dense[i] for i in sorted(dense))]],
        layer(params["heads"]["class"]),
        [*(layer(values) for values in net["hidden"].values()), layer(net["out"])],
    )


def train_xferlab(problem):
    """Weights before and after some steps of xferlab on the batches from the host."""
    stage = compile_stage(
        make_stage(problem.spec, Stage(speed.METHOD), speed.TRAINING, TOTAL_STEPS), stacked=False
    )
    arguments = (speed.METHOD, speed.TRAINING)
    state = stage.init(*arguments, jax.random.key(1), ({}, {}), EXAMPLES)
    state = state._replace(step=jnp.int32(BEGIN))
    before = as_minimal(state.params)
    batches = host_batches(problem)
    log = stage.empty_log(state, *arguments, next(host_batches(problem)))
    for _ in range(STEPS):
        state, log = stage.step(state, log, *arguments, next(batches))
    return before, as_minimal(state.params)


def assert_same_change(before, after, expected):
    """The change of every parameter, not only its value, is the same up to rounding."""
    for old, new, other in zip(*map(jax.tree.leaves, (before, after, expected)), strict=True):
        change = np.abs(np.asarray(other) - np.asarray(old)).max()
        np.testing.assert_allclose(new, other, atol=max(1e-3 * change, 1e-7), rtol=0)
        assert change > 0


def test_the_minimal_step_computes_what_xferlab_computes(trained):
    problem, before, expected = trained
    momentum = jax.tree.map(jnp.zeros_like, before)
    state = minimal_jax.State(
        jax.tree.map(jnp.copy, before), momentum, jax.random.key(0), jnp.int32(BEGIN)
    )
    after = minimal_jax.loop(state, host_batches(problem), STEPS).weights
    assert_same_change(before, after, expected)


@pytest.mark.parametrize("channels_last", [False, True])
def test_pytorch_computes_what_xferlab_computes(trained, channels_last):
    pytest.importorskip("torch")
    problem, before, expected = trained
    assert_same_change(before, train_torch(problem, before, channels_last), expected)


def train_torch(problem, before, channels_last):
    """The weights after PyTorch's steps from the same weights on the same batches."""
    import torch

    from benchmarks.minimal_torch import Trainer

    trainer = Trainer(problem, channels_last=channels_last, device="cpu")
    trainer.steps_done = BEGIN
    networks = trainer.networks
    layers = [
        module
        for part in (networks.encoder, [networks.head], networks.discriminator)
        for module in part
        if hasattr(module, "weight")
    ]
    pairs = [*before.encoder, before.head, *before.discriminator]
    with torch.no_grad():
        for layer, (kernel, bias) in zip(layers, pairs, strict=True):
            layer.weight.copy_(torch.tensor(to_torch(np.asarray(kernel))))
            layer.bias.copy_(torch.tensor(np.asarray(bias).ravel()))
    batches = host_batches(problem)
    for _ in range(STEPS):
        source, target, _ = next(batches)
        trainer.update(
            trainer.source[source.index],
            torch.tensor(source.labels).long(),
            trainer.target[target.index],
        )
    after = [
        (
            from_torch(layer.weight.detach().numpy(), kernel.shape),
            layer.bias.detach().numpy().reshape(bias.shape),
        )
        for layer, (kernel, bias) in zip(layers, pairs, strict=True)
    ]
    return jax.tree.unflatten(jax.tree.structure(before), jax.tree.leaves(after))


def to_torch(kernel):
    """Kernels [h, w, in, out] as [out, in, h, w]; after the convolutions, flattened [c, h, w]."""
    if kernel.ndim == 4:
        return kernel.transpose(3, 2, 0, 1).copy()
    if kernel.shape[0] == 800:
        kernel = kernel.reshape(4, 4, 50, -1).transpose(2, 0, 1, 3).reshape(800, -1)
    return kernel.T.copy()


def from_torch(weight, shape):
    if weight.ndim == 4:
        return weight.transpose(2, 3, 1, 0)
    kernel = weight.T
    if shape[0] == 800:
        kernel = kernel.reshape(50, 4, 4, -1).transpose(1, 2, 0, 3).reshape(shape)
    return kernel
