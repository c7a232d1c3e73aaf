"""The whole suite runs on four fake CPU devices, with rank promotion forbidden."""

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

MOST_MAPS = 30_000
"""Linux lets a process map 65,530 pieces of memory, and every compiled program maps some."""


@pytest.fixture(autouse=True, scope="module")
def few_compiled_programs():
    """Drops compiled programs before a process has so many that the next cannot be loaded."""
    yield
    maps = Path("/proc/self/maps")
    if maps.exists() and maps.read_bytes().count(b"\n") > MOST_MAPS:
        jax.clear_caches()
