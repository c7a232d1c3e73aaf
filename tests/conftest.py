"""The whole suite runs on four fake CPU devices, with rank promotion forbidden."""

import os

os.environ["JAX_PLATFORMS"] = "cpu"
# Tests compile far more than they compute: unoptimised code is there sooner.
os.environ["XLA_FLAGS"] = (
    "--xla_force_host_platform_device_count=4 --xla_backend_optimization_level=0"
)

import jax

jax.config.update("jax_numpy_rank_promotion", "raise")
