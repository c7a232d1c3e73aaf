"""The modules as a whole: their examples run, and four devices give what one gives."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import jax
import numpy as np
import pytest
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from xferlab import losses

MODULES = sorted(module.name for module in pkgutil.iter_modules(losses.__path__))


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name):
    result = doctest.testmod(importlib.import_module(f"xferlab.losses.{name}"))
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("name", sorted(losses.__all__))
def test_every_loss_has_an_example_and_names_its_arguments(name):
    text = getattr(losses, name).__doc__
    for part in ("Args:", "Returns:", ">>> "):
        assert part in text


@pytest.mark.parametrize("name", MODULES)
def test_cited_papers_are_in_the_bibliography(name):
    root = Path(losses.__file__).parents[2]
    entries = set(re.findall(r"^@\w+\{(\w+),", (root / "references.bib").read_text(), re.M))
    text = Path(losses.__file__).with_name(f"{name}.py").read_text()
    assert set(re.findall(r"\(`(\w+)`", text)) <= entries


@pytest.mark.parametrize(
    "loss",
    [
        losses.mmd_loss,
        losses.coral_loss,
        lambda source, target: losses.nuclear_norm_loss(target),
        lambda source, target: losses.class_confusion_loss(target),
        lambda source, target: losses.information_maximisation(target),
    ],
    ids=["mmd", "coral", "nuclear_norm", "class_confusion", "information"],
)
def test_batch_coupled_losses_on_four_devices(loss):
    if jax.device_count() < 4:
        pytest.skip("needs four devices")
    rng = np.random.default_rng(0)
    arrays = tuple(rng.normal(size=(2, 16, 5)).astype(np.float32))
    function = jax.jit(jax.value_and_grad(loss, argnums=(0, 1)))
    sharding = NamedSharding(Mesh(np.array(jax.devices()[:4]), "data"), PartitionSpec("data"))
    expected = function(*arrays)
    actual = function(*(jax.device_put(array, sharding) for array in arrays))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), actual, expected)
