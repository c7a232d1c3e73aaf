"""Tiny tasks, networks and trainings for the tests of methods and training."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import numpy as np

from xferlab.core.settings import Setting
from xferlab.data.domain import Domain
from xferlab.data.feeds.resident import to_resident
from xferlab.data.split import Split
from xferlab.data.task import TransferTask
from xferlab.methods.base import Method, Term, method
from xferlab.methods.supervised import supervised
from xferlab.models.spec import NetworkSpec
from xferlab.training.options import TrainingOptions
from xferlab.training.run import Member, StageCache, Training
from xferlab.training.stage import QUICK_TO_COMPILE

CLASSES = ("a", "b", "c")
AS_SOURCE_ONLY = {"source_only", "group_dro", "uncertainty_weighting", "pcgrad"}
"""Methods that learn from what is labelled alone: the same, of one source and one head."""
UNSUPERVISED = {"simclr", "untrained"}
"""Methods that see no label and predict no class: their features are probed."""
CACHE = StageCache()
"""Stages that any test of a process has compiled."""
quick_jit = functools.partial(jax.jit, compiler_options=QUICK_TO_COMPILE)


@method
class NearMeans(Method):
    """A foreign method, as short as one is; it knows nothing of heads and modalities."""

    weight: float = 1.0

    def loss(self, nets, batch, ctx):
        source, target = nets.forward(batch)
        gap = source.features.mean(0) - target.features.mean(0)
        return {**supervised(nets, source, batch), "gap": Term((gap**2).sum(), self.weight)}


def make_spec(**changes: Any) -> NetworkSpec:
    """A perceptron of 8 units and a bottleneck of 6 with batch norm over 4-dimensional inputs."""
    spec = NetworkSpec(
        backbone="mlp", input_shape=(4,), heads=(("label", 3),), hidden=(8,), bottleneck=6
    )
    return dataclasses.replace(spec, **changes)


def make_options(**changes: Any) -> TrainingOptions:
    options = TrainingOptions(steps=200, batch_sizes=(32, 32), lr=0.02, evaluations=1)
    return dataclasses.replace(options, **changes)


def make_split(n: int, *, seed: int, moved: bool = False) -> Split:
    """Three Gaussian clusters on a circle and two dimensions of noise; labels 0, 1, 2, 0, ...

    `moved` turns the plane by 0.3 radians, shrinks it by 0.7 and shifts it by (2, 1).
    """
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    angles = 2 * np.pi * labels / 3
    plane = 3 * np.stack([np.cos(angles), np.sin(angles)], axis=1) + rng.normal(0, 0.5, (n, 2))
    if moved:
        c, s = np.cos(0.3), np.sin(0.3)
        plane = 0.7 * plane @ np.array([[c, s], [-s, c]]) + np.array([[2.0, 1.0]])
    return Split(np.hstack([plane, rng.normal(size=(n, 2))]).astype(np.float32), labels)


def make_task(*, sizes: tuple[int, int] = (120, 100)) -> TransferTask:
    """Clusters as the source, the same clusters moved as the target."""
    source, target = (
        {name: make_split(n, seed=seed, moved=moved) for name, n, seed in splits}
        for moved, splits in (
            (False, [("train", sizes[0], 0), ("test", 90, 1)]),
            (True, [("train", sizes[1], 5), ("test", 90, 6)]),
        )
    )
    return TransferTask(
        "toy",
        (Domain("source", source, CLASSES),),
        Domain("target", target, CLASSES),
        Setting.UNSUPERVISED_DA,
    )


def with_permuted_target_labels(task: TransferTask, *, seed: int = 0) -> TransferTask:
    """The task with the labels of both target splits in random order."""
    rng = np.random.default_rng(seed)
    splits = {
        name: dataclasses.replace(split, labels=rng.permutation(split.labels))
        for name, split in task.target.splits.items()
    }
    return dataclasses.replace(task, target=dataclasses.replace(task.target, splits=splits))


def setting_of(method: Method, task: TransferTask) -> Setting:
    """The task's setting where it shows what the method needs, else one that does."""
    return task.setting.widened(method.needs)


def make_training(
    method: Method,
    *,
    task: TransferTask | None = None,
    spec: NetworkSpec | None = None,
    options: TrainingOptions | None = None,
    seed: int = 0,
    members: list[Member] | None = None,
    pad_to: Sequence[int] = (0, 0, 0),
) -> Training:
    """A training of one method, or of several members of its structure."""
    task = task or make_task()
    members = members or [Member(method, options or make_options(), seed)]
    setting = setting_of(method, task)
    settings = {stage.setting or setting for stage in method.stages()}
    data = {s: to_resident(task.training_arrays(s, oracle=True), pad_to=pad_to) for s in settings}
    return Training(spec or make_spec(), members, data, setting, CACHE)


def assert_stack_is_singles(
    start: Callable[[list[Member]], Training],
    members: list[Member],
    steps: int,
    **tolerance: float,
) -> None:
    """Trains runs stacked and each alone, and compares parameters and statistics."""
    stack = start(members)
    stack.advance(steps)
    for number, member in enumerate(members):
        alone = start([member])
        alone.advance(steps)
        own = jax.tree.map(lambda a, n=number: a[n], stack.state)
        for part in ("params", "statistics"):
            assert_close(getattr(own, part), getattr(alone.state, part), **tolerance)


def snapshot(tree: Any) -> Any:
    """A copy in NumPy, which survives the donation of the original; keys as their bits."""

    def copy(leaf: Any) -> np.ndarray:
        if jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            leaf = jax.random.key_data(leaf)
        return np.array(leaf)

    return jax.tree.map(copy, tree)


def assert_same_bits(actual: Any, expected: Any) -> None:
    assert jax.tree.structure(actual) == jax.tree.structure(expected)
    jax.tree.map(np.testing.assert_array_equal, snapshot(actual), snapshot(expected))


def assert_close(actual: Any, expected: Any, **tolerance: float) -> None:
    assert jax.tree.structure(actual) == jax.tree.structure(expected)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, **tolerance), actual, expected)


def same_bits(first: Any, second: Any) -> bool:
    """Whether two trees of one structure hold the same numbers."""
    return jax.tree.all(jax.tree.map(np.array_equal, snapshot(first), snapshot(second)))


@contextlib.contextmanager
def compilations() -> Iterator[list[float]]:
    """Gives a list that gets an entry for each program that XLA compiles inside the block."""
    seconds: list[float] = []

    def listen(event: str, duration: float, **_: Any) -> None:
        if event == "/jax/core/compile/backend_compile_duration":
            seconds.append(duration)

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        yield seconds
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)
