"""A compiled function whose first call is alone."""

from __future__ import annotations

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
