"""The tiny suite in the place of the real ones."""

import pytest

from tests.benchmark.tiny import build_tiny
from xferlab.benchmark.suites.quick import quick
from xferlab.core.names import NameTable


@pytest.fixture(autouse=True)
def no_compilation_cache(monkeypatch):
    """Keeps the tests from writing into the user's cache."""
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "")


@pytest.fixture
def tiny(monkeypatch):
    """Lets --suite name the tiny suite, and `quick` as it is."""
    suites = NameTable("suite", {"tiny": build_tiny, "quick": quick})
    monkeypatch.setattr("xferlab.cli.bench.SUITES", suites)
    monkeypatch.setattr("xferlab.cli.train.SUITES", suites)
