"""Packages that are imported where they are used: they are slow to load, or may be absent."""

from __future__ import annotations

import importlib
from types import ModuleType

from xferlab.core.errors import InputError


def require(module: str, package: str) -> ModuleType:
    """Imports a module by its dotted name.

    Args:
        module: for instance "sklearn.datasets".
        package: the name under which pip installs it, for the message.

    Raises:
        InputError: the module, or one that it needs, is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise InputError(
            f"{module} cannot be imported: no module named {error.name!r}. This kind of data "
            f"needs the package {package}; install it by: pip install {package}"
        ) from error
