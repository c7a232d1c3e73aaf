"""What every public loss must keep: one test for each property, one row for each loss."""

import functools
import inspect
import itertools

import hypothesis
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import strategies
from jax.test_util import check_grads

from tests.losses.cases import CASES, SIZES
from xferlab import losses

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
few = hypothesis.settings(max_examples=4, deadline=None, derandomize=True)
seeds = strategies.integers(0, 2**16)

# Tested in files of their own.
NOT_LOSSES = {"gradient_reversal", "interpolate", "prototype_logits"}


def cases_with(predicate):
    return pytest.mark.parametrize(
        "case", [case for case in CASES if predicate(case)], ids=lambda case: case.name
    )


def is_float(array):
    return jnp.issubdtype(array.dtype, jnp.floating)


def cast(arrays, dtype):
    return tuple(a.astype(jnp.dtype(dtype) if is_float(a) else np.int32) for a in arrays)


@functools.cache
def compiled(case):
    return jax.jit(case.__call__)


@functools.cache
def with_gradients(case):
    """The compiled case: its result, and the gradients of the sum in every float array."""

    @jax.jit
    def result_and_gradients(*arrays):
        floats = tuple(i for i, array in enumerate(arrays) if is_float(array))
        total = lambda *a: (jnp.sum(result := case(*a)), result)  # noqa: E731
        (_, result), gradients = jax.value_and_grad(total, floats, has_aux=True)(*arrays)
        return result, gradients

    return result_and_gradients


@functools.cache
def masked_with_gradient(case):
    return jax.jit(jax.value_and_grad(lambda logits, where: case(logits, where=where)))


def test_every_public_loss_has_a_row():
    rows = {case.loss.__name__ for case in CASES}
    assert rows | NOT_LOSSES == set(losses.__all__)


def test_no_public_name_hides_a_module():
    for name in losses.__all__:
        module = getattr(losses, name).__module__
        assert not module.endswith(f".{name}"), "importing the module would replace the function"


@pytest.mark.fast
@every_case
def test_agrees_with_oracle(case):
    arrays = case.draw()
    expected = case.oracle(*arrays, **case.keywords)
    actual = compiled(case)(*cast(arrays, jnp.float32))
    np.testing.assert_allclose(actual, expected, rtol=2e-5, atol=1e-6)


@every_case
def test_gradient_agrees_with_differences_of_oracle(case):
    arrays = case.draw(1)
    fixed = {"frozen": arrays} if case.frozen else {}

    def oracle(*changed):
        return np.sum(case.oracle(*changed, **case.keywords, **fixed))

    floats = [i for i, array in enumerate(arrays) if is_float(array)]
    with jax.enable_x64(True):
        result, actual = with_gradients(case)(*arrays)
    expected = case.oracle(*arrays, **case.keywords)
    np.testing.assert_allclose(result, expected, rtol=1e-9, atol=1e-12)
    for argument, gradient in zip(floats, actual, strict=True):
        expected = np.empty(arrays[argument].shape)
        for entry in np.ndindex(expected.shape):
            ends = []
            for step in (1e-6, -1e-6):
                changed = [array.copy() for array in arrays]
                changed[argument][entry] += step
                ends.append(oracle(*changed))
            expected[entry] = (ends[0] - ends[1]) / 2e-6
        np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-8)


@cases_with(lambda case: not case.frozen)
def test_check_grads(case):
    arrays = case.draw(2)
    floats = [array for array in arrays if is_float(array)]
    rest = [array for array in arrays if not is_float(array)]
    with jax.enable_x64(True):
        check_grads(jax.jit(lambda *a: case(*a, *rest)), floats, order=1, modes=["rev"])


@every_case
def test_jit_and_vmap(case):
    draws = [cast(case.draw(seed), jnp.float32) for seed in range(3)]
    expected = np.stack([case(*arrays) for arrays in draws])
    np.testing.assert_allclose(compiled(case)(*draws[0]), expected[0], rtol=1e-5, atol=1e-6)
    stacked = [np.stack(arrays) for arrays in zip(*draws, strict=True)]
    np.testing.assert_allclose(jax.vmap(case.__call__)(*stacked), expected, rtol=1e-5, atol=1e-6)


def degenerate(case):
    """Yields inputs that break careless code."""
    arrays = cast(case.draw(3), jnp.float32)
    arrays = tuple(
        a[:5] if axes[0] in "nm" else a for a, axes in zip(arrays, case.axes, strict=True)
    )
    kinds = case.draws or ("normal",) * len(arrays)

    def change(function):
        pairs = zip(arrays, kinds, strict=True)
        return tuple(function(a) if kind in ("normal", "sharp") else a for a, kind in pairs)

    yield "zeros", change(np.zeros_like)
    yield "constant", change(lambda a: np.full_like(a, 0.1))
    yield "equal rows", change(lambda a: np.broadcast_to(a[:1], a.shape))
    yield "large", change(lambda a: 1e3 * a)
    yield "tiny", change(lambda a: 1e-20 * a)
    alike = [(kind, array.shape) for kind, array in zip(kinds, arrays, strict=True)]
    same = dict(zip(alike, arrays, strict=True))
    yield "identical", tuple(same[each] for each in alike)
    pairs = zip(arrays, case.axes, strict=True)
    yield "one example", tuple(a[:1] if axes[0] in "nm" else a for a, axes in pairs)


@every_case
def test_finite_at_degenerate_inputs(case):
    function = with_gradients(case)
    for name, arrays in degenerate(case):
        for values in jax.tree.leaves(function(*arrays)):
            assert np.all(np.isfinite(values)), name


@every_case
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_computes_in_float32_and_returns_the_input_type(case, dtype):
    narrow = cast(case.draw(4), dtype)
    result, gradients = with_gradients(case)(*narrow)
    assert result.dtype == dtype
    expected = np.asarray(compiled(case)(*cast(narrow, jnp.float32)), np.float32)
    tolerance = {"rtol": float(jnp.finfo(dtype).eps), "atol": 1e-6}
    np.testing.assert_allclose(np.asarray(result, np.float32), expected, **tolerance)
    for gradient in gradients:
        assert gradient.dtype == dtype
        assert np.all(np.isfinite(gradient))


@every_case
def test_wrong_shapes_raise(case):
    arrays = cast(case.draw(), jnp.float32)
    for i, name in enumerate(case.names()):
        wrong = list(arrays)
        wrong[i] = arrays[i][..., None]
        with pytest.raises(ValueError, match="expected shape") as error:
            case(*wrong)
        assert str(error.value).startswith(f"{name}: ")
        assert str(wrong[i].shape) in str(error.value)
        wrong[i] = arrays[i][:0]
        with pytest.raises(ValueError, match="expected shape"):
            case(*wrong)


@every_case
def test_other_sizes_raise(case):
    arrays = cast(case.draw(), jnp.float32)
    for i, j in itertools.combinations(range(len(arrays)), 2):
        for axis, letter in enumerate(case.axes[j].split()):
            if letter in case.axes[i].split():
                wrong = list(arrays)
                wrong[j] = np.delete(arrays[j], 0, axis=axis)
                with pytest.raises(ValueError, match=f"={SIZES[letter]}\\b"):
                    case(*wrong)


@every_case
def test_integers_raise(case):
    arrays = [array.astype(np.int32) for array in case.draw()]
    with pytest.raises(ValueError, match="float"):
        case(*arrays)


@pytest.mark.parametrize("loss", sorted({case.loss for case in CASES}, key=lambda f: f.__name__))
def test_every_keyword_changes_the_result(loss):
    parameters = inspect.signature(loss).parameters.values()
    keywords = {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
    assert not any(p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL) for p in parameters)
    case = next(case for case in CASES if case.loss is loss)
    assert keywords == set(case.changes)
    arrays = cast(case.draw(), jnp.float32)
    before = np.asarray(case(*arrays))
    for name, value in case.changes.items():
        assert np.max(np.abs(case(*arrays, **{name: value}) - before)) > 1e-4, name


@cases_with(lambda case: case.zero_at_equal)
def test_zero_at_equal_inputs(case):
    source = cast(case.draw(5), jnp.float32)[0]
    np.testing.assert_allclose(case(source, source), 0, atol=1e-6)


@cases_with(lambda case: case.symmetric)
def test_symmetric(case):
    first, second = cast(case.draw(6), jnp.float32)
    np.testing.assert_allclose(case(first, second), case(second, first), rtol=1e-4, atol=1e-6)


@cases_with(lambda case: case.invariant)
@few
@hypothesis.given(seed=seeds)
def test_permutation(case, seed):
    arrays = cast(case.draw(seed), jnp.float32)
    rng = np.random.default_rng(seed)
    sizes = {axes[0]: len(array) for axes, array in zip(case.axes, arrays, strict=True)}
    orders = {letter: rng.permutation(size) for letter, size in sizes.items()}
    permuted = [a[orders[axes[0]]] for axes, a in zip(case.axes, arrays, strict=True)]
    expected = compiled(case)(*arrays)
    if expected.ndim:
        expected = expected[orders[case.axes[0][0]]]
    np.testing.assert_allclose(compiled(case)(*permuted), expected, rtol=1e-4, atol=1e-6)


@cases_with(lambda case: case.power is not None)
@few
@hypothesis.given(seed=seeds, scale=strategies.floats(0.25, 4.0))
def test_scale_law(case, seed, scale):
    arrays = case.draw(seed)
    scaled = cast([scale * array for array in arrays], jnp.float32)
    expected = scale**case.power * compiled(case)(*cast(arrays, jnp.float32))
    np.testing.assert_allclose(compiled(case)(*scaled), expected, rtol=1e-3, atol=1e-6)


@cases_with(lambda case: "where" in case.changes)
@few
@hypothesis.given(seed=seeds)
def test_where_equals_subset(case, seed):
    (logits,) = cast(case.draw(seed), jnp.float32)
    where = np.random.default_rng(seed).permutation(case.changes["where"])
    padded = np.where(where[:, None], logits, np.nan)
    value, gradient = masked_with_gradient(case)(padded, where)
    expected, (expected_gradient,) = with_gradients(case)(logits[where])
    np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-6)
    gradient = np.asarray(gradient)
    np.testing.assert_allclose(gradient[where], expected_gradient, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(gradient[~where], 0)


@cases_with(lambda case: "where" in case.changes)
def test_only_padding(case):
    (logits,) = cast(case.draw(), jnp.float32)
    nothing = np.zeros(len(logits), bool)
    value, gradient = masked_with_gradient(case)(logits, nothing)
    np.testing.assert_allclose(value, compiled(case)(np.zeros_like(logits)), atol=1e-6)
    np.testing.assert_array_equal(gradient, 0)
    with pytest.raises(ValueError, match="where: expected bool"):
        case(logits, where=np.ones(len(logits)))
