"""Low-rank adapters of parameter trees, against the formula in NumPy."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from tests.models.test_layer_groups import SPECS
from xferlab.core.errors import InputError
from xferlab.models.adapters import (
    LoRA,
    effective,
    freeze_kernels,
    init_factors,
    with_factor_groups,
    without_factors,
)
from xferlab.models.nets import Blueprint

pytestmark = pytest.mark.fast

KEY = jax.random.key(0)


def draw(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def params():
    """A linear layer, a convolution, norms (one of two domains), and a matrix of a user's."""
    layers = {0: {"kernel": draw(6, 5), "bias": draw(5)}, 1: {"kernel": draw(3, 3, 4, 7)}}
    norms = {"scale": draw(2, 5), "bias": draw(2, 5)}
    return {"encoder": {"layers": layers, "norm": norms}, "heads": {"a": {"w": draw(5, 3)}}}


def with_drawn_b(groups, seed=1):
    """The factors with B that is not zero."""
    rng = np.random.default_rng(seed)
    return jax.tree.map(lambda a: rng.normal(size=a.shape).astype(np.float32), groups)


@pytest.mark.parametrize("scale", [1.0, -0.25])
def test_effective_weights_are_those_of_the_paper(scale):
    """W + scale B A with W, B, A as the paper has them: [o, i], [o, r], [r, i]."""
    adapter, base = LoRA(3, scale=scale), params()
    groups = with_drawn_b(init_factors(adapter, base, KEY))
    merged = effective(adapter, base | groups)
    assert merged.keys() == base.keys()
    factors = groups["adapter/encoder"]["layers"]
    for number, kernel in ((0, base["encoder"]["layers"][0]), (1, base["encoder"]["layers"][1])):
        own = kernel["kernel"]
        w = own.reshape(-1, own.shape[-1]).T.astype(np.float64)
        a, b = (np.float64(factors[number]["kernel"][name]).T for name in "ab")
        assert a.shape == (3, w.shape[1]) and b.shape == (w.shape[0], 3)
        expected = (w + scale * (b @ a)).T.reshape(own.shape)
        found = merged["encoder"]["layers"][number]["kernel"]
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    for place in ("norm", "heads"):
        old, new = (tree["encoder"].get(place, tree["heads"]) for tree in (base, merged))
        jax.tree.map(np.testing.assert_array_equal, new, old)
    np.testing.assert_array_equal(
        merged["encoder"]["layers"][0]["bias"], base["encoder"]["layers"][0]["bias"]
    )


def test_a_new_adapter_changes_nothing_and_has_few_parameters():
    adapter, base = LoRA(2, paths=("encoder/**", "heads/**")), params()
    groups = init_factors(adapter, base, KEY)
    jax.tree.map(np.testing.assert_array_equal, effective(adapter, base | groups), base)
    sizes = {group: sum(a.size for a in jax.tree.leaves(own)) for group, own in groups.items()}
    assert sizes == {"adapter/encoder": 2 * (6 + 5) + 2 * (36 + 7), "adapter/heads": 2 * (5 + 3)}
    a = [own["a"] for own in jax.tree.leaves(groups, is_leaf=lambda t: "a" in t and "b" in t)]
    assert len(a) == 3 and all(np.any(each) for each in a)


def test_the_random_factor_has_variance_one_over_its_inputs():
    base = {"encoder": {"kernel": np.zeros((400, 30), np.float32)}}
    a = init_factors(LoRA(25), base, KEY)["adapter/encoder"]["kernel"]["a"]
    assert abs(float(np.var(a)) * 400 - 1) < 0.05 and abs(float(np.mean(a))) < 0.002


def test_stacked_weights_are_merged_run_by_run():
    adapter, base = LoRA(2, scale=0.5), params()
    runs = [base | with_drawn_b(init_factors(adapter, base, KEY), seed) for seed in (1, 2)]
    stacked = effective(adapter, jax.tree.map(lambda *a: jnp.stack(a), *runs))
    for number, run in enumerate(runs):
        own = jax.tree.map(lambda a, n=number: a[n], stacked)
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6),
            own, effective(adapter, run),
        )  # fmt: skip


def test_rates_of_the_base_and_of_the_effective_weights():
    base = params()
    whole = base | init_factors(LoRA(2), base, KEY)
    rates = jax.tree_util.tree_map_with_path(
        lambda path, _: {"a": 0.0, "b": 3.0}.get(path[-1].key, 1.0), whole
    )
    rates["heads"]["a"]["w"] = 1.0
    trained, moved = freeze_kernels(rates)
    assert trained.keys() == whole.keys() and moved.keys() == base.keys()
    assert trained["encoder"]["layers"][0] == {"kernel": 0.0, "bias": 1.0}
    assert moved["encoder"]["layers"][0] == {"kernel": 3.0, "bias": 1.0}
    assert trained["adapter/encoder"] == rates["adapter/encoder"]
    assert trained["heads"] == moved["heads"] == rates["heads"]
    assert freeze_kernels(base) == (base, base)


def test_groups_with_their_factors():
    base = params()
    whole = base | init_factors(LoRA(2), base, KEY)
    assert with_factor_groups(["encoder"], whole) == ["encoder", "adapter/encoder"]
    assert with_factor_groups(["heads"], whole) == ["heads"]
    assert sorted(with_factor_groups(whole, whole)) == sorted(whole)
    assert with_factor_groups(base, base) == list(base)
    assert without_factors(whole) == ("encoder", "heads")


def test_a_network_that_is_one_parameter():
    base = {"encoder": draw(4, 4), "bank": draw(6, 3)}
    adapter = LoRA(1, paths=("bank",))
    groups = with_drawn_b(init_factors(adapter, base, KEY))
    a, b = groups["adapter/bank"]["a"], groups["adapter/bank"]["b"]
    merged = effective(adapter, base | groups)
    np.testing.assert_allclose(merged["bank"], base["bank"] + a @ b, rtol=1e-6)


def test_foreign_modules_of_flax():
    """Attention has kernels of three axes, an embedding is a matrix; a GRU has two kernels."""
    rngs = nnx.Rngs(0)
    modules = nnx.Dict(
        encoder=nnx.MultiHeadAttention(2, 8, 6, rngs=rngs),
        words=nnx.Embed(9, 4, rngs=rngs),
        cell=nnx.GRUCell(4, 5, rngs=rngs),
    )
    base = nnx.to_pure_dict(nnx.state(modules, nnx.Param))
    adapter = LoRA(2, paths=("encoder/query/**", "words/**", "cell/**"))
    groups = init_factors(adapter, base, KEY)
    shapes = jax.tree.map(jnp.shape, groups)
    assert shapes["adapter/encoder"] == {"query": {"kernel": {"a": (16, 2), "b": (2, 3)}}}
    assert shapes["adapter/words"] == {"embedding": {"a": (9, 2), "b": (2, 4)}}
    assert len(jax.tree.leaves(groups["adapter/cell"])) == 4
    jax.tree.map(np.testing.assert_array_equal, effective(adapter, base | groups), base)


@pytest.mark.parametrize(
    ("adapter", "message"),
    [
        (LoRA(2, paths=("body/**",)), r"path 'body/\*\*' of LoRA matches no parameter.*encoder/"),
        (LoRA(2, paths=("encoder/**", "nothing")), "path 'nothing' of LoRA matches no parameter"),
        (LoRA(2, paths=("encoder/norm/**",)), r"no kernel, only encoder/norm/bias \[2, 5\], enc"),
        (LoRA(1, paths=("encoder/*/0/bias",)), r"no kernel, only encoder/layers/0/bias \[5\]"),
        (
            LoRA(6),
            r"rank of LoRA is 6, but 'encoder/layers/0/kernel' \[6, 5\] is a matrix of 6 × 5",
        ),
        (
            LoRA(8, paths=("encoder/layers/1/**",)),
            r"\[3, 3, 4, 7\] is a matrix of 36 × 7; .* most 7",
        ),
    ],
)
def test_adapters_that_do_not_fit(adapter, message):
    with pytest.raises(InputError, match=message):
        init_factors(adapter, params(), KEY)


def test_a_network_may_not_be_called_as_the_adapter_is():
    with pytest.raises(InputError, match=r"called 'adapter'.*rename it"):
        init_factors(LoRA(2), params() | {"adapter": {"kernel": draw(4, 4)}}, KEY)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"rank": 0}, "rank of LoRA is 0"),
        ({"rank": 2.5}, "rank of LoRA is 2.5"),
        ({"rank": True}, "rank of LoRA is True"),
        ({"rank": 2, "paths": ()}, r"paths of LoRA are \(\)"),
        ({"rank": 2, "paths": "encoder/**"}, r"paths of LoRA are 'encoder/\*\*'"),
        ({"rank": 2, "paths": ("",)}, "paths of LoRA are"),
        ({"rank": 2, "scale": 0}, "scale of LoRA is 0 .*other than 0"),
        ({"rank": 2, "scale": float("nan")}, "scale of LoRA is nan"),
        ({"rank": 2, "scale": "1"}, "scale of LoRA is '1'"),
    ],
)
def test_fields_outside_their_range(fields, message):
    with pytest.raises(InputError, match=message):
        LoRA(**fields)


def test_an_adapter_is_a_value():
    assert LoRA(2, paths=["heads/**"]) == LoRA(2, ("heads/**",))
    assert hash(LoRA(2)) == hash(LoRA(2)) and LoRA(2) != LoRA(2, scale=2.0)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.backbone}-{spec.bottleneck}")
def test_rank_two_fits_every_backbone_and_is_a_small_part_of_it(spec):
    def none(spec, features, rngs):
        return {}

    blueprint = Blueprint.of(spec, none)
    base, _ = jax.eval_shape(lambda: blueprint.init(none, KEY))
    groups = jax.eval_shape(lambda: init_factors(LoRA(2), base, KEY))
    assert set(groups) == {"adapter/encoder"}
    sizes = [sum(a.size for a in jax.tree.leaves(tree)) for tree in (groups, base["encoder"])]
    assert sizes[0] < sizes[1] * (0.03 if sizes[1] > 10**5 else 0.7)
    merged = jax.eval_shape(lambda own: effective(LoRA(2), own), base | groups)
    assert jax.tree.map(jnp.shape, merged) == jax.tree.map(jnp.shape, base)
