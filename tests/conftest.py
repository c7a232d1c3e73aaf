"""The whole suite runs on four fake CPU devices, with rank promotion forbidden."""

import itertools
import os
from pathlib import Path

os.environ["JAX_PLATFORMS"] = "cpu"
# Tests compile far more than they compute: unoptimised code is there sooner.
os.environ["XLA_FLAGS"] = (
    "--xla_force_host_platform_device_count=4 --xla_backend_optimization_level=0"
)

import jax
import pytest

jax.config.update("jax_numpy_rank_promotion", "raise")

TESTS = itertools.count(1)
MOST_MAPS, TOO_MANY_MAPS = 15_000, 45_000
"""Linux lets a process map 65,530 pieces of memory, and every compiled program maps some."""


def drop_programs_beyond(most):
    """Drops compiled programs where a process has so many that the next may not be loaded."""
    maps = Path("/proc/self/maps")
    if maps.exists() and maps.read_bytes().count(b"\n") > most:
        jax.clear_caches()


@pytest.fixture(autouse=True, scope="module")
def few_compiled_programs():
    """Begins every file of tests with room for its programs."""
    yield
    drop_programs_beyond(MOST_MAPS)


@pytest.fixture(autouse=True)
def not_too_many_programs():
    """Looks at every tenth test whether one file alone has too many."""
    yield
    if next(TESTS) % 10 == 0:
        drop_programs_beyond(TOO_MANY_MAPS)
