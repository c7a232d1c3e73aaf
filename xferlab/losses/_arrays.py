"""How every loss takes its arrays in: shapes checked, type widened, padding taken out."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int


def check_shapes(*specs: tuple[str, Any, str]) -> None:
    """Checks arrays against named axes; the same name means the same size in every array.

    Args:
        *specs: (argument name, array or None, axes), as `("logits", logits, "n k")`. None, the
            value of an optional argument that was not given, fits everything.

    Raises:
        ValueError: an array has other axes, another size, or no element.

    >>> check_shapes(("logits", jnp.ones((4, 3)), "n k"), ("labels", jnp.ones(5), "n"))
    Traceback (most recent call last):
    ValueError: labels: expected shape [n] with n=4, got (5,)
    """
    sizes: dict[str, int] = {}
    for name, array, axes in specs:
        if array is None:
            continue
        shape, letters = jnp.shape(array), axes.split()
        wanted = [sizes.get(letter) for letter in letters]
        if len(shape) != len(letters) or not all(map(_fits, shape, wanted)):
            known = ", ".join(f"{letter}={sizes[letter]}" for letter in letters if letter in sizes)
            expected = f"[{', '.join(letters)}]" + (f" with {known}" if known else "")
            raise ValueError(f"{name}: expected shape {expected}, got {shape}")
        sizes.update(zip(letters, shape, strict=True))


def _fits(size: int, wanted: int | None) -> bool:
    """Tells whether an axis is not empty and has the wanted size, where one is known."""
    return size > 0 and wanted in (None, size)


def widen(*arrays: Float[Array, "..."]) -> tuple[Any, ...]:
    """Returns the promoted type of the arrays, then the arrays in at least float32.

    Raises:
        ValueError: an array is not of floating-point type.

    >>> dtype, wide = widen(jnp.ones(2, jnp.bfloat16))
    >>> print(dtype, wide.dtype)
    bfloat16 float32
    """
    types = [jnp.result_type(array) for array in arrays]
    if not all(jnp.issubdtype(t, jnp.floating) for t in types):
        raise ValueError(f"expected floating-point arrays, got {', '.join(map(str, types))}")
    dtype = jnp.result_type(*arrays)
    wide = jnp.promote_types(dtype, jnp.float32)
    return (dtype, *(jnp.asarray(array, wide) for array in arrays))


def by_domain(
    x: Float[Array, "n d"], domain_id: Int[Array, " n"], domains: int
) -> tuple[Float[Array, "g d"], Float[Array, " g"]]:
    """Returns the mean row of each domain, 0 for one without rows, and how many rows each has.

    Rows whose number lies outside [0, domains) are in none.
    """
    member = jax.nn.one_hot(domain_id, domains, dtype=x.dtype)
    counts = jnp.sum(member, axis=0)
    sums = jnp.matmul(member.T, x, precision="highest")
    return sums / jnp.maximum(counts, 1)[:, None], counts


def mask_padding(
    logits: Float[Array, "n k"], where: Bool[Array, " n"] | None
) -> tuple[Float[Array, "n k"], Bool[Array, "n 1"]]:
    """Returns the logits with zeros in padded rows, and the rows that count as a column.

    Zeros keep padding out of the gradient whatever it holds, NaN included. Where everything is
    padding every row counts, so that a loss takes its value for uniform predictions, and its
    gradient is zero, instead of 0/0.

    Raises:
        ValueError: `where` is not boolean.
    """
    if where is None:
        return logits, jnp.ones((logits.shape[0], 1), bool)
    if jnp.result_type(where) != jnp.bool_:
        raise ValueError(f"where: expected bool, got {jnp.result_type(where)}")
    column = jnp.asarray(where)[:, None]
    return jnp.where(column, logits, 0), column | ~jnp.any(column)


def log_mean_probs(logits: Float[Array, "n k"], kept: Bool[Array, "n 1"]) -> Float[Array, " k"]:
    """Returns the logarithm of the mean prediction over the rows kept, finite at any logits."""
    log_probs = jax.nn.log_softmax(logits)
    return jax.nn.logsumexp(log_probs, axis=0, where=kept) - jnp.log(jnp.sum(kept))
