"""What beside the spec decides a run's last bits, and what belongs into its record."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from typing import Any

from xferlab.version import VERSION

VERSIONS = ("xferlab", "jax", "jaxlib", "flax", "optax", "numpy", "scikit-learn")


def describe_environment(width: int, mesh: Any = None) -> dict[str, Any]:
    """Returns versions, device, number of cores and packing as plain JSON.

    Args:
        width: number of runs that train in one program.
        mesh: devices that they are spread over; None for one.
    """
    import jax

    devices = jax.devices()
    return {
        "versions": {name: _version(name) for name in VERSIONS},
        "python": platform.python_version(),
        "platform": devices[0].platform,
        "device": devices[0].device_kind,
        "devices": len(devices),
        "cores": os.cpu_count(),
        "runs_per_program": width,
        **({} if mesh is None else {"mesh": dict(mesh.shape)}),
    }


def describe_arithmetic() -> str:
    """Returns what JAX was asked to compute in beside float32 and the device's own products.

    '' for neither: the default of every number in a table.
    """
    import jax

    wide = ["float64"] if jax.dtypes.canonicalize_dtype(float) == "float64" else []
    options: Any = jax.config  # Its attributes are made at run time.
    precision = options.jax_default_matmul_precision
    return ", ".join([*wide, *([f"products {precision}"] if precision else [])])


def _version(package: str) -> str:
    if package == "xferlab":
        return VERSION
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
