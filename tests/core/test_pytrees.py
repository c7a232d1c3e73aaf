"""Frozen dataclasses as pytrees: a sweep is a stacked instance."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from xferlab.core.pytrees import pytree_dataclass, static

pytestmark = pytest.mark.fast


@pytree_dataclass
class Example:
    weight: float = 2.0
    rate: float = 0.5
    smoothing: float = static(default=0.1)
    count: int = 3
    flag: bool = False
    name: str = "x"

    def scaled(self, x):
        return self.weight * x + self.rate + self.count


def test_float_defaults_are_leaves_and_the_rest_is_structure():
    assert jax.tree.leaves(Example()) == [2.0, 0.5]
    same = jax.tree.structure(Example(weight=7.0, rate=1.0))
    assert same == jax.tree.structure(Example())
    for change in ({"smoothing": 0.2}, {"count": 4}, {"flag": True}, {"name": "y"}):
        assert jax.tree.structure(Example(**change)) != same


def test_frozen_and_keyword_only():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Example().weight = 1.0
    with pytest.raises(TypeError):
        Example(1.0)


def test_equal_and_hashable_by_value():
    assert Example() == Example(weight=2.0)
    assert len({Example(), Example(), Example(weight=1.0)}) == 2


def test_vmap_over_a_stack_is_a_loop():
    members = [Example(weight=w, rate=r) for w, r in ((1.0, 0.0), (2.0, 0.5), (-3.0, 4.0))]
    stacked = jax.tree.map(lambda *leaves: jnp.stack([jnp.asarray(a) for a in leaves]), *members)
    actual = jax.vmap(lambda member: member.scaled(10.0))(stacked)
    np.testing.assert_allclose(actual, [member.scaled(10.0) for member in members])


def test_a_new_leaf_value_does_not_recompile():
    scale = jax.jit(Example.scaled)
    assert float(scale(Example(weight=1.0), 2.0)) == 5.5
    assert float(scale(Example(weight=4.0), 2.0)) == 11.5
    assert scale._cache_size() == 1


def test_gradient_with_respect_to_the_instance():
    gradient = jax.grad(lambda example: example.scaled(10.0))(Example())
    assert float(gradient.weight) == 10.0
    assert gradient.count == 3
