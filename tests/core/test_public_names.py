"""Every public name of every package leads to what it names, whatever was imported before."""

import importlib
import pkgutil
import types

import pytest

import xferlab

pytestmark = pytest.mark.fast

PACKAGES = [
    "xferlab",
    *(each.name for each in pkgutil.walk_packages(xferlab.__path__, "xferlab.") if each.ispkg),
]
each_package = pytest.mark.parametrize("name", PACKAGES)


@each_package
def test_no_public_name_is_a_module_of_its_package(name):
    """An imported submodule takes its name in the package, before any lazy import."""
    package = importlib.import_module(name)
    modules = {each.name for each in pkgutil.iter_modules(package.__path__)}
    assert not modules & set(getattr(package, "__all__", ()))


@each_package
def test_every_public_name_is_there_and_no_module(name):
    package = importlib.import_module(name)
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{name}.{module.name}")
    for public in getattr(package, "__all__", ()):
        assert not isinstance(getattr(package, public), types.ModuleType), public
