"""How pure functions become compiled ones: over stacked runs, and once although threads call."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

import jax


class FirstAlone:
    """Lets the first call of a function finish before others begin.

    The first call compiles. Threads that call at the same time would each compile the same program.
    """

    def __init__(self, function: Callable[..., Any]):
        """Takes a jitted function."""
        self._function = function
        self._lock = threading.Lock()
        self._compiled = False

    def __call__(self, *args: Any) -> Any:
        """Calls the function."""
        if self._compiled:
            return self._function(*args)
        with self._lock:
            result = jax.block_until_ready(self._function(*args))
            self._compiled = True
            return result


def stack_runs(function: Any, in_axes: tuple[int | None, ...]) -> Any:
    """Maps over runs; an argument that is shared (None) may be a static Python value."""

    @functools.wraps(function)
    def mapped(*args: Any) -> Any:
        shared = {i: a for i, a in enumerate(args) if in_axes[i] is None}

        def one(*own: Any) -> Any:
            rest = iter(own)
            return function(*(shared[i] if i in shared else next(rest) for i in range(len(args))))

        return jax.vmap(one)(*(a for i, a in enumerate(args) if i not in shared))

    return mapped
