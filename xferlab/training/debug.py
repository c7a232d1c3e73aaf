"""Debug mode: a step checks all that it reads and makes, and a run stops at the first bad number.

Numbers are checked inside the compiled program (`jax.experimental.checkify`); chex checks, while
the program is traced, that a step leaves the state's structure, shapes and types as they were. A
program that is traced twice is a fault too. Checks cost time, and may round in another way.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.experimental import checkify
from jaxtyping import Array, Int

from xferlab.core.errors import InputError


class NotFiniteError(InputError):
    """A number that is not finite in what a step reads or makes; the message names its leaf."""


def check_finite(what: str, tree: Any, step: Int[Array, ""]) -> None:
    """Notes the first leaf of a tree that holds NaN or an infinity; only inside `with_checks`."""
    for path, leaf in jax.tree.leaves_with_path(tree):
        values = jnp.asarray(leaf)
        if jnp.issubdtype(values.dtype, jnp.inexact):
            name = jax.tree_util.keystr(path, simple=True, separator="/")
            words = f"{what} {name}".strip().replace("{", "{{").replace("}", "}}")
            finite = jnp.isfinite(values).all()
            checkify.check(finite, words + " at step {step}", step=step)


def check_same_tree(before: Any, after: Any) -> None:
    """Raises AssertionError, while tracing, where structure, shapes or types differ."""
    import chex  # Imported where it is used: it takes most of a second.

    shapes = [jax.eval_shape(lambda tree=tree: tree) for tree in (before, after)]
    chex.assert_trees_all_equal_shapes_and_dtypes(*shapes)


def with_checks(function: Callable[..., Any]) -> Callable[..., Any]:
    """Returns a function that gives what it noted beside its result, for `jit_with_checks`.

    Traces are counted here: `chex.assert_max_traces` counts by the place of the definition, which
    the programs of all stages share.

    Raises:
        RuntimeError: when traced for other shapes or static values than the first time.
    """
    traces = itertools.count(1)

    @functools.wraps(function)
    def traced(*args: Any) -> Any:
        if next(traces) > 1:
            raise RuntimeError(f"{function.__name__!r} of a stage is traced a second time")
        return function(*args)

    return checkify.checkify(traced, errors=checkify.user_checks)


def jit_with_checks(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """Returns what `with_checks` gave, under `jit`, with its result alone.

    Raises:
        NotFiniteError: when called, the first check that did not hold.
    """
    compiled = jax.jit(function, **options)

    def call(*args: Any) -> Any:
        error, result = compiled(*args)
        message = error.get()
        if message:
            noted = message.replace(" (`check` failed)", "").strip()
            raise NotFiniteError(
                f"not finite: {noted} of its stage. What comes later in the step was not looked at"
            )
        return result

    return call
